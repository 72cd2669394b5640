"""Times `readygate collect eventlog` on a log, beside a log of two events: `python -m tests.bench.collecting LOG`.

Processor time of the command and of the process that it starts, and time by the clock, in turn. docs/collectors.md has
it for the log of BPI Challenge 2012, which is published and not kept here.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.bench.measure import Spread, machine

ROUNDS: Final = 9
_EVENT: Final = (
    '<event><string key="concept:name" value="{}"/><date key="time:timestamp" value="2026-01-0{}T00:00:00Z"/></event>'
)
TWO_EVENTS: Final = f"<log><trace>{_EVENT.format('open', 1)}{_EVENT.format('close', 2)}</trace></log>"


def seconds_of(log: Path, folder: Path) -> tuple[float, float]:
    """Collects from a log once; returns processor time and time by the clock, in seconds."""
    command = ["-m", "readygate_server", "collect", "eventlog", str(log), "--asset", "log", "-q"]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, *command, "-o", str(folder / "log.yaml")], check=True, stderr=subprocess.DEVNULL)
    took, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, took


def main() -> int:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log", type=Path, help="XES, CSV or Parquet that needs no options")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small = folder / "small.xes"
        small.write_text(TWO_EVENTS, encoding="utf-8")
        rounds = [(seconds_of(options.log, folder), seconds_of(small, folder)) for _ in range(options.rounds)]
    for place, label in enumerate((options.log.name, "two events")):
        processor, clock = (Spread.of([each[place][which] for each in rounds]) for which in (0, 1))
        print(f"{label}: processor time {processor:.2f} s, by the clock {clock:.2f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
