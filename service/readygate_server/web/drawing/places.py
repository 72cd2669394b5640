"""Where the items of layers stand: in their order, without overlap, and as near to their neighbours as that leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Final

from readygate_server.web.drawing.layers import Layered, Node

_ROUNDS: Final = 6


def spread(wanted: Sequence[float], gaps: Sequence[float]) -> list[float]:
    """Returns places that keep the order and at least the gaps, and miss the wanted ones by the least squares.

    Neighbours that want to be closer than their gap are pooled and stand together at the mean of what they want.
    """
    offsets = [0.0]
    for gap in gaps:
        offsets.append(offsets[-1] + gap)
    blocks: list[tuple[float, int]] = []
    for want, offset in zip(wanted, offsets, strict=True):
        total, count = want - offset, 1
        while blocks and blocks[-1][0] / blocks[-1][1] >= total / count:
            before, many = blocks.pop()
            total, count = total + before, count + many
        blocks.append((total, count))
    bases = [total / count for total, count in blocks for _ in range(count)]
    return [base + offset for base, offset in zip(bases, offsets, strict=True)]


def centres(drawn: Layered, height: Callable[[Node], float], gap: float) -> dict[str, float]:
    """Returns the middle of each item and waypoint from the top, the highest touching it."""
    near = _neighbours(drawn)
    middle: dict[str, float] = {}
    for nodes in drawn.layers:
        at = 0.0
        for node in nodes:
            middle[node.id] = at + height(node) / 2
            at += height(node) + gap
    order = range(len(drawn.layers))
    for turn in range(_ROUNDS):
        for place in order if turn % 2 == 0 else reversed(order):
            _settle(drawn.layers[place], near, middle, height, gap)
    top = min((middle[node.id] - height(node) / 2 for nodes in drawn.layers for node in nodes), default=0.0)
    return {name: value - top for name, value in middle.items()}


def _settle(
    nodes: Sequence[Node],
    near: Mapping[str, Sequence[str]],
    middle: dict[str, float],
    height: Callable[[Node], float],
    gap: float,
) -> None:
    if not nodes:
        return
    wanted = [_mean([middle[each] for each in near.get(node.id, ())], middle[node.id]) for node in nodes]
    gaps = [(height(a) + height(b)) / 2 + gap for a, b in pairwise(nodes)]
    for node, place in zip(nodes, spread(wanted, gaps), strict=True):
        middle[node.id] = place


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _neighbours(drawn: Layered) -> dict[str, list[str]]:
    near: dict[str, list[str]] = {}
    for arrow in drawn.arrows:
        for start, end in pairwise(arrow.path):
            near.setdefault(start, []).append(end)
            near.setdefault(end, []).append(start)
    return near
