"""The plan as a timeline: wave by wave, each item with a bar for the best case above one for the worst."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from math import ceil
from typing import Final, NamedTuple

from readygate.v1 import decision_pb2 as pb
from readygate_server.adapters.words import counted
from readygate_server.web.drawing.boxes import CRITICAL
from readygate_server.web.drawing.lettering import BOLD, cut, cut_within, width_of
from readygate_server.web.drawing.schedule import Span, Times, range_text, schedule
from readygate_server.web.drawing.svg import PORTRAIT, Drawing, drawing, element, heading, text, title

_LABELS: Final = 250.0
_ENDS: Final = 82.0
_CHART: Final = PORTRAIT - _LABELS - _ENDS
_ROW: Final = 38.0
_HEADING: Final = 28.0
_AXIS: Final = 40.0
_KEY: Final = 46.0
_BAR: Final = 10.0
_STROKES: Final = 4.0
_TALL: Final = 880.0
_STEPS: Final = (1, 2, 4, 8, 13, 26, 52, 104, 260, 520)
_MOST_STEPS: Final = 9


class _Scale(NamedTuple):
    """Weeks to pixels, the same on every sheet."""

    weeks: float
    step: int

    def x(self, week: float) -> float:
        return _LABELS + _CHART * week / self.weeks


class _Row(NamedTuple):
    """A line of the timeline: an item, or the heading of a wave when there is none."""

    wave: int
    item: pb.WorkItem | None
    is_first: bool = True

    @property
    def height(self) -> float:
        return _HEADING if self.item is None else _ROW


def timeline(plan: pb.Plan, *, key: str) -> tuple[Drawing, ...]:
    """Returns the sheets of the timeline, all on one scale; none when there is no work. `key` begins their ids."""
    if not plan.items:
        return ()
    times = schedule(plan.items)
    scale = _scale(max(each.if_false for each in times.values()))
    sheets = list(_sheets(_rows(plan.items)))
    critical = frozenset(plan.critical_by_elapsed.item_ids)
    return tuple(
        _drawn(rows, times, scale, critical, f"{key}-t{number}", f"{number} of {len(sheets)}")
        for number, rows in enumerate(sheets, 1)
    )


def _scale(weeks: float) -> _Scale:
    step = next((each for each in _STEPS if weeks / each <= _MOST_STEPS), ceil(weeks / _MOST_STEPS))
    return _Scale(max(1.0, step * ceil(weeks / step)), step)


def _rows(items: Sequence[pb.WorkItem]) -> Iterator[_Row]:
    for wave, group in groupby(sorted(items, key=lambda each: each.wave), key=lambda each: each.wave):
        yield _Row(wave, None)
        for item in group:
            yield _Row(wave, item)


def _sheets(rows: Iterable[_Row]) -> Iterator[list[_Row]]:
    """Yields the rows of each sheet; a wave that goes on has its heading again."""
    held: list[_Row] = []
    for row in rows:
        needed = row.height + (_ROW if row.item is None else 0.0)
        if held and sum(each.height for each in held) + needed > _TALL:
            yield held
            held = [] if row.item is None else [_Row(row.wave, None, is_first=False)]
        held.append(row)
    if held:
        yield held


def _drawn(
    rows: Sequence[_Row],
    times: Mapping[str, Times],
    scale: _Scale,
    critical: frozenset[str],
    key: str,
    number: str,
) -> Drawing:
    bottom = _AXIS + sum(row.height for row in rows)
    parts = list(_axis(scale, bottom))
    y = _AXIS
    for row in rows:
        if row.item is None:
            more = "" if row.is_first else ", continued"
            parts.append(heading(f"Wave {row.wave}{more}", 4, y + 19))
        else:
            drawn = _item(row.item, times[row.item.id], scale, y, is_critical=row.item.id in critical)
            parts.append(drawn)
        y += row.height
    parts.append(_legend(bottom + 16))
    count = sum(row.item is not None for row in rows)
    said = f"{counted(count, 'work item')} over {scale.weeks:.0f} weeks. The table of the work says the same in words."
    name = f"When the work takes place, in weeks from its start ({number})"
    return drawing(name, said, parts, key=key, width=PORTRAIT, height=bottom + _KEY)


def _solid(x: float, y: float, width: float) -> str:
    return _outlined(x, y, width, "rg-effort", fill="currentColor")


def _dashed(x: float, y: float, width: float) -> str:
    return _outlined(x, y, width, "rg-on-top", fill="none", stroke_dasharray="3 3")


def _hatched(x: float, y: float, width: float) -> str:
    """Returns a bar with strokes; a pattern would say less here, but prints into files seven times as large."""
    way, start = "", _STROKES - _BAR
    while start < width:
        low, high = max(start, 0.0), min(start + _BAR, width)
        way += f"M{x + low:.1f} {y + _BAR - (low - start):.1f}L{x + high:.1f} {y + _BAR - (high - start):.1f}"
        start += _STROKES
    strokes = element("path", d=way, class_="rg-wait", fill="none", stroke="currentColor", stroke_width=1.0)
    return _outlined(x, y, width, "rg-wait", fill="none") + strokes


def _outlined(x: float, y: float, width: float, of: str, /, **look: str) -> str:
    return element(
        "rect", x=x, y=y, width=width, height=_BAR, class_=of, stroke="currentColor", stroke_width=1.0, **look
    )


def _axis(scale: _Scale, bottom: float) -> Iterator[str]:
    yield text("weeks", 4, 30, of="rg-legend", size=11)
    yield text("ends in week", PORTRAIT - 4, 14, of="rg-legend", size=11, text_anchor="end")
    week = 0
    while week <= scale.weeks:
        x = scale.x(week)
        yield element(
            "line", x1=x, y1=_AXIS - 4, x2=x, y2=bottom, stroke="currentColor", stroke_opacity="0.3", class_="rg-grid"
        )
        yield text(str(week), x, 30, of="rg-legend", size=11, text_anchor="middle")
        week += scale.step


def _item(item: pb.WorkItem, times: Times, scale: _Scale, y: float, *, is_critical: bool) -> str:
    head = f"{CRITICAL} {item.id}" if is_critical else item.id
    room = _LABELS - 16
    ends = range_text(times.best.end, times.worst.end)
    parts = [
        title(f"{item.id}: {item.title}. {item.owner_role}. Ends in week {ends}"),
        text(cut_within(head, room, BOLD), 4, y + 15, of="rg-id", size=12, font_weight="600" if is_critical else "400"),
        text(cut(item.owner_role, room, 11), 4, y + 30, of="rg-takes", size=11),
        _bar(times.best, scale, y + 6),
        _bar(times.worst, scale, y + 20),
        _on_top(times, scale, y + 20),
        text(ends, PORTRAIT - 4, y + 22, of="rg-takes", size=12, text_anchor="end"),
    ]
    return element("g", "".join(parts), class_="rg-row rg-critical" if is_critical else "rg-row")


def _bar(span: Span, scale: _Scale, y: float) -> str:
    start, worked, end = map(scale.x, span)
    if span.start == span.end:
        return element("circle", cx=start, cy=y + _BAR / 2, r=3.0, class_="rg-effort")
    parts = ""
    if worked > start:
        parts += _solid(start, y, worked - start)
    if end > worked:
        parts += _hatched(worked, y, end - worked)
    return parts


def _on_top(times: Times, scale: _Scale, y: float) -> str:
    start, end = scale.x(times.worst.end), scale.x(times.if_false)
    return _dashed(start, y, end - start) if end > start else ""


def _legend(y: float) -> str:
    samples: list[tuple[Callable[[float, float, float], str], str]] = [
        (_solid, "work by one person"),
        (_hatched, "waiting"),
        (_dashed, "on top, if what is measured fails"),
    ]
    parts, x = [], 4.0
    for draw, words in samples:
        parts += [draw(x, y, 26.0), text(words, x + 32, y + 9, of="rg-legend", size=11)]
        x += 32 + width_of(words, 11) + 14
    said = f"Upper bar: at best; lower bar: at worst. {CRITICAL} longest chain by time"
    parts.append(text(said, 4, y + 27, of="rg-legend", size=11))
    return element("g", "".join(parts), class_="rg-key")
