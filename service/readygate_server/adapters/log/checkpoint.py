"""Checkpoints as in c2sp.org/tlog-checkpoint: a signed note that says how large a log is and what its root is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from readygate_server.adapters.log.note import NoteError, NoteKey, decoded, encoded, is_name, read_note, sign_note
from readygate_server.domain.merkle import HASH_BYTES
from readygate_server.domain.record import TreeHead

_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_LINES: Final = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a checkpoint says."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{encoded(self.root)}\n"


class Ed25519CheckpointSigner:
    """Signs checkpoints of one log: fills the port CheckpointSigner."""

    def __init__(self, origin: str, key: Ed25519PrivateKey | Callable[[], Ed25519PrivateKey]) -> None:
        """Takes the name of the log and its key, or what knows the key of now, so that it can be rotated.

        Raises:
          NoteError: for a name that a note can not carry.
        """
        if not is_name(origin):
            raise NoteError("origin", f"got {origin!r}, expected a name such as gate.example.org/records")
        self._origin = origin
        self._key = key if callable(key) else lambda: key

    @property
    def origin(self) -> str:
        """Name of the log, as it stands in every checkpoint."""
        return self._origin

    @property
    def key(self) -> NoteKey:
        """Public key of now with its name."""
        return NoteKey.of(self._origin, self._key().public_key())

    def sign(self, size: int, root: bytes) -> str:
        """Returns a signed checkpoint."""
        return sign_note(Checkpoint(self._origin, size, root).text, [(self._origin, self._key())])


def read_checkpoint(note: str) -> Checkpoint:
    """Reads what a checkpoint says, whoever signed it; raises NoteError."""
    lines = read_note(note).text[:-1].split("\n")
    if len(lines) < _LINES or not all(lines):
        raise NoteError("checkpoint", "it is not an origin, a size and a root on a line each")
    origin, size, root_text = lines[:_LINES]
    root = decoded(root_text)
    if _SIZE.fullmatch(size) is None:
        raise NoteError("checkpoint", f"its size is {size[:40]!r}, expected a whole number without leading zeros")
    if root is None or len(root) != HASH_BYTES:
        raise NoteError("checkpoint", f"its root is {root_text[:60]!r}, expected {HASH_BYTES} bytes in base64")
    return Checkpoint(origin, int(size), root)


def open_checkpoint(note: str, keys: Iterable[NoteKey], *, origin: str = "") -> Checkpoint:
    """Returns what a checkpoint says once one of the keys is found to have signed it, under the name of the log.

    Several keys may be given, such as one before and one after a rotation. A key that signs under another name is
    passed over: a witness, or the same key in use for another log.

    Raises:
      NoteError: when the note can not be read, is of another log, or none of the keys signed it.
    """
    said = read_checkpoint(note)
    if origin and said.origin != origin:
        raise NoteError("checkpoint", f"it is of the log {said.origin}, expected {origin}")
    read_note(note).signers(key for key in keys if key.name == said.origin)
    return said


def head_of(note: str) -> TreeHead:
    """Returns a checkpoint as a tree head, whoever signed it; raises NoteError."""
    said = read_checkpoint(note)
    return TreeHead(said.size, said.root, note)
