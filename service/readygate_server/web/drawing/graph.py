"""The plan as a graph: what comes before what, wave by wave from left to right.

Groups of items that no arrow joins are laid out apart, and put on sheets that can be printed; items that wait for
nothing, and that nothing waits for, stand on sheets of their own. So a plan of 200 items can still be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from readygate.v1 import decision_pb2 as pb
from readygate_server.adapters.words import counted
from readygate_server.web.drawing.boxes import HEIGHT, LEGEND_HEIGHT, WIDTH, arrow_path, box, legend
from readygate_server.web.drawing.layers import Arrow, Layered, Node, components, layered
from readygate_server.web.drawing.places import centres
from readygate_server.web.drawing.svg import LANDSCAPE, PORTRAIT, Drawing, drawing, heading

_MARGIN: Final = 4.0
_ACROSS: Final = 74.0
"""Between two columns, where arrows run."""
_DOWN: Final = 14.0
_WAYPOINT: Final = 14.0
_APART: Final = 26.0
"""Between two groups on one sheet."""
_HEADING: Final = 30.0
_TALL: Final = 900.0
_TALL_ON_LANDSCAPE: Final = 600.0
_COLUMNS: Final = 3


class _Group(NamedTuple):
    """Items that arrows join, laid out: the upper left corners of boxes, and the ways of arrows."""

    columns: int
    height: float
    boxes: tuple[tuple[pb.WorkItem, float, float], ...]
    arrows: tuple[tuple[Arrow, tuple[tuple[float, float], ...]], ...]


def graph(plan: pb.Plan, *, key: str) -> tuple[Drawing, ...]:
    """Returns the sheets of the graph; none when there is no work. `key` begins the ids in them."""
    groups = components(plan.items)
    joined = [_laid_out(group) for group in groups if len(group) > 1]
    alone = [group[0] for group in groups if len(group) == 1]
    chain = list(pairwise(plan.critical_by_elapsed.item_ids))
    critical = frozenset(plan.critical_by_elapsed.item_ids)
    sheets = [*_sheets(joined), *_grids(alone)]
    return tuple(
        _drawn(sheet, critical, frozenset(chain), f"{key}-g{number}", f"{number} of {len(sheets)}")
        for number, sheet in enumerate(sheets, 1)
    )


class _Sheet(NamedTuple):
    """What stands on one sheet, each group at a height."""

    columns: int
    height: float
    groups: tuple[tuple[_Group, float], ...]
    in_waves: bool

    @property
    def width(self) -> float:
        across = _ACROSS if self.in_waves else _DOWN
        return 2 * _MARGIN + self.columns * WIDTH + (self.columns - 1) * across


def _laid_out(items: Sequence[pb.WorkItem]) -> _Group:
    found = layered(items)
    middle = centres(found, _height, _DOWN)
    boxes = tuple(
        (node.item, _column(node.layer), middle[node.id] - HEIGHT / 2)
        for nodes in found.layers
        for node in nodes
        if node.item is not None
    )
    bottom = max((middle[node.id] + _height(node) / 2 for nodes in found.layers for node in nodes), default=0.0)
    return _Group(len(found.layers), bottom, boxes, tuple(_ways(found, middle)))


def _height(node: Node) -> float:
    return _WAYPOINT if node.item is None else HEIGHT


def _column(layer: int) -> float:
    return _MARGIN + layer * (WIDTH + _ACROSS)


def _ways(found: Layered, middle: dict[str, float]) -> Iterator[tuple[Arrow, tuple[tuple[float, float], ...]]]:
    """Yields each arrow with where it leaves and enters every column that it touches."""
    layer = {node.id: node.layer for nodes in found.layers for node in nodes}
    for arrow in found.arrows:
        points: list[tuple[float, float]] = []
        for name in arrow.path:
            left = _column(layer[name])
            points += [(left, middle[name]), (left + WIDTH, middle[name])]
        yield arrow, tuple(points[1:-1])


def _sheets(groups: Iterable[_Group]) -> Iterator[_Sheet]:
    """Yields sheets with as many groups as can be read on one; a group that is larger has one of its own."""
    held: list[tuple[_Group, float]] = []
    columns, height = 0, 0.0
    for group in groups:
        wider = max(columns, group.columns)
        if held and height + _APART + group.height > _room(wider):
            yield _Sheet(columns, height, tuple(held), in_waves=True)
            held, wider, height = [], group.columns, 0.0
        top = height + _APART if held else 0.0
        held.append((group, top))
        columns, height = wider, top + group.height
    if held:
        yield _Sheet(columns, height, tuple(held), in_waves=True)


def _room(columns: int) -> float:
    """Returns how tall a sheet of so many columns may be, so that it is printed as large as its width allows."""
    width = 2 * _MARGIN + columns * WIDTH + (columns - 1) * _ACROSS
    return _TALL if width <= PORTRAIT else _TALL_ON_LANDSCAPE * max(1.0, width / LANDSCAPE)


def _grids(items: Sequence[pb.WorkItem]) -> Iterator[_Sheet]:
    """Yields sheets of items that stand alone, row by row."""
    rows = int((_TALL + _DOWN) // (HEIGHT + _DOWN))
    for start in range(0, len(items), rows * _COLUMNS):
        shown = items[start : start + rows * _COLUMNS]
        boxes = tuple(
            (item, _MARGIN + n % _COLUMNS * (WIDTH + _DOWN), n // _COLUMNS * (HEIGHT + _DOWN))
            for n, item in enumerate(shown)
        )
        height = boxes[-1][2] + HEIGHT
        columns = min(len(shown), _COLUMNS)
        yield _Sheet(columns, height, ((_Group(columns, height, boxes, ()), 0.0),), in_waves=False)


def _drawn(
    sheet: _Sheet, critical: frozenset[str], chain: frozenset[tuple[str, str]], key: str, number: str
) -> Drawing:
    count = sum(len(group.boxes) for group, _ in sheet.groups)
    width, bottom = max(sheet.width, _LEGEND_WIDTH), _HEADING + sheet.height
    parts = list(_headings(sheet))
    for group, top in sheet.groups:
        down = _HEADING + top
        # Arrows first, so that no arrow is drawn over the words of a box.
        parts += [_arrow(ends, down, is_critical=arrow.ends in chain) for arrow, ends in group.arrows]
        parts += [box(item, x, down + y, is_critical=item.id in critical) for item, x, y in group.boxes]
    parts.append(legend(_MARGIN, bottom + 14))
    what = "What comes before what" if sheet.in_waves else "Work that waits for nothing, and that nothing waits for"
    said = f"{counted(count, 'work item')}{_waves(sheet)}. The table of the work says the same in words."
    height = bottom + 14 + LEGEND_HEIGHT
    return drawing(f"{what} ({number})", said, parts, key=key, width=width, height=height)


_LEGEND_WIDTH: Final = 620.0


def _waves(sheet: _Sheet) -> str:
    arrows = sum(len(group.arrows) for group, _ in sheet.groups)
    return f" in {counted(sheet.columns, 'wave')}, joined by {counted(arrows, 'arrow')}" if sheet.in_waves else ""


def _headings(sheet: _Sheet) -> Iterator[str]:
    if not sheet.in_waves:
        yield heading("Wave 1, on their own: they wait for nothing, and nothing waits for them", _MARGIN, 16)
        return
    for column in range(sheet.columns):
        yield heading(f"Wave {column + 1}", _column(column), 16)


def _arrow(points: Sequence[tuple[float, float]], down: float, *, is_critical: bool) -> str:
    """Returns an arrow: curves between columns, straight lines through them."""
    tip = points[-1]
    ends = [*points[:-1], (tip[0] - 8, tip[1])]
    way = f"M{ends[0][0]:.1f} {ends[0][1] + down:.1f}"
    for place, ((x, y), (to_x, to_y)) in enumerate(pairwise(ends)):
        if place % 2:
            way += f"H{to_x:.1f}"
        else:
            middle = (x + to_x) / 2
            way += f"C{middle:.1f} {y + down:.1f} {middle:.1f} {to_y + down:.1f} {to_x:.1f} {to_y + down:.1f}"
    return arrow_path(way, tip[0] - 2, tip[1] + down, is_critical=is_critical)
