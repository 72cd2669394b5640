"""Signed notes as in c2sp.org/signed-note: a text, an empty line, and one line per signature. Ed25519 only."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from readygate_server.domain.errors import GateError

_ED25519: Final = b"\x01"
_DASH: Final = "— "
_ID_BYTES: Final = 4
_KEY_BYTES: Final = 32
_LONGEST: Final = 1_000_000
_MOST_SIGNATURES: Final = 100
_NOT_TEXT: Final = re.compile(r"[\x00-\x09\x0b-\x1f\ud800-\udfff]")
_VERIFIER: Final = re.compile(r"(?P<name>[^+]+)\+(?P<id>[0-9a-f]{8})\+(?P<key>.+)")


@dataclass(eq=False)
class NoteError(GateError):
    """A note, or what is written in one, can not be read or trusted."""

    what: str
    why: str

    def __str__(self) -> str:
        """Returns what is wrong with it."""
        return f"the {self.what} can not be trusted: {self.why}"


@dataclass(frozen=True, slots=True)
class NoteKey:
    """A public key with the name that it signs under."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        """Refuses names that a signature line can not carry."""
        if not is_name(self.name):
            raise NoteError("key", f"its name is {self.name!r}, expected text without spaces and plus signs")
        if len(self.public) != _KEY_BYTES:
            raise NoteError("key", f"it has {len(self.public)} bytes, expected {_KEY_BYTES}")

    @classmethod
    def of(cls, name: str, key: Ed25519PublicKey) -> Self:
        """Names a key."""
        return cls(name, key.public_bytes(Encoding.Raw, PublicFormat.Raw))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads `name+id+key`, as written by `str` and by Go's note package; raises NoteError."""
        found = _VERIFIER.fullmatch(text.strip())
        raw = decoded(found["key"]) if found else None
        if found is None or raw is None or raw[:1] != _ED25519:
            raise NoteError("key", f"got {text.strip()[:60]!r}, expected NAME+ID+KEY of an Ed25519 key")
        key = cls(found["name"], raw[1:])
        if key.id.hex() != found["id"]:
            raise NoteError("key", f"its id is {key.id.hex()}, and {found['id']} is written beside it")
        return key

    @property
    def id(self) -> bytes:
        """First four bytes of a hash over name and key, which tell keys apart; they prove nothing."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:_ID_BYTES]

    def verifies(self, signature: bytes, text: bytes) -> bool:
        """True when the key made a signature over a text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text)
        except InvalidSignature:
            return False
        return True

    def __str__(self) -> str:
        """Returns the key on one line, as other implementations of notes take it."""
        return f"{self.name}+{self.id.hex()}+{encoded(_ED25519 + self.public)}"


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """Who says to have signed, and with what."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A note that was read. Nothing about it is trusted yet."""

    text: str
    """Ends in a newline; what the signatures are about."""
    signatures: tuple[SignatureLine, ...]

    def signers(self, keys: Iterable[NoteKey]) -> tuple[NoteKey, ...]:
        """Returns the keys that signed the note; lines of keys that are not given are passed over.

        Raises:
          NoteError: when a line of a given key does not hold, or no given key signed.
        """
        known = {(key.name, key.id): key for key in keys}
        found = []
        for line in self.signatures:
            key = known.get((line.name, line.key_id))
            if key is None:
                continue
            if not key.verifies(line.signature, self.text.encode()):
                raise NoteError("note", f"the signature of {line.name} {line.key_id.hex()} does not fit the text")
            found.append(key)
        if not found:
            said = ", ".join(f"{line.name} {line.key_id.hex()}" for line in self.signatures)
            wanted = ", ".join(f"{name} {key_id.hex()}" for name, key_id in known) or "none"
            raise NoteError("note", f"it is signed by {said}, and the keys to trust are {wanted}")
        return tuple(found)


def sign_note(text: str, signers: Sequence[tuple[str, Ed25519PrivateKey]]) -> str:
    """Returns a text with a signature line of each name and key."""
    lines = []
    for name, private in signers:
        key = NoteKey.of(name, private.public_key())
        lines.append(f"{_DASH}{name} {encoded(key.id + private.sign(text.encode()))}\n")
    return f"{text}\n{''.join(lines)}"


def read_note(note: str) -> Note:
    """Reads a note; raises NoteError when it is none. Who signed is not looked at."""
    if len(note) > _LONGEST:
        raise NoteError("note", f"it has {len(note)} characters, the limit is {_LONGEST}")
    if found := _NOT_TEXT.search(note):
        raise NoteError("note", f"character {found.start()} is {found[0]!r}, which no note may hold")
    body, gap, block = note.rpartition("\n\n")
    if not gap or not block.endswith("\n"):
        raise NoteError("note", "it has no signature lines after an empty line")
    lines = block[:-1].split("\n")
    if len(lines) > _MOST_SIGNATURES:
        raise NoteError("note", f"it has {len(lines)} signatures, the limit is {_MOST_SIGNATURES}")
    return Note(body + "\n", tuple(_signature(line) for line in lines))


def is_name(text: str) -> bool:
    """True for a name that a signature line can carry."""
    return bool(text) and "+" not in text and not any(each.isspace() or not each.isprintable() for each in text)


def encoded(raw: bytes) -> str:
    """Returns bytes in the one base64 that notes use."""
    return base64.b64encode(raw).decode("ascii")


def decoded(text: str) -> bytes | None:
    """Returns the bytes of base64 text; None when it is none, or not the only way to write them."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if encoded(raw) == text else None


def _signature(line: str) -> SignatureLine:
    name, _, text = line.removeprefix(_DASH).partition(" ")
    raw = decoded(text)
    if not line.startswith(_DASH) or not is_name(name) or raw is None or len(raw) <= _ID_BYTES:
        raise NoteError("note", f"got the line {line[:60]!r}, expected '{_DASH}NAME SIGNATURE'")
    return SignatureLine(name, raw[:_ID_BYTES], raw[_ID_BYTES:])
