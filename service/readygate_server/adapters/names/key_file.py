"""The key that wraps the keys of persons: in a file that only the service reads, or in the environment."""

from __future__ import annotations

import base64
import binascii
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from readygate_server.adapters.durable import sync_path, write_new
from readygate_server.domain.errors import GateError

KEK_VARIABLE: Final = "READYGATE_NAMES_KEK"
KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_ID_DIGITS: Final = 16
_MODE: Final = 0o600
_MAKE_ONE: Final = "make one with: openssl rand -base64 32"
_T = TypeVar("_T")


@dataclass(eq=False)
class KeyRingError(GateError):
    """The key that wraps the keys of persons can not be had."""

    where: str
    why: str
    way_out: str

    def __str__(self) -> str:
        """Returns where it was looked for, what is wrong, and what to do."""
        return f"{self.where}: {self.why}; {self.way_out}"


@dataclass(frozen=True, slots=True)
class WrappingKey:
    """A key that wraps others."""

    id: str
    _key: bytes

    @classmethod
    def of(cls, key: bytes) -> WrappingKey:
        """Returns the key with its id, which tells nothing about it."""
        return cls(sha256(b"readygate names kek" + key).hexdigest()[:_ID_DIGITS], key)

    @classmethod
    def new(cls) -> WrappingKey:
        """Returns a random key."""
        return cls.of(os.urandom(KEY_BYTES))

    def wrap(self, key: bytes, of: str) -> bytes:
        """Wraps a key; `of` is what it belongs to, and only for that it can be unwrapped."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(self._key).encrypt(nonce, key, of.encode())

    def unwrap(self, wrapped: bytes, of: str) -> bytes | None:
        """Returns the key, or None when another key has wrapped it."""
        try:
            return AESGCM(self._key).decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], of.encode())
        except InvalidTag:
            return None

    @property
    def line(self) -> str:
        """The key as it is written down."""
        return base64.b64encode(self._key).decode()

    def __repr__(self) -> str:
        """Returns the id; the key is for no log."""
        return f"WrappingKey({self.id})"


class KeyRing:
    """The wrapping keys, the one to use first; more than one only while they are being replaced."""

    def __init__(self, path: Path | None, text: str = "") -> None:
        """Takes a file, or else the text of the environment variable."""
        self._path = path
        self._keys = _keys_in(text, KEK_VARIABLE) if path is None else _read(path)

    @property
    def newest(self) -> WrappingKey:
        """The key that everything is to be wrapped with."""
        return self._keys[0]

    @property
    def is_changing(self) -> bool:
        """True while an older key is still there."""
        return len(self._keys) > 1

    @property
    def is_file(self) -> bool:
        """True when the keys are in a file, which can be rewritten."""
        return self._path is not None

    def get(self, key_id: str) -> WrappingKey:
        """Returns a key by its id; raises KeyRingError when it is not there."""
        found = self._first(lambda key: key if key.id == key_id else None)
        if found is None:
            raise KeyRingError(
                str(self._path or KEK_VARIABLE),
                f"the names are wrapped by the key {key_id}, and it is not there",
                "give that key back, or restart with the one that took its place",
            )
        return found

    def unwrap(self, wrapped: bytes, of: str) -> bytes:
        """Returns a key that one of these has wrapped; raises KeyRingError when none has."""
        found = self._first(lambda key: key.unwrap(wrapped, of))
        if found is None:
            raise KeyRingError(
                str(self._path or KEK_VARIABLE),
                f"no key here opens the one of {of}",
                "restart with the key that took the place of this one",
            )
        return found

    def begin_change(self) -> None:
        """Puts a new key in front; does nothing when that was begun before."""
        assert self._path is not None, "only a file is rewritten"
        if not self.is_changing:
            self._keys = (WrappingKey.new(), *self._keys)
            _write(self._path, self._keys)

    def end_change(self) -> None:
        """Forgets the older keys."""
        self._keys = self._keys[:1]
        if self._path is not None:
            _write(self._path, self._keys)

    def _first(self, ask: Callable[[WrappingKey], _T | None]) -> _T | None:
        """Returns the first answer of a key; looks into the file again, which another process may have changed."""
        found = _first_answer(ask, self._keys)
        if found is None and self._path is not None:
            self._keys = _read(self._path)
            found = _first_answer(ask, self._keys)
        return found


def _first_answer(ask: Callable[[WrappingKey], _T | None], keys: Sequence[WrappingKey]) -> _T | None:
    return next((found for key in keys if (found := ask(key)) is not None), None)


def key_ring(directory: Path, environment: Mapping[str, str], *, may_create: bool) -> KeyRing:
    """Returns the keys of the environment, else those of `names.kek` in a directory.

    Raises:
      KeyRingError: when there are none and none may be made, or when others could read the file.
    """
    if text := environment.get(KEK_VARIABLE, ""):
        return KeyRing(None, text)
    path = directory / "names.kek"
    if not path.exists():
        if not may_create:
            raise KeyRingError(
                str(path), "the key is gone, and names were sealed with it", f"put it back, or set {KEK_VARIABLE}"
            )
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _create(path)
    return KeyRing(path)


def _create(path: Path) -> None:
    """Makes a key file unless another process is faster."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    _put(draft, (WrappingKey.new(),))
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    sync_path(path.parent)


def _write(path: Path, keys: Sequence[WrappingKey]) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    _put(draft, keys)
    draft.replace(path)
    sync_path(path.parent)


def _put(path: Path, keys: Sequence[WrappingKey]) -> None:
    path.unlink(missing_ok=True)
    write_new(path, "".join(f"{key.line}\n" for key in keys).encode("ascii"), mode=_MODE)


def _read(path: Path) -> tuple[WrappingKey, ...]:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise KeyRingError(str(path), f"others may read the key (mode {mode:03o})", f"chmod 600 {path}")
    return _keys_in(path.read_text(encoding="ascii", errors="replace"), str(path))


def _keys_in(text: str, where: str) -> tuple[WrappingKey, ...]:
    keys = []
    for word in text.replace(",", " ").split():
        try:
            key = base64.b64decode(word, validate=True)
        except binascii.Error:
            key = b""
        if len(key) != KEY_BYTES:
            raise KeyRingError(where, f"a key is not {KEY_BYTES} bytes in base64", _MAKE_ONE)
        keys.append(WrappingKey.of(key))
    if not keys:
        raise KeyRingError(where, "there is no key", _MAKE_ONE)
    return tuple(keys)
