"""A work item as a box, and the key to what boxes and arrows mean.

Nothing is told by colour alone: infrastructure has square corners and a bar on its left, paperwork a folded corner, and
the longest chain a diamond and thick lines.
"""

from __future__ import annotations

import re
from typing import Final

from readygate.v1 import decision_pb2 as pb
from readygate_server.adapters.words import effort_text, weeks_text
from readygate_server.web.drawing.lettering import BOLD, cut, cut_within, width_of, wrapped
from readygate_server.web.drawing.svg import element, text, title

WIDTH: Final = 252.0
HEIGHT: Final = 84.0
_PAD: Final = 13.0
_FOLD: Final = 13.0
_BAR: Final = 5.0
CRITICAL: Final = "◆"
LEGEND_HEIGHT: Final = 26.0


def box(item: pb.WorkItem, x: float, y: float, *, is_critical: bool) -> str:
    """Returns the box of an item with its upper left corner at a place."""
    room = WIDTH - 2 * _PAD
    heads = _heads(f"{CRITICAL} {item.id}" if is_critical else item.id, room - _FOLD / 2)
    lines = wrapped(own_title(item), room, 12, 3 - len(heads))
    parts = [
        title(f"{item.id}: {item.title}. {_takes(item)}. {item.owner_role}"),
        _outline(x, y, is_critical=is_critical, infrastructure=item.infrastructure),
        *(text(line, x + _PAD, y + 19 + 16 * n, of="rg-id", font_weight="600") for n, line in enumerate(heads)),
        *(text(line, x + _PAD, y + 21 + 16 * n, of="rg-what") for n, line in enumerate(lines, len(heads))),
        text(cut(_takes(item), room, 11), x + _PAD, y + HEIGHT - 9, of="rg-takes", size=11),
    ]
    return element("g", "".join(parts), class_=" ".join(_classes(item.infrastructure, is_critical)))


def _heads(head: str, room: float) -> list[str]:
    """Returns the id in one line, or its asset in a second one when it is long."""
    if width_of(head, BOLD) <= room or "[" not in head:
        return [cut_within(head, room, BOLD)]
    rule, _, asset = head.partition("[")
    return [cut(rule, room, BOLD), cut_within(f"[{asset}", room, BOLD)]


def own_title(item: pb.WorkItem) -> str:
    """Returns the title; the id names the asset, so that a title that lists facts need not repeat it."""
    return re.sub(rf"\w+\[{re.escape(item.subject)}\]\.", "", item.title)


def _classes(infrastructure: bool, is_critical: bool) -> list[str]:
    kind = "rg-infrastructure" if infrastructure else "rg-paperwork"
    return ["rg-box", kind, "rg-critical"] if is_critical else ["rg-box", kind]


def _takes(item: pb.WorkItem) -> str:
    """Returns effort and waiting in short: `2-8 person-weeks, waits 2`."""
    first = "Measure first: " if item.kind == pb.WORK_KIND_MEASURE else ""
    waits = f", waits {weeks_text(item.wait)}" if item.wait.max_weeks else ""
    return f"{first}{effort_text(item.effort)} person-weeks{waits}"


def _outline(
    x: float, y: float, *, is_critical: bool, infrastructure: bool, width: float = WIDTH, height: float = HEIGHT
) -> str:
    stroke = 3.0 if is_critical else 1.2
    fold = min(_FOLD, height / 2)
    if infrastructure:
        frame = element(
            "rect", x=x, y=y, width=width, height=height, class_="rg-frame", fill="none", stroke="currentColor",
            stroke_width=stroke,
        )  # fmt: skip
        return frame + element("rect", x=x, y=y, width=_BAR, height=height, class_="rg-bar")
    right, bottom = x + width, y + height
    shape = f"M{x:.1f} {y:.1f}H{right - fold:.1f}L{right:.1f} {y + fold:.1f}V{bottom:.1f}H{x:.1f}Z"
    crease = f"M{right - fold:.1f} {y:.1f}V{y + fold:.1f}H{right:.1f}"
    line = {"fill": "none", "stroke": "currentColor"}
    return element("path", d=shape, class_="rg-frame", stroke_width=stroke, **line) + element(
        "path", d=crease, class_="rg-crease", stroke_width=1.2, **line
    )


def legend(x: float, y: float) -> str:
    """Returns the key to boxes and arrows, in one line."""
    parts, at = [], x
    for sample, words in _samples(y):
        parts.append(sample.replace("@", f"{at:.1f}"))
        parts.append(text(words, at + 34, y + 13, of="rg-legend", size=11))
        at += 34 + width_of(words, 11) + 12
    return element("g", "".join(parts), class_="rg-key")


def _samples(y: float) -> list[tuple[str, str]]:
    """Returns samples, each to be moved to its place, with what it means."""
    moved = {"transform": f"translate(@ {y:.1f})"}
    small = {"width": 26.0, "height": 16.0}
    built = element("g", _outline(0, 0, is_critical=False, infrastructure=True, **small), **moved)
    written = element("g", _outline(0, 0, is_critical=False, infrastructure=False, **small), **moved)
    critical = element("g", _outline(0, 0, is_critical=True, infrastructure=True, **small), **moved)
    arrow = element("g", arrow_path("M0 8H20", 26, 8, is_critical=False), **moved)
    return [
        (built, "infrastructure"),
        (written, "paperwork"),
        (critical, f"{CRITICAL} longest chain by time"),
        (arrow, "comes before"),
    ]


def arrow_path(way: str, x: float, y: float, *, is_critical: bool) -> str:
    """Returns a line that ends in an arrow head with its tip at a place."""
    size = 7.0 if is_critical else 5.5
    head = f"M{x:.1f} {y:.1f}l{-1.5 * size:.1f} {-size:.1f}v{2 * size:.1f}z"
    line = element(
        "path", d=way, fill="none", stroke="currentColor", stroke_width=3.0 if is_critical else 1.3, class_="rg-line"
    )
    kind = "rg-arrow rg-critical" if is_critical else "rg-arrow"
    return element("g", line + element("path", d=head, class_="rg-head"), class_=kind)
