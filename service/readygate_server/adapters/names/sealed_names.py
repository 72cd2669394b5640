"""How the sealed names of a request are written down: who, what, and where, each said once."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from readygate_server.domain.errors import RecordUnavailableError

NONCE_BYTES: Final = 32
_FORMAT: Final = 1
_HEAD: Final = struct.Struct(f"<B{NONCE_BYTES}sIII")
_REFERENCE_BYTES: Final = 16
_OVERHEAD: Final = 28
"""Bytes that a sealed text has more than the text: 12 of the nonce and 16 of the tag."""


@dataclass(frozen=True, slots=True)
class SealedNames:
    """The sealed names of one request."""

    nonce: bytes
    """Makes the salt, together with the keys of all people."""
    people: Sequence[str]
    """References of everybody whose key has a share in the salt."""
    texts: Sequence[tuple[int, bytes]]
    """Different texts: whose, as an index of people, and sealed."""
    starts: Sequence[int]
    """Where in the request a name begins."""
    which: Sequence[int]
    """Which text stands there."""

    @property
    def lengths(self) -> list[int]:
        """Bytes of each text."""
        return [len(cipher) - _OVERHEAD for _, cipher in self.texts]


def pack(names: SealedNames) -> bytes:
    """Returns the bytes of sealed names."""
    head = _HEAD.pack(_FORMAT, names.nonce, len(names.people), len(names.texts), len(names.starts))
    owners = [number for person, cipher in names.texts for number in (person, len(cipher))]
    places = struct.pack(f"<{len(owners) + 2 * len(names.starts)}I", *owners, *names.starts, *names.which)
    return b"".join((head, bytes.fromhex("".join(names.people)), places, *(cipher for _, cipher in names.texts)))


def unpack(data: bytes) -> SealedNames:
    """Returns sealed names; raises RecordUnavailableError when the bytes are damaged."""
    try:
        form, nonce, people, texts, spans = _HEAD.unpack_from(data)
        if form != _FORMAT:
            raise RecordUnavailableError(f"names: the format of a record is {form}, this version reads {_FORMAT}")
        at = _HEAD.size + people * _REFERENCE_BYTES
        references = data[_HEAD.size : at].hex()
        numbers = struct.unpack_from(f"<{2 * (texts + spans)}I", data, at)
    except struct.error as error:
        raise RecordUnavailableError("names: the sealed names of a record are damaged") from error
    at += 8 * (texts + spans)
    sealed = []
    for person, size in zip(numbers[: 2 * texts : 2], numbers[1 : 2 * texts : 2], strict=True):
        sealed.append((person, data[at : at + size]))
        at += size
    width = 2 * _REFERENCE_BYTES
    return SealedNames(
        nonce,
        [references[start : start + width] for start in range(0, people * width, width)],
        sealed,
        numbers[2 * texts : 2 * texts + spans],
        numbers[2 * texts + spans :],
    )
