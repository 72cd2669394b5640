"""What an operator asks of the process that tells others: a file in the data directory, taken within a second.

Only whoever may write there can ask, and nobody else ever writes to the database of a server that runs.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from readygate_server.adapters.durable import sync_directory, write_new

FOLDER: Final = "webhooks"
_DRAFT: Final = ".draft"


class Again(NamedTuple):
    """Dead letters of an endpoint that are to be tried again; all of them when no event is named."""

    endpoint: str
    event_ids: tuple[str, ...]


def ask(directory: Path, again: Again) -> None:
    """Leaves a request; it appears whole or not at all."""
    folder = directory / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    name = secrets.token_hex(8)
    draft = folder / f"{name}{_DRAFT}"
    write_new(draft, json.dumps(again._asdict()).encode())
    draft.rename(folder / f"{name}.json")
    sync_directory(folder)


def asked(directory: Path) -> Sequence[tuple[Path, Again]]:
    """Returns what was asked, each with its file; what is no request is put away."""
    found = []
    for path in sorted((directory / FOLDER).glob("*.json")):
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            found.append((path, Again(str(said["endpoint"]), tuple(map(str, said["event_ids"])))))
        except FileNotFoundError:
            continue  # another process was faster
        except (ValueError, TypeError, KeyError):
            done(path)
    return found


def done(path: Path) -> None:
    """Takes a request away."""
    with suppress(FileNotFoundError):
        path.unlink()
