"""The whole benchmark: `python -m tests.bench [PART...]` runs it, all of it or some parts, and writes what it found.

A table (`report.md`), plots (`*.svg`, `*.png`, with the `bench` extra) and the raw numbers (`raw.json`) go to the
folder that `--out` names. Figures are ratios of servers that took turns in one run; absolute ones are context. No
figure here decides whether anything passes.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from tests.bench import (
    part_calls,
    part_curves,
    part_evaluation,
    part_generator,
    part_http,
    part_memory,
    part_peers,
    part_records,
    part_reload,
    part_start,
)
from tests.bench.generator import Generator, GoGenerator, generator
from tests.bench.measure import machine
from tests.bench.plot import draw
from tests.bench.processes import BenchError
from tests.bench.report import markdown
from tests.bench.run import Part, Setting, split_cores

PARTS: Final[Mapping[str, Callable[[Setting, Generator], Part]]] = {
    "generator": part_generator.measure,
    "calls": part_calls.measure_calls,
    "batches": part_calls.measure_batches,
    "workers": part_calls.measure_workers,
    "records": part_records.measure,
    "http": part_http.measure,
    "peers": part_peers.measure,
    "evaluation": part_evaluation.measure,
    "reload": part_reload.measure,
    "curves": part_curves.measure,
    "start": part_start.measure,
    "memory": part_memory.measure,
}
NEEDS_GO: Final = {"generator", "http", "peers"}


def _setting(options: argparse.Namespace) -> Setting:
    servers, generators = split_cores()
    common = {"server_cores": servers, "generator_cores": generators, "ruleset": options.ruleset}
    if options.quick:
        return Setting(quick=True, rounds=1, seconds=0.3, warm_up=0.1, requests=20, rate=20, soak_seconds=1, **common)
    return Setting(
        rounds=options.rounds, seconds=options.seconds, rate=options.rate, soak_seconds=options.soak, **common
    )


def run(options: argparse.Namespace, about: dict[str, Any]) -> list[Part]:
    """Runs the parts that are asked for; after each, all that there is so far is written."""
    setting = _setting(options)
    parts: list[Part] = []
    began = time.monotonic()
    with generator(setting.generator_cores, python=options.python) as load:
        about |= {"load from": load.name, "settings": _words(setting)}
        for name in options.parts or PARTS:
            started = time.monotonic()
            print(f"{name}, with {load.name}", file=sys.stderr, flush=True)
            if name in NEEDS_GO and not isinstance(load, GoGenerator):
                print("  left out: needs Go", file=sys.stderr, flush=True)
                continue
            busy = os.getloadavg()[0]
            try:
                part = PARTS[name](setting, load)
            except BenchError as error:
                print(f"  failed: {error}", file=sys.stderr, flush=True)
                part = Part(name, f"{name}: no figures", [f"failed: {error}"], failed=True)
            took = time.monotonic() - started
            note = f"took {took:.0f} s; load on the machine {busy:.1f} before, {os.getloadavg()[0]:.1f} after"
            print(f"  {note}", file=sys.stderr, flush=True)
            parts.append(replace(part, notes=[*part.notes, note]))
            about["took"] = f"{time.monotonic() - began:.0f} s"
            write(parts, about, options.out)
    return parts


def _words(setting: Setting) -> str:
    ours, theirs = (sorted(cores) or "any" for cores in (setting.server_cores, setting.generator_cores))
    cores = f"servers on cores {ours}, load from {theirs}"
    loads = f"{setting.rounds} rounds of {setting.seconds:g} s each"
    return f"{setting.ruleset}; {loads}, {setting.requests} different proposals; {cores}"


def write(parts: list[Part], about: Mapping[str, Any], folder: Path) -> None:
    """Writes everything to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    raw = {"about": about, "parts": [asdict(part) for part in parts]}
    (folder / "raw.json").write_text(json.dumps(raw, indent=1) + "\n", encoding="utf-8")
    plots = draw(parts, folder)
    if not plots:
        print("no plots: they need the `bench` extra", file=sys.stderr)
    (folder / "report.md").write_text(markdown(parts, about, plots), encoding="utf-8")


def main() -> int:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", choices=[[], *PARTS], help=f"of {', '.join(PARTS)}")
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="folder (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=2.0, help="seconds of each load (default: %(default)s)")
    parser.add_argument("--rate", type=float, default=50.0, help="calls a second, open loop (default: %(default)s)")
    parser.add_argument("--soak", type=float, default=60.0, help="seconds to watch memory for (default: %(default)s)")
    parser.add_argument("--ruleset", default=Setting.ruleset, help="ruleset to judge by (default: %(default)s)")
    parser.add_argument("--python", action="store_true", help="load from Python even where there is Go")
    parser.add_argument("--quick", action="store_true", help="one short round of everything: shows that it runs")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    about: dict[str, Any] = {"machine": machine(), "began": time.strftime("%Y-%m-%d %H:%M:%S %Z")}
    parts = run(options, about)
    print(markdown(parts, about))
    return int(any(part.failed for part in parts))


if __name__ == "__main__":
    sys.exit(main())
