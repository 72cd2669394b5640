"""What `readygate collect` writes: the file, what it says about it, and how far it is."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from readygate_server.adapters.collectors.foundation import MARK, foundation_text
from readygate_server.cli.exits import CommandError
from readygate_server.cli.written import write_whole
from readygate_server.domain.collected import Collected, Status

_WORDS = {
    Status.NOT_STATED: "not stated",
    Status.NOT_EVALUABLE: "can not be evaluated",
    Status.NOT_APPLICABLE: "does not apply",
}


def check_output(output: str) -> None:
    """Refuses to write over what this command did not write, before anything is read."""
    path = Path(output)
    if output != "-" and not path.parent.is_dir():
        way_out = f"make it first: mkdir -p {shlex.quote(str(path.parent))}"
        raise CommandError(f"{output}: there is no folder {path.parent}; {way_out}")
    if output == "-" or not path.exists():
        return
    try:
        with path.open(encoding="utf-8") as file:
            lines = [file.readline(500).rstrip("\n") for _ in range(2)]
    except (OSError, UnicodeDecodeError):
        lines = []
    if MARK not in lines:
        raise CommandError(f"{output} is there already, and readygate collect did not write it; name another file")


def write_foundation(found: Sequence[Collected], output: str) -> None:
    """Writes the file as a whole or not at all."""
    text = foundation_text(found, collected_at=datetime.now(UTC).replace(microsecond=0))
    write_whole(output, text.encode())


def say_found(found: Collected, output: str = "-", *, details: bool = True) -> None:
    """Says on standard error what there is; in detail also what there is not and why, and what no fact says."""
    stated = [fact for fact in found.facts if fact.value is not None]
    silent = [fact for fact in found.facts if fact.value is None]
    where = "" if output == "-" else f"; wrote {output}"
    name = f"{found.subject.id or 'deployment'} ({found.collector})"
    facts = "fact" if len(stated) == 1 else "facts"
    lines = [f"{name}: {len(stated)} {facts} stated, {len(silent)} without a value{where}"]
    if not details:
        silent = []
        found = found._replace(notes=())
    lines += [f"  {fact.fact}: {_WORDS[fact.status]}: {fact.reason}" for fact in silent]
    lines += [f"  note: {note}" for note in found.notes]
    sys.stderr.write("".join(f"{line}\n" for line in lines))
