"""Part `reload`: how long calls wait while a ruleset is read anew, of 68 and of 1,000 rules."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from readygate.v1 import gate_service_pb2 as pb
from tests.bench.contenders import Server, gate_server
from tests.bench.forms import unary
from tests.bench.generator import Generator, Seen
from tests.bench.lanes import at, time_alone
from tests.bench.load import Open
from tests.bench.many_rules import NAME, files_of
from tests.bench.part_calls import ASKED
from tests.bench.processes import PATIENCE_SECONDS, BenchError
from tests.bench.run import Part, Setting

RULES: Final = (68, 1_000)
BEFORE_SECONDS: Final = 4.0
AFTER_SECONDS: Final = 1.0
POLL_SECONDS: Final = 0.01
SHARE: Final = 0.3  # of what the server can answer, at most: beyond that the load alone makes calls wait


@dataclass(frozen=True)
class Reload:
    """Calls before a reload and during it, in µs, how long it took, and how many calls came in a second."""

    before: Sequence[int]
    during: Sequence[int]
    seconds: float
    rate: float


@contextmanager
def served(count: int, setting: Setting) -> Iterator[tuple[Server, Path]]:
    """Runs a server with a folder of so many rules, and yields both."""
    with tempfile.TemporaryDirectory() as folder:
        for path, text in files_of(count).items():
            file = Path(folder) / path
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        with gate_server(setting.server_cores, keeping=["--no-record", "--rules", folder]) as server:
            yield server, Path(folder)


def reload(folder: Path, count: int, version: str, log: Path) -> float:
    """Changes the ruleset and returns the seconds until the server says that it serves it."""
    new = folder / "new"
    new.write_text(files_of(count, version=version)[f"{NAME}.yaml"], encoding="utf-8")
    new.replace(folder / f"{NAME}.yaml")
    start = time.monotonic()
    while version not in log.read_text(encoding="utf-8"):
        if time.monotonic() - start > PATIENCE_SECONDS * 2:
            raise BenchError(f"the ruleset of {count} rules was not read anew")
        time.sleep(POLL_SECONDS)
    return time.monotonic() - start


def measured(seen: Seen, started: float, seconds: float, rate: float) -> Reload:
    """Returns what a load saw of a reload that began so many seconds after the load."""
    first, last = started * 1e6, (started + seconds) * 1e6
    calls = list(zip(seen.moments, seen.times, strict=True))
    before = [took for moment, took in calls if moment + took < first]
    during = [took for moment, took in calls if moment <= last and moment + took >= first]
    return Reload(before, during, seconds, rate)


def measure(setting: Setting, generator: Generator) -> Part:
    """Runs the part."""
    rows: list[dict[str, Any]] = []
    for count in RULES[:1] if setting.quick else RULES:
        reloads = list(_reloads(count, setting, generator))
        before = sorted(took for each in reloads for took in each.before)
        during = sorted(took for each in reloads for took in each.during)
        rows.append(
            {
                "rules read anew": count,
                "p99 before, ms": at(before, 0.99) / 1000,
                "p99 during, ms": at(during, 0.99) / 1000,
                "ratio of all calls": at(during, 0.99) / at(before, 0.99),
                "ratio of each reload": [at(sorted(r.during), 0.99) / at(sorted(r.before), 0.99) for r in reloads],
                "longest call during, ms": during[-1] / 1000,
                "calls per second": reloads[0].rate,
                "calls before, during": f"{len(before)}, {len(during)}",
                "seconds to be served": [each.seconds for each in reloads],
            }
        )
    return Part(
        "reload",
        "Reload under load",
        [f"open loop, judged by {setting.ruleset}, which stays as it is; one process on one core"],
        tables={"Calls before and during the reload of a ruleset": rows},
    )


def _reloads(count: int, setting: Setting, generator: Generator) -> Iterator[Reload]:
    """Yields one reload after the other, each in the middle of a load of its own."""
    requests = unary().requests("new", count=setting.requests, view=pb.VIEW_SUMMARY, ruleset=setting.ruleset)
    before = setting.seconds if setting.quick else BEFORE_SECONDS
    with served(count, setting) as (server, folder), ThreadPoolExecutor(1) as pool:
        assert server.log is not None, "readygate writes a log"
        calls = unary().calls(server.address, requests, ruleset=setting.ruleset)
        generator.ask(replace(calls, requests=requests[:ASKED]))
        expected = reload(folder, count, "2026.1.2", server.log)  # once unmeasured: says how long it takes
        rate = min(setting.rate, SHARE / time_alone(calls, generator))
        for number in range(setting.rounds):
            began = threading.Event()
            load = pool.submit(
                generator.drive,
                calls,
                Open(rate),
                warm_up=setting.warm_up,
                seconds=before + 2 * expected + AFTER_SECONDS,
                pids=server.pids,
                began=began,
            )
            began.wait(PATIENCE_SECONDS)
            start = time.monotonic()
            time.sleep(before)
            started = time.monotonic() - start
            seconds = reload(folder, count, f"2026.1.{number + 3}", server.log)
            yield measured(load.result(), started, seconds, rate)
