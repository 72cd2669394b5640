"""Part `memory`: resident memory of every process of a server while calls come."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Final

from readygate.v1 import gate_service_pb2 as pb
from tests.bench.contenders import gate_server
from tests.bench.forms import unary
from tests.bench.generator import Generator
from tests.bench.measure import processes_under, resident_mib
from tests.bench.part_calls import ASKED, CONNECTIONS, MANY
from tests.bench.processes import PATIENCE_SECONDS
from tests.bench.run import Part, Setting

WORKERS: Final = (1, 2)
SAMPLES: Final = 60


def measure(setting: Setting, generator: Generator) -> Part:
    """Runs the part."""
    rows: list[dict[str, Any]] = []
    series: list[dict[str, Any]] = []
    for count in WORKERS[:1] if setting.quick else WORKERS:
        for place, samples, calls in _loaded(count, setting, generator):
            sizes = [mib for _, mib in samples]
            half = len(sizes) // 2
            growth = sizes[-1] - sizes[half]
            rows.append(
                {
                    "process": place,
                    "before, MiB": sizes[0],
                    "at half, MiB": sizes[half],
                    "at the end, MiB": sizes[-1],
                    "most, MiB": max(sizes),
                    "calls to the server": calls,
                    "growth in the second half, MiB": growth,
                    "the same for 100,000 calls, MiB": growth / max(calls / 2, 1) * 100_000,
                }
            )
            series.append({"process": place, "samples": samples})
    return Part(
        "memory",
        "Memory of each process under load",
        [f"{MANY.outstanding} outstanding, new proposals, nothing recorded, {setting.soak_seconds:g} s each"],
        tables={"Resident memory": rows},
        series={"memory": series},
    )


def _loaded(count: int, setting: Setting, generator: Generator) -> list[tuple[str, list[tuple[float, float]], int]]:
    """Returns for each process its samples (seconds, MiB), and the calls that the server answered."""
    requests = unary().requests("new", count=setting.requests, view=pb.VIEW_SUMMARY, ruleset=setting.ruleset)
    keeping = ["--no-record", "--workers", str(count)]
    with gate_server((), keeping=keeping) as server, ThreadPoolExecutor(1) as pool:
        calls = replace(unary().calls(server.address, requests, ruleset=setting.ruleset), connections=CONNECTIONS)
        unary().size_of(generator.ask(replace(calls, requests=requests[:ASKED])))
        pids = processes_under(server.pid)
        began = threading.Event()
        kept: dict[int, list[tuple[float, float]]] = {pid: [(0.0, resident_mib(pid))] for pid in pids}
        load = pool.submit(
            generator.drive, calls, MANY, warm_up=setting.warm_up, seconds=setting.soak_seconds, pids=server.pids,
            began=began,
        )  # fmt: skip
        began.wait(PATIENCE_SECONDS)
        start = time.monotonic()
        for number in range(SAMPLES):
            time.sleep(max(0.0, start + number * setting.soak_seconds / SAMPLES - time.monotonic()))
            for pid in pids:
                kept[pid].append((time.monotonic() - start, resident_mib(pid)))
        answered = len(load.result().times)
    names = ["only process"] if count == 1 else ["supervisor", *(f"worker {n + 1}" for n in range(len(pids) - 1))]
    return [(f"{count} workers, {name}", kept[pid], answered) for name, pid in zip(names, pids, strict=False)]
