"""What all parts of the benchmark share: how to run, and what a part gives."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.bench.portfolio import RULESET

LOOK_SECONDS: Final = 0.5


@dataclass(frozen=True, kw_only=True)
class Setting:
    """How to run: for how long, on which cores, with how many different requests."""

    rounds: int = 5
    seconds: float = 2.0
    warm_up: float = 0.5
    requests: int = 1500
    peer_requests: int = 300
    """Different requests to peers, which remember nothing; making them takes long."""
    rate: float = 50.0
    soak_seconds: float = 60.0
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
    series: Mapping[str, Any] = field(default_factory=dict)
    failed: bool = False


def split_cores(servers: int = 1) -> tuple[frozenset[int], frozenset[int]]:
    """Returns the cores of the servers, the least busy ones now, and those of generators.

    None, for any, where there are too few to part.
    """
    if not hasattr(os, "sched_getaffinity") or len(cores := os.sched_getaffinity(0)) < servers + 2:
        return frozenset(), frozenset()
    before = _busy_ticks()
    time.sleep(LOOK_SECONDS)
    after = _busy_ticks()
    quiet = sorted(cores, key=lambda core: (after[core] - before[core], -core))[:servers]
    return frozenset(quiet), frozenset(cores.difference(quiet))


def _busy_ticks() -> dict[int, int]:
    """Returns how long each core has been busy."""
    found = {}
    for line in Path("/proc/stat").read_text(encoding="ascii").splitlines():
        if line.startswith("cpu") and line[3].isdecimal():
            name, *ticks = line.split()
            user, nice, system, _idle, _waiting, *rest = map(int, ticks)
            found[int(name[3:])] = user + nice + system + sum(rest[:3])
    return found
