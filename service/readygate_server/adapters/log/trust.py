"""Which keys are trusted to have signed checkpoints, read from the files that auditors have."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from readygate_server.adapters.log.checkpoint import Checkpoint, open_checkpoint, read_checkpoint
from readygate_server.adapters.log.note import NoteError, NoteKey
from readygate_server.adapters.signing.errors import KeyProblemError, MalformedError
from readygate_server.adapters.signing.key_sets import read_key_set
from readygate_server.domain.keys import KeyPurpose, KeySet, KeyStatus

_PEM: Final = re.compile(r"-----BEGIN [A-Z ]+-----.*?-----END [A-Z ]+-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class TrustedKeys:
    """Public keys of one log."""

    keys: frozenset[bytes]
    revoked: frozenset[bytes] = frozenset()
    """What these signed before holds only where a later checkpoint of a trusted key covers it."""
    origin: str = ""
    """Name of the log; any when empty."""

    @classmethod
    def read(cls, text: str) -> Self:
        """Reads a file: a public key in PEM or several, a key set, or lines of `NAME+ID+KEY`.

        Raises:
          NoteError: when it is none of these.
        """
        if text.lstrip().startswith("{"):
            try:
                return cls.of(read_key_set(text))
            except (KeyProblemError, MalformedError) as error:
                raise NoteError("key set", str(error)) from error
        if blocks := _PEM.findall(text):
            return cls(frozenset(_raw(block) for block in blocks))
        named = [NoteKey.parse(line) for line in text.splitlines() if line.strip()]
        names = {key.name for key in named}
        if len(names) != 1:
            raise NoteError("key", f"it is of {len(names)} logs, expected PEM, a key set, or lines of NAME+ID+KEY")
        return cls(frozenset(key.public for key in named), origin=names.pop())

    @classmethod
    def of(cls, key_set: KeySet) -> Self:
        """Takes the keys of a set that sign checkpoints."""
        ours = [key for key in key_set.keys if key.purpose is KeyPurpose.CHECKPOINT]
        revoked = frozenset(_raw(key.pem) for key in ours if key.status is KeyStatus.REVOKED)
        return cls(frozenset(_raw(key.pem) for key in ours) - revoked, revoked)

    def joined(self, others: Iterable[TrustedKeys], *, origin: str = "") -> TrustedKeys:
        """Returns these keys and others; one that any of them revoked is revoked. Raises NoteError for two logs."""
        every = [self, *others]
        origins = {each.origin for each in every if each.origin} | ({origin} if origin else set())
        if len(origins) > 1:
            raise NoteError("key", f"the keys are of the logs {', '.join(sorted(origins))}, expected one")
        revoked = frozenset[bytes]().union(*(each.revoked for each in every))
        keys = frozenset[bytes]().union(*(each.keys for each in every)) - revoked
        return TrustedKeys(keys, revoked, origins.pop() if origins else "")

    def open(self, note: str) -> Checkpoint:
        """Returns what a checkpoint says when a trusted key signed it; raises NoteError."""
        return self._open(note, self.keys)

    def is_by_revoked(self, note: str) -> bool:
        """True when a revoked key signed a checkpoint."""
        try:
            self._open(note, self.revoked)
        except NoteError:
            return False
        return True

    def _open(self, note: str, keys: frozenset[bytes]) -> Checkpoint:
        origin = read_checkpoint(note).origin
        return open_checkpoint(note, [NoteKey(origin, raw) for raw in sorted(keys)], origin=self.origin)


def _raw(pem: str) -> bytes:
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise NoteError("key", f"its PEM is no public key ({error})") from None
    if not isinstance(key, Ed25519PublicKey):
        raise NoteError("key", f"it is a {type(key).__name__.removeprefix('_')}, and checkpoints are signed by Ed25519")
    return key.public_bytes_raw()
