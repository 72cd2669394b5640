"""Runs of collectors: what goes wrong ends the command with the exit code that fits."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from readygate_server.adapters.collectors.port import ArtefactError, OptionError, OptionValue
from readygate_server.adapters.collectors.runner import CollectorLimitError, Runner
from readygate_server.cli.exits import CommandError, Exit
from readygate_server.cli.progress import clear
from readygate_server.domain.errors import GateError

if TYPE_CHECKING:
    from readygate_server.adapters.collectors.registry import Entry
    from readygate_server.domain.collected import Collected, Subject


class NeedsOptionError(CommandError):
    """Ends the command because an option is missing, or does not fit the artefact."""


def collected(
    runner: Runner,
    entry: Entry,
    artefacts: Sequence[Path],
    subject: Subject,
    options: Mapping[str, OptionValue],
    *,
    network: bool,
) -> Collected:
    """Runs a collector; what goes wrong ends the command with the exit code that fits."""
    try:
        return runner.collect(entry, artefacts, subject, options, network=network)
    except OptionError as error:
        raise NeedsOptionError(_listed(error)) from None
    except (ArtefactError, CollectorLimitError) as error:
        raise CommandError(_listed(error)) from None
    except GateError as error:
        raise CommandError(str(error), Exit.SERVICE_FAILED) from None
    finally:
        clear(sys.stderr)


def _listed(error: Exception) -> str:
    lines = str(error).split("\n")
    return "\n".join([f"{len(lines)} faults", *lines]) if len(lines) > 1 else lines[0]
