"""Opens a file that may be compressed with gzip, within limits on how far it swells."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from readygate_server.adapters.collectors.artefacts import unreadable, uri_of
from readygate_server.adapters.collectors.port import ArtefactError, ArtefactFault, ArtefactLimitError

if TYPE_CHECKING:
    from collections.abc import Iterator

from contextlib import contextmanager

MAX_RATIO: Final = 200
"""Bytes out per byte in. XML of an event log gives 20 to 40; 1,000 is the most that the format can."""

MAX_BYTES: Final = 8_000_000_000
"""Bytes that are read of one file, after decompression."""

_FREE: Final = 4_000_000
"""Bytes that a small file may swell to, whatever the ratio."""


@contextmanager
def opened(path: Path) -> Iterator[Bounded]:
    """Opens a file, decompressed when its first bytes say so, whatever its name says.

    Raises:
      ArtefactError: when the file can not be opened.
    """
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            yield Bounded(file, uri_of(path), packed=packed)
    except OSError as error:
        raise unreadable(path, error) from None


class Bounded(io.RawIOBase):
    """Bytes of a file, as many as are worth reading."""

    def __init__(self, file: BinaryIO, place: str, *, packed: bool) -> None:
        """Takes a file at its start."""
        self._file, self._place, self._packed = file, place, packed
        self._source: BinaryIO | gzip.GzipFile = gzip.GzipFile(fileobj=file, mode="rb") if packed else file
        self.given = 0

    def readable(self) -> bool:
        """True: it is for reading only."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """Returns up to `size` bytes; none at the end.

        Raises:
          ArtefactError: when the compressed bytes are damaged or end early.
          ArtefactLimitError: when they swell too far.
        """
        try:
            data = self._source.read(size if size >= 0 else 1 << 20)
        except (gzip.BadGzipFile, EOFError, zlib.error):
            raise ArtefactError(
                ArtefactFault(self._place, "the compressed file is damaged or cut off", way_out="copy it again")
            ) from None
        self.given += len(data)
        self._hold_within_limits()
        return data

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        """Fills a buffer, and returns how many bytes it was given."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _hold_within_limits(self) -> None:
        if self._packed and self.given > max(_FREE, MAX_RATIO * self._file.tell()):
            raise ArtefactLimitError(
                ArtefactFault(
                    self._place,
                    "the compressed file swells too far",
                    expected=f"at most {MAX_RATIO} bytes out of each",
                    way_out="if it is what it should be, decompress it first",
                )
            )
        if self.given > MAX_BYTES:
            raise ArtefactLimitError(
                ArtefactFault(self._place, "the file is too large", expected=f"at most {MAX_BYTES:,} bytes of text")
            )
