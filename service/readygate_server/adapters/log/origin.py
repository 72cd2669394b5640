"""The name of a log: chosen once, kept beside the keys that sign it, and never changed while the log lives."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

from readygate_server.adapters.durable import sync_path, write_new
from readygate_server.adapters.log.note import NoteError, is_name

FILE: Final = "log-origin"
_PREFIX: Final = "readygate.local"


def read_origin(keys: Path) -> str | None:
    """Returns the name of the log whose keys a folder holds, None when it has none; raises NoteError."""
    try:
        origin = (keys / FILE).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    if not is_name(origin):
        raise NoteError("origin", f"{keys / FILE} holds {origin[:60]!r}, expected a name such as gate.example.org/log")
    return origin


def ensure_origin(keys: Path, wanted: str = "") -> str:
    """Returns the name of the log, chosen now when there is none: the wanted one, else a random one.

    Raises:
      NoteError: when the log has another name than the wanted one, or the wanted one can not be a name.
    """
    if (origin := read_origin(keys)) is None:
        _choose(keys, wanted or f"{_PREFIX}/{secrets.token_hex(8)}")
        origin = read_origin(keys)
    assert origin is not None, "it was just chosen"
    if wanted and wanted != origin:
        raise NoteError("origin", f"the log of this directory is called {origin}, not {wanted}")
    return origin


def _choose(keys: Path, origin: str) -> None:
    """Writes the name unless another process is faster; it appears whole or not at all."""
    if not is_name(origin):
        raise NoteError("origin", f"got {origin!r}, expected a name such as gate.example.org/log")
    draft = keys / f".{FILE}.{secrets.token_hex(8)}"
    write_new(draft, f"{origin}\n".encode())
    try:
        os.link(draft, keys / FILE)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    sync_path(keys)
