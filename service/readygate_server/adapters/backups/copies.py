"""Copies of the databases of a data directory: whole, of one moment, and checked before they count."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from hashlib import file_digest
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import quote

from sqlalchemy import NullPool, create_engine

from readygate_server.adapters.durable import sync_file
from readygate_server.adapters.names.database import FILE as NAMES
from readygate_server.adapters.storage.anchoring import refuse_forked_log
from readygate_server.adapters.storage.errors import StoreRefusedError
from readygate_server.adapters.storage.opening import FILE as RECORD

MANIFEST: Final = "manifest.json"
_FORMAT: Final = 1
_PATIENCE_SECONDS: Final = 10.0


class BackupError(Exception):
    """Reports a backup that can not be made or used; the message says the way out."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds."""

    format: int
    file: str
    """Name of the copied database."""
    sha256: str
    entries: int
    """Entries in the log; 0 for a backup of names."""
    checkpoint: str
    """Newest signed checkpoint; empty while nothing was recorded, and for a backup of names."""


def back_up(data: Path, to: Path) -> Manifest:
    """Copies the record of a data directory into a new directory, while a server writes or none runs.

    Raises:
      BackupError: when there is no record, or the copy is not sound.
    """
    return _back_up(data / RECORD, to, _log_of)


def back_up_names(data: Path, to: Path) -> Manifest:
    """Copies the keys of persons; what is erased later stays in this copy until the copy is deleted.

    Raises:
      BackupError: when there are none, or the copy is not sound.
    """
    return _back_up(data / NAMES, to, lambda _: (0, ""))


def restore(backup: Path, data: Path) -> Manifest:
    """Puts the database of a backup into a data directory that has none.

    Raises:
      BackupError: when it has one, or the backup is not as it was made.
    """
    manifest = _manifest_of(backup)
    source, target = backup / manifest.file, data / manifest.file
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    for found in data.glob(f"{manifest.file}*"):
        raise BackupError(f"{found} is there already; restore into a directory without it")
    draft = data / f".{manifest.file}.restoring"
    try:
        with source.open("rb") as read, _private(draft) as write:
            shutil.copyfileobj(read, write, 1 << 20)
            write.flush()
            os.fsync(write.fileno())
        if (found_digest := _digest(draft)) != manifest.sha256:
            raise BackupError(f"{source} was changed: its SHA-256 is {found_digest}, expected {manifest.sha256}")
        _check(draft)
        os.link(draft, target)  # fails when somebody else was faster
    except FileExistsError:
        raise BackupError(f"{target} is there already; restore into a directory without it") from None
    except OSError as error:
        raise BackupError(f"{error.filename}: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)
    sync_file(data)
    return manifest


def _back_up(source: Path, to: Path, log_of: Callable[[Path], tuple[int, str]]) -> Manifest:
    if not source.is_file():
        raise BackupError(f"{source}: there is no such file; a PostgreSQL is backed up with its own tools")
    if to.exists():
        raise BackupError(f"{to} is there already; every backup is a directory of its own")
    part = to.with_name(f".{to.name}.part-{os.getpid()}")
    try:
        part.mkdir(mode=0o700, parents=True)
        copy = part / source.name
        _private(copy).close()
        _copy(source, copy)
        _check(copy)
        entries, checkpoint = log_of(copy)
        manifest = Manifest(_FORMAT, source.name, _digest(copy), entries, checkpoint)
        with _private(part / MANIFEST) as file:
            file.write((json.dumps(asdict(manifest), indent=2, ensure_ascii=False) + "\n").encode())
        for path in (copy, part / MANIFEST, part):
            sync_file(path)
        part.rename(to)
        sync_file(to.parent)
    except OSError as error:
        raise BackupError(f"{error.filename}: {error.strerror}") from error
    except sqlite3.Error as error:
        raise BackupError(f"{source} can not be copied: {error}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return manifest


def _copy(source: Path, target: Path) -> None:
    """Copies a database as of one moment. A copy step by step would begin anew with every write of the server."""
    with closing(sqlite3.connect(_uri(source, "ro"), uri=True, timeout=_PATIENCE_SECONDS)) as connection:
        connection.execute("VACUUM INTO ?", [str(target)])


def _check(path: Path) -> None:
    with closing(sqlite3.connect(_uri(path, "ro"), uri=True)) as connection:
        (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise BackupError(f"{path.name} is damaged ({found}); the backup before this one may be sound")


def _log_of(copy: Path) -> tuple[int, str]:
    """Returns size and newest checkpoint of the log in a copy, held against each other."""
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(_uri(copy, "ro"), uri=True), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            head = refuse_forked_log(connection, None)
    except StoreRefusedError as error:
        raise BackupError(f"the copied log is not sound: {error}") from error
    return (head.size, head.note) if head is not None else (0, "")


def _manifest_of(backup: Path) -> Manifest:
    path = backup / MANIFEST
    try:
        manifest = Manifest(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise BackupError(f"{path} is no list of a backup: {error}") from error
    if manifest.format != _FORMAT or manifest.file not in (RECORD, NAMES):
        raise BackupError(f"{path}: the format is {manifest.format}, this version reads {_FORMAT}")
    return manifest


def _private(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "r+b")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _uri(path: Path, mode: str) -> str:
    return f"file:{quote(str(path.resolve()))}?mode={mode}"
