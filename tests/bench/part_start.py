"""Part `start`: what `readygate check` costs from the shell, in processor time, and which imports take it."""

from __future__ import annotations

import compileall
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import readygate
import readygate_server
from tests.bench.generator import Generator
from tests.bench.run import Part, Setting
from tests.bench.workload import AS_OF, EXAMPLE

RUNS: Final = 15
TOP: Final = 15
CHECK: Final = ("-m", "readygate_server", "check", str(EXAMPLE), "--gate", "commit", "--as-of", AS_OF)
COMMANDS: Final = {
    "readygate check": CHECK,
    "readygate --help": ("-m", "readygate_server", "--help"),
    "an interpreter that does nothing": ("-c", "pass"),
}
_ENTRY: Final = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \|(\s+)(\S+)")


def processor_ms(arguments: Sequence[str]) -> tuple[float, float]:
    """Returns what a run of the interpreter costs: of the user, of the system."""
    process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime * 1000, usage.ru_stime * 1000


def imports() -> list[dict[str, Any]]:
    """Returns the modules that take longest to import by themselves, with what they import beside."""
    command = [sys.executable, "-X", "importtime", *CHECK]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    found = [(int(alone), int(whole), name) for alone, whole, _, name in _ENTRY.findall(said)]
    return [
        {"module": name, "alone, ms": alone / 1000, "with what it imports, ms": whole / 1000}
        for alone, whole, name in sorted(found, reverse=True)[:TOP]
    ]


def packages() -> list[dict[str, Any]]:
    """Returns how long the modules of each package take by themselves, taken together."""
    command = [sys.executable, "-X", "importtime", *CHECK]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    sums: dict[str, list[float]] = {}
    for alone, _, _, name in _ENTRY.findall(said):
        sums.setdefault(name.partition(".")[0], []).append(int(alone) / 1000)
    ranked = sorted(sums.items(), key=lambda each: -sum(each[1]))[:TOP]
    return [{"package": name, "modules": len(times), "all, ms": sum(times)} for name, times in ranked]


def _compile() -> None:
    """Compiles the sources, as who installs a package does; or else each run may compile what changed since."""
    for package in (readygate, readygate_server):
        compileall.compile_dir(Path(str(package.__file__)).parent, quiet=2)


def measure(setting: Setting, _generator: Generator) -> Part:
    """Runs the part."""
    _compile()
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
    for _ in range(2 if setting.quick else RUNS):
        for name, arguments in COMMANDS.items():
            runs[name].append(processor_ms(arguments))
    rows = [
        {
            "what": name,
            "user and system, ms": [user + system for user, system in times],
            "user, ms": [user for user, _ in times],
            "system, ms": [system for _, system in times],
        }
        for name, times in runs.items()
    ]
    return Part(
        "start",
        "Cold start of `readygate check`",
        ["Processor time, because the clock sees what others do as well; imports are timed by the clock."],
        tables={"Processor time": rows, "Imports by package": packages(), "Modules that take longest": imports()},
    )
