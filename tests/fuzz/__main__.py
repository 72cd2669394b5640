"""Runs inputs by number: `python -m tests.fuzz --inputs 200000`, or one again: `--only NUMBER`."""

from __future__ import annotations

import argparse
import os
import sys

from tests.fuzz.inputs import make_input
from tests.fuzz.oracle import Oracle, shown
from tests.fuzz.runner import run


def main() -> int:
    """Prints the report; returns 1 when an input was not taken as it should be."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--inputs", type=int, default=2_000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="number of the first")
    parser.add_argument("--processes", type=int, default=min(4, os.cpu_count() or 1), help="how many at once")
    parser.add_argument("--only", type=int, help="number of the one to run, in this process")
    options = parser.parse_args()
    if options.only is not None:
        return _one(options.only)
    report = run(options.inputs, processes=options.processes, first=options.first)
    sys.stdout.write(f"{report}\n")
    return 0 if not report.failures and report.taken == options.inputs else 1


def _one(number: int) -> int:
    from tests.fuzz.targets import Shipped

    given = make_input(number)
    taken = Oracle(Shipped()).take(given)
    said = f"{given.target} {given.method}: {', '.join(taken.results)} in {taken.seconds:.3f} s\n{shown(given.content)}"
    sys.stdout.write(f"{taken.failure or said}\n")
    return 1 if taken.failure else 0


if __name__ == "__main__":
    sys.exit(main())
