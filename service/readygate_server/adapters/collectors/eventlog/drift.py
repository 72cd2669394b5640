"""Whether the way that work flows has moved: the first quarter of cases against the last, beside chance."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterable
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
    steps = _Steps(traces.shapes)
    quarter = len(variants) // 4
    distance = steps.apart(variants[:quarter], variants[-quarter:])
    chance = random.Random(SEED)  # noqa: S311 - not a secret; the seed is fixed so that the same log says the same
    by_chance = []
    for _ in range(SPLITS):
        places = [chance.random() for _ in variants]
        split = sorted(range(len(variants)), key=places.__getitem__)
        first, last = ([variants[place] for place in part] for part in (split[:quarter], split[-quarter:]))
        by_chance.append(steps.apart(first, last))
    by_chance.sort()
    return Drift(distance, by_chance[len(by_chance) // 2], by_chance[-1])


class _Steps:
    """What follows what in each variant, with pairs of activities as numbers."""

    def __init__(self, shapes: Iterable[tuple[int, ...]]) -> None:
        numbers: dict[tuple[int, int], int] = {}
        self._of = [[numbers.setdefault(pair, len(numbers)) for pair in pairwise(shape)] for shape in shapes]
        self._pairs = len(numbers)

    def apart(self, first: Iterable[int], last: Iterable[int]) -> float:
        """Returns the distance of two sets of cases, which are given by their variants."""
        a, b = self._followed(first), self._followed(last)
        of_a, of_b = sum(a) or 1, sum(b) or 1
        divergence = []
        for left, right in zip(a, b, strict=True):
            p, q = left / of_a, right / of_b
            divergence += [share * math.log2(2 * share / (p + q)) for share in (p, q) if share]
        return math.sqrt(max(0.0, math.fsum(divergence) / 2))

    def _followed(self, variants: Iterable[int]) -> list[int]:
        found = [0] * self._pairs
        for variant, cases in Counter(variants).items():
            for pair in self._of[variant]:
                found[pair] += cases
        return found
