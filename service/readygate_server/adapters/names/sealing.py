"""Cuts the names out of requests, seals each under its person's key, and puts them back."""

from __future__ import annotations

import asyncio
import hmac
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from google.protobuf.descriptor import Descriptor

from readygate.v1.gate_service_pb2 import EvaluateRequest
from readygate_server.adapters.names.sealed_names import NONCE_BYTES as SALT_NONCE_BYTES
from readygate_server.adapters.names.sealed_names import SealedNames, pack, unpack
from readygate_server.adapters.names.vault import NONCE_BYTES, PersonKey, Vault, open_with, salt_of
from readygate_server.adapters.names.wire import Span, fill, find_names
from readygate_server.adapters.storage.gathering import Gathering
from readygate_server.domain.errors import LimitExceededError
from readygate_server.domain.record import Payload

MOST_NAMES: Final = 20_000
"""Different names in a request. One without repeated fields can not hold more than 16,603."""
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class SealedRequest:
    """A request whose names are sealed, ready to be recorded."""

    redacted: bytes
    """The request with every byte of a name as `*`."""
    names: bytes
    """The sealed names with their places, and what the salt is made of together with the keys."""
    _people: tuple[PersonKey, ...] = field(repr=False)
    _salt: bytes = field(repr=False)

    def commit(self, text: bytes) -> bytes:
        """Returns HMAC-SHA-256 over a text with the record's salt, which goes with the first name that is erased."""
        return hmac.digest(self._salt, text, "sha256")

    def fingerprint(self, request: bytes, request_id: str) -> bytes:
        """Returns what is the same for the same request under the same id, and for no other."""
        return _fingerprint(self._people, request, request_id)


class _Cut(NamedTuple):
    """The names of a request: where they stand, the different ones, and which of these stands where."""

    spans: list[Span]
    texts: tuple[bytes, ...]
    which: list[int]

    @property
    def names(self) -> list[str]:
        """The different ones as text."""
        return [text.decode() for text in self.texts]


class RequestSealer:
    """Seals the names in requests of one type, and opens them."""

    def __init__(self, vault: Vault, message: Descriptor = EvaluateRequest.DESCRIPTOR) -> None:
        """Takes the keys."""
        self._vault = vault
        self._message = message
        self._fetching = Gathering(self._fetched)

    def seal(self, request: bytes, *, caller: str) -> SealedRequest:
        """Returns a request, which has been parsed before, with its names sealed.

        The caller has a share in the salt like everybody who is named, because the record commits to it, too. Keys of
        names that are new are durable when this returns.

        Raises:
          LimitExceededError: when it holds too many different names.
          RecordUnavailableError: when the keys can not be had.
        """
        cut = self._cut(request)
        return _sealed(request, cut, self._vault.keys_of([*cut.names, caller]))

    async def seal_soon(self, request: bytes, *, caller: str) -> SealedRequest:
        """Seals like `seal`, and lets others go on while keys are read or made durable."""
        cut = self._cut(request)
        names = [*cut.names, caller]
        keys: Sequence[PersonKey] | None = self._vault.held(names)
        if keys is None:
            keys = await self._fetching.answer(tuple(names))
        return _sealed(request, cut, keys)

    def fingerprint(self, request: bytes, *, caller: str, request_id: str) -> bytes:
        """Returns the fingerprint of a request without sealing it, to be held against the one that was recorded.

        A hash under a key of the server would let whoever has that key find an erased name by guessing. This one hangs
        on the keys of everybody who is named, so that after an erasure nobody can compute it.
        """
        names = {request[start : start + size].decode(): None for start, size in find_names(request, self._message)}
        people = {key.reference: key for key in self._vault.keys_of([*names, caller])}
        return _fingerprint(tuple(people.values()), request, request_id)

    def open(self, payload: Payload) -> tuple[bytes, bool]:
        """Returns a request as received and True, or with `*` for the names that were erased and False."""
        names = unpack(payload.names)
        texts = self._texts(names)
        return self._filled(payload.request, names, texts), None not in texts

    def for_replay(self, payload: Payload, people: dict[str, int] | None = None) -> bytes:
        """Returns a request whose erased names have stand-ins: the same for the same person, and for others another.

        So sources that disagreed about who somebody is still do. Payloads that are compared with each other share
        `people`, which gives each erased person a number.
        """
        names = unpack(payload.names)
        numbers: dict[str, int] = {} if people is None else people
        texts: list[bytes | None] = [
            text if text is not None else _stand_in(numbers.setdefault(names.people[person], len(numbers)), length)
            for text, (person, _), length in zip(self._texts(names), names.texts, names.lengths, strict=True)
        ]
        return self._filled(payload.request, names, texts)

    def commitment(self, names: bytes, text: bytes) -> bytes | None:
        """Returns what a record with these sealed names commits to for a text; None when a name of it was erased."""
        opened = unpack(names)
        salt = self._vault.salt(opened.people, opened.nonce)
        return hmac.digest(salt, text, "sha256") if salt is not None else None

    async def _fetched(self, asked: Collection[tuple[str, ...]]) -> Mapping[tuple[str, ...], Sequence[PersonKey]]:
        """Returns the keys of all who wait for some; what is new of them is made durable at once."""
        names = list(dict.fromkeys(name for each in asked for name in each))
        keys = dict(zip(names, await asyncio.to_thread(self._vault.keys_of, names), strict=True))
        return {each: [keys[name] for name in each] for each in asked}

    def _cut(self, request: bytes) -> _Cut:
        spans = find_names(request, self._message)
        numbers: dict[bytes, int] = {}
        which = [numbers.setdefault(request[start : start + size], len(numbers)) for start, size in spans]
        if len(numbers) > MOST_NAMES:
            raise LimitExceededError("names of persons", MOST_NAMES, len(numbers))
        return _Cut(spans, tuple(numbers), which)

    def _texts(self, names: SealedNames) -> list[bytes | None]:
        keys = self._vault.keys_by_reference(names.people)
        by_place: list[PersonKey | None] = [keys[each] for each in names.people]
        return [
            open_with(key, cipher, names.nonce) if (key := by_place[person]) is not None else None
            for person, cipher in names.texts
        ]

    def _filled(self, redacted: bytes, names: SealedNames, texts: list[bytes | None]) -> bytes:
        spans = [(start, names.lengths[text]) for start, text in zip(names.starts, names.which, strict=True)]
        return fill(redacted, spans, [texts[text] for text in names.which]) if spans else redacted


def _sealed(request: bytes, cut: _Cut, keys: Sequence[PersonKey]) -> SealedRequest:
    people = {key.reference: key for key in keys}
    places = {reference: place for place, reference in enumerate(people)}
    noise = os.urandom(SALT_NONCE_BYTES + NONCE_BYTES * len(cut.texts))
    nonce = noise[:SALT_NONCE_BYTES]
    sealed = []
    for number, (text, key) in enumerate(zip(cut.texts, keys, strict=False)):
        at = SALT_NONCE_BYTES + NONCE_BYTES * number
        iv = noise[at : at + NONCE_BYTES]
        sealed.append((places[key.reference], iv + key.aead.encrypt(iv, text, nonce)))
    names = SealedNames(nonce, tuple(people), sealed, [start for start, _ in cut.spans], cut.which)
    redacted = fill(request, cut.spans, [None] * len(cut.spans)) if cut.spans else request
    held = tuple(people.values())
    return SealedRequest(redacted, pack(names), held, salt_of(held, nonce))


def _fingerprint(people: Sequence[PersonKey], request: bytes, request_id: str) -> bytes:
    return hmac.digest(salt_of(people, b"readygate request\0" + request_id.encode()), request, "sha256")


def _stand_in(person: int, length: int) -> bytes:
    """Returns a text of a length that tells persons of one record apart; spaces at its end do not count."""
    digits = ""
    while person or not digits:
        person, digit = divmod(person, len(_DIGITS))
        digits += _DIGITS[digit]
    return f"*{digits}".ljust(length)[:length].encode()
