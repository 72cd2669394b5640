"""Lanes: loads on servers that take turns in one run, so that whatever else the machine does meets all of them."""

from __future__ import annotations

import os
import statistics
import sys
import time
from array import array
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Final

from tests.bench.contenders import Server
from tests.bench.generator import Calls, Generator, Seen
from tests.bench.load import Closed, Open
from tests.bench.processes import NoCallsError

LEAST_CALLS: Final = 10
TRIES: Final = 4
SHARES: Final = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999}


@dataclass(frozen=True)
class Lane:
    """A load on a server, and what its rounds gave. Its rates are compared with those of the lane `beside` it."""

    name: str
    server: Server
    calls: Calls
    pace: Closed | Open
    items: int = 1
    """Proposals in each request."""
    kind: str = ""
    """Which proposals: `new`, `shared` or `again`."""
    beside: str = ""
    rounds: list[Seen] = field(default_factory=list)

    @property
    def load(self) -> str:
        """Returns the load in words."""
        if isinstance(self.pace, Closed):
            return f"{self.pace.outstanding} outstanding"
        return f"{self.pace.rate:g} per second, open loop"

    @property
    def rates(self) -> list[float]:
        """Returns proposals per second, of each round."""
        return [len(seen.times) * self.items / seen.seconds for seen in self.rounds]

    def latencies(self) -> list[int]:
        """Returns the time of every call of all rounds, in µs, sorted."""
        return sorted(each for seen in self.rounds for each in seen.times)


def run_rounds(lanes: Sequence[Lane], generator: Generator, *, rounds: int, seconds: float, warm_up: float) -> None:
    """Runs all lanes in turn, again and again, every other time in the opposite order.

    A load counts once all calls that were sent at its start may have been answered, and for the time of ten calls at
    least.
    """
    alone = [time_alone(lane.calls, generator) for lane in lanes]
    for number in range(rounds):
        turns = list(zip(lanes, alone, strict=True))
        for lane, once in turns if number % 2 == 0 else reversed(turns):
            lane.rounds.append(_driven(lane, generator, once=once, warm_up=warm_up, seconds=seconds))
        load = os.getloadavg()[0]
        print(f"  round {number + 1} of {rounds}, load {load:.1f}", file=sys.stderr, flush=True)


def _driven(lane: Lane, generator: Generator, *, once: float, warm_up: float, seconds: float) -> Seen:
    """Runs a lane once; for longer when the machine was so busy that no call ended in time."""
    waiting = lane.pace.outstanding * once if isinstance(lane.pace, Closed) else 0.0
    warm_up, seconds = max(warm_up, waiting), max(seconds, LEAST_CALLS * once)
    for factor in range(1, TRIES):
        with suppress(NoCallsError):
            return generator.drive(
                lane.calls, lane.pace, warm_up=warm_up * factor, seconds=seconds * factor, pids=lane.server.pids
            )
    warm_up, seconds = warm_up * TRIES, seconds * TRIES
    return generator.drive(lane.calls, lane.pace, warm_up=warm_up, seconds=seconds, pids=lane.server.pids)


def time_alone(calls: Calls, generator: Generator) -> float:
    """Returns the seconds that a call takes which is the only one, about: with what starting to call takes."""
    few = replace(calls, requests=calls.requests[:20])
    start = time.monotonic()
    generator.ask(few)
    return (time.monotonic() - start) / len(few.requests)


def figures(lanes: Sequence[Lane]) -> list[dict[str, Any]]:
    """Returns the figures of all lanes, as they go into the raw numbers."""
    return [_figures(lane, lanes) for lane in lanes]


def _figures(lane: Lane, lanes: Sequence[Lane]) -> dict[str, Any]:
    latencies = lane.latencies()
    found: dict[str, Any] = {
        "name": lane.name,
        "server": lane.server.name,
        "load": lane.load,
        "proposals": lane.kind,
        "items": lane.items,
        "request_bytes": round(statistics.mean(map(len, lane.calls.requests))),
        "reply_bytes": [lane.rounds[0].least_reply, lane.rounds[0].greatest_reply],
        "calls": len(latencies),
        "per_second": lane.rates,
        "ms": {name: at(latencies, share) / 1000 for name, share in SHARES.items()} | {"max": latencies[-1] / 1000},
        "ms_of_rounds": [
            {name: at(sorted(seen.times), share) / 1000 for name, share in SHARES.items()} for seen in lane.rounds
        ],
        "server_cores": [seen.server_busy for seen in lane.rounds],
        "generator_cores": [seen.busy for seen in lane.rounds],
        "sent_late_ms": [seen.lateness * 1000 for seen in lane.rounds],
        "failed": sum(seen.failed for seen in lane.rounds),
        "stalls": stalls(lane.rounds),
        "histogram": histogram(latencies),
    }
    if lane.beside:
        other = next(each for each in lanes if each.name == lane.beside and each.load == lane.load)
        found["beside"] = lane.beside
        if isinstance(lane.pace, Closed):  # at a fixed rate all are answered at that rate
            found["ratio"] = [ours / theirs for ours, theirs in zip(lane.rates, other.rates, strict=True)]
        found["ratio_per_core"] = [
            ours * seen_there.server_busy / (theirs * seen.server_busy)
            for ours, theirs, seen, seen_there in zip(lane.rates, other.rates, lane.rounds, other.rounds, strict=True)
            if seen.server_busy and seen_there.server_busy
        ]
    return found


def at(ordered: Sequence[int], share: float) -> float:
    """Returns the value below which this share of sorted values lies."""
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def stalls(rounds: Sequence[Seen]) -> dict[str, Any]:
    """Returns, over windows of 1 s: the greatest p99 and the fewest calls, and the longest time without any call.

    Loads shorter than a second have no such window.
    """
    worst: float | None = None
    fewest, gap = None, 0
    for seen in rounds:
        windows: dict[int, list[int]] = {number: [] for number in range(int(seen.seconds))}
        for moment, took in zip(seen.moments, seen.times, strict=True):
            windows.get(moment // 1_000_000, []).append(took)
        for window in windows.values():
            if window:
                worst = max(worst or 0.0, at(sorted(window), 0.99) / 1000)
            fewest = len(window) if fewest is None else min(fewest, len(window))
        gap = max(gap, _longest_gap(seen.moments, seen.seconds))
    return {"worst_window_p99_ms": worst, "fewest_calls_in_a_window": fewest, "longest_gap_ms": gap / 1000}


def _longest_gap(moments: array[int], seconds: float) -> int:
    ordered = [0, *sorted(moments), round(seconds * 1e6)]
    return max(later - earlier for earlier, later in pairwise(ordered))


def histogram(latencies: Sequence[int]) -> dict[int, int]:
    """Returns how many calls took how long: by µs, rounded to two digits."""
    found: dict[int, int] = {}
    for each in latencies:
        key = int(float(f"{each:.1e}"))
        found[key] = found.get(key, 0) + 1
    return found
