"""Limits of the process that a collector runs in: what is enforced, and how each is raised."""

from __future__ import annotations

import sys
from typing import Final, NamedTuple

_MIB: Final = 1 << 20
_GRACE: Final = 5
"""Seconds of processor time between the signal that can be reported and the one that can not be caught."""


class Limits(NamedTuple):
    """How much one run of a collector may use."""

    cpu_seconds: int = 120
    memory_mib: int = 4096
    wall_seconds: int = 300
    file_mib: int = 16_384
    """Size of any one file that is written, such as what a reader puts aside on disk."""


class LimitOption(NamedTuple):
    """A limit on the command line."""

    name: str
    field: str
    metavar: str
    what: str


OPTIONS: Final = (
    LimitOption("max-cpu", "cpu_seconds", "SECONDS", "processor time"),
    LimitOption("max-memory", "memory_mib", "MIB", "memory"),
    LimitOption("max-time", "wall_seconds", "SECONDS", "time by the clock"),
)


def apply(limits: Limits) -> tuple[str, ...]:
    """Limits the process that calls this, and returns what the platform does not offer.

    Memory is that of data, because readers reserve much more address space than they use: on Linux every private page
    that can be written counts, whether it was asked for by Python or by a library. Elsewhere address space is limited.
    """
    try:
        import resource
    except ImportError:  # not on Windows
        return ("cpu", "memory", "file size")
    memory = limits.memory_mib * _MIB
    kind = resource.RLIMIT_DATA if sys.platform.startswith("linux") else resource.RLIMIT_AS
    wanted = {
        "cpu": (resource.RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + _GRACE),
        "memory": (kind, memory, memory),
        "file size": (resource.RLIMIT_FSIZE, limits.file_mib * _MIB, limits.file_mib * _MIB),
        "core dump": (resource.RLIMIT_CORE, 0, 0),
    }
    missing = []
    for name, (limit, soft, hard) in wanted.items():
        _, most = resource.getrlimit(limit)
        ceiling = hard if most == resource.RLIM_INFINITY else min(hard, most)
        try:
            resource.setrlimit(limit, (min(soft, ceiling), ceiling))
        except (OSError, ValueError):
            missing.append(name)
    return tuple(missing)
