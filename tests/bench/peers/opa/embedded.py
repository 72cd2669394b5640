"""Times OPA without transport: a prepared query in its own process. Run `python -m tests.bench.peers.opa.embedded`."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.bench.measure import machine
from tests.bench.peers.opa.program import build_bundle, go_settings, opa_binary
from tests.bench.peers.opa.requests import decision_input
from tests.bench.processes import PATIENCE_SECONDS, BenchError, on_cores
from tests.bench.workload import AS_OF, workload

ROUNDS: Final = 9


class Round(NamedTuple):
    """Decisions of one round, and the time that they took: on the clock, and of the processor."""

    decisions: int
    seconds: float
    processor_seconds: float


def embedded_rounds(
    inputs: Sequence[dict[str, Any]], cores: Collection[int], *, parsed: bool, seconds: float = 1.0
) -> list[Round]:
    """Asks about the inputs again and again, each read from JSON every time, or only once with `parsed`."""
    with tempfile.TemporaryDirectory() as directory:
        lines = Path(directory) / "inputs"
        lines.write_text("".join(json.dumps(each) + "\n" for each in inputs), encoding="utf-8")
        command = [str(opa_binary()), "embedded", f"--bundle={build_bundle(Path(directory))}", f"--inputs={lines}"]
        command += [f"--for={seconds}s", f"--rounds={ROUNDS}", f"--parsed={str(parsed).lower()}"]
        with on_cores(cores):
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=PATIENCE_SECONDS + ROUNDS * seconds * 2,
                check=False,
                env=go_settings(cores),
            )
    if done.returncode:
        raise BenchError(f"the embedded OPA fails:\n{done.stderr}")
    return [Round(**json.loads(line)) for line in done.stdout.splitlines()]


def main() -> int:
    """Prints decisions per second of one core, with the input read each time and with input that is there already."""
    print(machine())
    inputs = [decision_input(workload(), as_of=AS_OF)]
    for parsed in (False, True):
        rounds = embedded_rounds(inputs, (), parsed=parsed)
        rates = sorted(each.decisions / each.processor_seconds for each in rounds)
        what = "input parsed before" if parsed else "input parsed each time"
        print(f"{what}: {statistics.median(rates):.0f} per second of processor time ({rates[0]:.0f}..{rates[-1]:.0f})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
