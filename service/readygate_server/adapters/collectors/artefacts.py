"""Files as evidence names them: without the paths of a machine, and by the digest of the bytes that were read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

from readygate_server.adapters.collectors.port import ArtefactError, ArtefactFault, ArtefactLimitError
from readygate_server.domain.collected import Artefact

MAX_DOCUMENT: Final = 100_000_000
"""Bytes of a document that is read as a whole."""

_CHUNK: Final = 1 << 20


def uri_of(path: Path) -> str:
    """Returns a path as evidence names it: relative as given; of an absolute one what is below here, or its name."""
    if path.is_absolute():
        here = Path.cwd()
        path = path.relative_to(here) if path.is_relative_to(here) else Path(path.name)
    return path.as_posix()


def artefact_of(path: Path, progress: Callable[[int], None] = lambda _: None) -> Artefact:
    """Returns name, digest and size of a file, read piece by piece; `progress` is told the bytes read so far.

    Raises:
      ArtefactError: when the file can not be read.
    """
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
                progress(size)
    except OSError as error:
        raise unreadable(path, error) from None
    return Artefact(uri_of(path), f"sha256:{digest.hexdigest()}", size)


def read_whole(path: Path, limit: int = MAX_DOCUMENT) -> tuple[Artefact, bytes]:
    """Returns a file and its bytes, which are those that the digest is over.

    Raises:
      ArtefactError: when the file can not be read.
      ArtefactLimitError: when it is larger than the limit.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise unreadable(path, error) from None
    if len(data) > limit:
        raise ArtefactLimitError(
            ArtefactFault(uri_of(path), "the file is too large", expected=f"at most {limit:,} bytes")
        )
    return Artefact(uri_of(path), f"sha256:{hashlib.sha256(data).hexdigest()}", len(data)), data


def unreadable(path: Path, error: OSError) -> ArtefactError:
    """Returns the error of a file that the system does not give."""
    return ArtefactError(ArtefactFault(uri_of(path), "the file can not be read", got=error.strerror or str(error)))
