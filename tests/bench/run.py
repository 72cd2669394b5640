"""What all parts of the benchmark share: how to run, and what a part gives."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.bench.portfolio import RULESET


@dataclass(frozen=True, kw_only=True)
class Setting:
    """How to run: for how long, on which cores, with how many different requests."""

    rounds: int = 5
    seconds: float = 2.0
    warm_up: float = 0.5
    requests: int = 1500
    rate: float = 100.0
    ruleset: str = RULESET
    quick: bool = False
    server_cores: frozenset[int] = frozenset()
    generator_cores: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Part:
    """What a part gave: lanes under load, and tables of anything else."""

    name: str
    title: str
    notes: Sequence[str] = ()
    lanes: Sequence[Mapping[str, Any]] = ()
    tables: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)


def split_cores() -> tuple[frozenset[int], frozenset[int]]:
    """Returns the core of the servers and those of generators; none, for any, where there are too few to part."""
    if not hasattr(os, "sched_getaffinity") or len(cores := os.sched_getaffinity(0)) < 3:
        return frozenset(), frozenset()
    return frozenset({max(cores)}), frozenset(cores - {max(cores)})
