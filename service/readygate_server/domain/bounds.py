"""Bounds of proportions that were seen in a sample."""

from __future__ import annotations

import math

_Z_ONE_SIDED_95 = 1.6448536269514722
"""95th percentile of the standard normal distribution."""


def wilson_bound(successes: float, trials: int, *, upper: bool) -> float:
    """Returns the one-sided 95 % Wilson score bound of a proportion, 0..1."""
    share = successes / trials
    z2 = _Z_ONE_SIDED_95**2
    centre = share + z2 / (2 * trials)
    margin = _Z_ONE_SIDED_95 * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials * trials))
    bound = (centre + margin if upper else centre - margin) / (1 + z2 / trials)
    return min(1.0, max(0.0, bound))


def upper_rate(failures: int, trials: int) -> float:
    """Returns the one-sided 95 % upper bound of a failure rate: exact when none was seen, Wilson's otherwise."""
    return 1 - 0.05 ** (1 / trials) if failures == 0 else wilson_bound(failures, trials, upper=True)
