"""Items in layers by wave, in an order with few crossings: the method of Sugiyama, Tagawa and Toda (1981).

An arrow that skips layers gets a waypoint in each that it passes, so that it has room there as a box has. Within a
layer items move to the mean place of their neighbours, from left to right and back, and the order with the fewest
crossings is kept. Everything starts from the order of the items in the plan, so that the same plan gives the same
drawing.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from readygate.v1 import decision_pb2 as pb

_SWEEPS: Final = 12


class Node(NamedTuple):
    """A place in a layer: an item, or a waypoint of an arrow when it has no item."""

    id: str
    layer: int
    item: pb.WorkItem | None = None


class Arrow(NamedTuple):
    """An arrow from a prerequisite to what depends on it, through its waypoints."""

    path: tuple[str, ...]

    @property
    def ends(self) -> tuple[str, str]:
        """The two items."""
        return self.path[0], self.path[-1]


class Layered(NamedTuple):
    """Layers from left to right, each from top to bottom."""

    layers: tuple[tuple[Node, ...], ...]
    arrows: tuple[Arrow, ...]


def components(items: Sequence[pb.WorkItem]) -> list[list[pb.WorkItem]]:
    """Returns items in groups that no arrow joins, each in the order of the plan."""
    by_id = {each.id: each for each in items}
    root = {each.id: each.id for each in items}

    def find(name: str) -> str:
        while root[name] != name:
            root[name] = root[root[name]]
            name = root[name]
        return name

    for item in items:
        for before in item.after:
            if before in by_id:
                root[find(item.id)] = find(before)
    groups: dict[str, list[pb.WorkItem]] = {}
    for item in items:
        groups.setdefault(find(item.id), []).append(item)
    return list(groups.values())


def layered(items: Sequence[pb.WorkItem]) -> Layered:
    """Returns items in layers, ordered so that few arrows cross."""
    layer = _layer_of(items)
    nodes = {each.id: Node(each.id, layer[each.id], each) for each in items}
    arrows = [
        _arrow(before, item.id, layer, nodes)
        for item in items
        for before in dict.fromkeys(item.after)
        if before in layer and layer[before] < layer[item.id]
    ]
    order: list[list[str]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for node in nodes.values():
        order[node.layer].append(node.id)
    best = _ordered(order, arrows)
    return Layered(tuple(tuple(nodes[name] for name in names) for names in best), tuple(arrows))


def _layer_of(items: Sequence[pb.WorkItem]) -> dict[str, int]:
    """Returns the layer of each item: its wave, or later where that would not be right of all that comes before it."""
    layer: dict[str, int] = {}
    for item in sorted(items, key=lambda each: each.wave):
        after = [layer[each] + 1 for each in item.after if each in layer]
        layer[item.id] = max([item.wave - 1, 0, *after])
    return layer


def _arrow(start: str, end: str, layer: Mapping[str, int], nodes: dict[str, Node]) -> Arrow:
    way = [f"{start}\n{end}\n{between}" for between in range(layer[start] + 1, layer[end])]
    nodes.update((name, Node(name, layer[start] + place)) for place, name in enumerate(way, 1))
    return Arrow((start, *way, end))


def _ordered(order: list[list[str]], arrows: Sequence[Arrow]) -> list[list[str]]:
    left: dict[str, list[str]] = {}
    right: dict[str, list[str]] = {}
    for arrow in arrows:
        for start, end in pairwise(arrow.path):
            right.setdefault(start, []).append(end)
            left.setdefault(end, []).append(start)
    best, fewest = order, _crossings(order, right)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        forward = sweep % 2 == 0
        order = _swept(order, left if forward else right, forward=forward)
        if (found := _crossings(order, right)) < fewest:
            best, fewest = order, found
    return best


def _swept(order: list[list[str]], neighbours: Mapping[str, list[str]], *, forward: bool) -> list[list[str]]:
    """Moves the items of each layer to the mean place of their neighbours in the layer before it."""
    swept = [list(names) for names in order]
    places = range(1, len(swept)) if forward else range(len(swept) - 2, -1, -1)
    for place in places:
        rank = {name: index for index, name in enumerate(swept[place - 1 if forward else place + 1])}
        own = {name: index for index, name in enumerate(swept[place])}

        def mean(name: str, rank: Mapping[str, int] = rank, own: Mapping[str, int] = own) -> float:
            near = [rank[each] for each in neighbours.get(name, ())]
            return sum(near) / len(near) if near else float(own[name])

        swept[place].sort(key=mean)
    return swept


def _crossings(order: Sequence[Sequence[str]], right: Mapping[str, list[str]]) -> int:
    """Counts how often arrows between neighbouring layers cross."""
    count = 0
    for names, following in pairwise(order):
        rank = {name: index for index, name in enumerate(following)}
        seen: list[int] = []
        for name in names:
            ends = sorted(rank[each] for each in right.get(name, ()))
            count += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return count
