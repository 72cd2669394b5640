"""Cuts the power of a server that records: `python -m tests.faults.power --cuts 500`.

Cuts as many again with each guard taken away, a fifth of the number each, to show that the model notices. Who was told
what depends on threads, so the same seed makes similar cuts, not the same ones.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import multiprocessing
import os
import sqlite3
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed

from readygate_server.observability import configure_logging
from tests.faults.chain import CUTS, SETTINGS, SHIPPED, Tally, run_chain


def main() -> int:
    """Prints what became of the cuts; returns 1 when the store breaks a promise, or a missing guard is not noticed."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.power")
    parser.add_argument("--cuts", type=int, default=500, help="how many of the store as shipped")
    parser.add_argument("--seed", type=int, default=0, help="number of the first chain of cuts")
    parser.add_argument("--processes", type=int, default=min(4, os.cpu_count() or 1), help="how many at once")
    options = parser.parse_args()
    started = time.monotonic()
    wanted = {setting: options.cuts if setting == SHIPPED else max(CUTS, options.cuts // 5) for setting in SETTINGS}
    tallies = {setting: Tally() for setting in SETTINGS}
    for setting, tally in _run(wanted, options.seed, options.processes):
        tallies[setting].add(tally)
        done = ", ".join(f"{each} {tallies[each].cuts} of {wanted[each]}" for each in SETTINGS if tallies[each].cuts)
        sys.stdout.write(f"{time.monotonic() - started:5.1f} s: {done}\n")
        sys.stdout.flush()
    sys.stdout.write(f"\nSQLite {sqlite3.sqlite_version}\n{report(tallies)}")
    unnoticed = [setting for setting, tally in tallies.items() if setting != SHIPPED and not tally.lost]
    sys.stdout.writelines(f"NOT NOTICED: {setting}\n" for setting in unnoticed)
    return 1 if unnoticed or tallies[SHIPPED].unsound or tallies[SHIPPED].cuts < options.cuts else 0


def _run(wanted: Mapping[str, int], first: int, processes: int) -> Iterator[tuple[str, Tally]]:
    """Yields the tallies of chains as they come."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_quietly) as pool:
        chains = {
            pool.submit(_chain, setting, seed): setting
            for setting, cuts in wanted.items()
            for seed in range(first, first + -(-cuts // CUTS))
        }
        for chain in as_completed(chains):
            yield chains[chain], chain.result()


def _quietly() -> None:
    configure_logging(io.StringIO())


def _chain(setting: str, seed: int) -> Tally:
    return asyncio.run(run_chain(setting, seed))


def report(tallies: Mapping[str, Tally]) -> str:
    """Returns a table of the settings, and what was said of the first broken promises of the store as shipped.

    Told are promises looked after, lost are those not kept, worst is the most of a cut; the others count cuts.
    """
    heads = ("cuts", "told", "lost", "worst", "losing", "corrupt", "refused", "broken", "doubling")
    lines = [f"{'':20}" + "".join(f"{head:>9}" for head in heads)]
    for setting, tally in tallies.items():
        figures = (tally.cuts, tally.acknowledged, tally.lost, tally.worst, *(tally.faults[each] for each in heads[4:]))
        lines.append(f"{setting:20}" + "".join(f"{figure:9,}" for figure in figures))
    shipped = tallies[SHIPPED]
    lines += [f"{SHIPPED}, {moment}: {count} cuts" for moment, count in sorted(shipped.moments.items())]
    return "\n".join([*lines, *shipped.said, ""])


if __name__ == "__main__":
    sys.exit(main())
