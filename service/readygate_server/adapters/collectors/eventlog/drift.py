"""Whether the way that work flows has moved: the first quarter of cases against the last, beside chance."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from readygate_server.adapters.collectors.eventlog.traces import Traces

SEED: Final = 20_260_101
SPLITS: Final = 20
FEWEST: Final = 40
"""Cases below which quarters are too small to tell anything."""
MOST: Final = 100_000
"""Cases above which every k-th is looked at, in the order of their start."""


class Drift(NamedTuple):
    """How far apart two quarters are, and how far apart chance puts two of the same size."""

    distance: float
    """Jensen-Shannon distance to base 2 of what follows what: 0 for the same, 1 for nothing in common."""
    by_chance: float
    """The median of random splits of the same cases."""
    at_most_by_chance: float
    """The largest of them."""

    @property
    def moved(self) -> bool:
        """True when no random split is as far apart."""
        return self.distance > self.at_most_by_chance


def drift_of(traces: Traces) -> Drift | None:
    """Returns how far the first quarter of cases is from the last; None when there are too few cases to say."""
    step = -(-len(traces.all) // MOST)
    variants = [trace.variant for trace in traces.all[::step]] if step else []
    if len(variants) < FEWEST:
        return None
    steps = [Counter(pairwise(shape)) for shape in traces.shapes]
    quarter = len(variants) // 4
    distance = _apart(variants[:quarter], variants[-quarter:], steps)
    chance = random.Random(SEED)  # noqa: S311 - not a secret; the seed is fixed so that the same log says the same
    split = list(variants)
    by_chance = []
    for _ in range(SPLITS):
        chance.shuffle(split)
        by_chance.append(_apart(split[:quarter], split[-quarter:], steps))
    by_chance.sort()
    return Drift(distance, by_chance[len(by_chance) // 2], by_chance[-1])


_Steps = Counter[tuple[int, int]]


def _apart(first: Sequence[int], last: Sequence[int], steps: Sequence[_Steps]) -> float:
    a, b = _followed(first, steps), _followed(last, steps)
    of_a, of_b = a.total() or 1, b.total() or 1
    divergence = []
    for key in a.keys() | b.keys():
        p, q = a[key] / of_a, b[key] / of_b
        divergence += [share * math.log2(2 * share / (p + q)) for share in (p, q) if share]
    return math.sqrt(max(0.0, math.fsum(divergence) / 2))


def _followed(variants: Sequence[int], steps: Sequence[_Steps]) -> _Steps:
    found: dict[tuple[int, int], int] = {}
    for variant, cases in Counter(variants).items():
        for pair, times in steps[variant].items():
            found[pair] = found.get(pair, 0) + times * cases
    return Counter(found)
