"""Finds demands that ease as the tier rises. Tiering relies on there being none: an unknown axis gives a floor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from readygate_server.domain.facts import FactValue
from readygate_server.domain.ruleset_diff import ChangeKind, compare_thresholds
from readygate_server.domain.vocabulary import Severity, Tier

Step = tuple[Tier, Tier]
"""A tier, and the next higher one that is named."""


def easing_severities(levels: Mapping[Tier, Severity]) -> Iterator[Step]:
    """Yields the steps at which a severity falls."""
    yield from ((lower, higher) for lower, higher in pairwise(sorted(levels)) if levels[higher] < levels[lower])


def easing_thresholds(comparator: str, limits: Mapping[Tier, FactValue]) -> Iterator[Step]:
    """Yields the steps at which a threshold gets easier to meet."""
    for lower, higher in pairwise(sorted(limits)):
        if compare_thresholds(comparator, limits[lower], limits[higher]) is ChangeKind.LOOSENED:
            yield lower, higher
