"""A key per person: what is sealed with it is readable for as long as the key is there, and not a moment longer."""

from __future__ import annotations

import hmac
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from readygate_server.adapters.names.database import NamesDatabase, open_database
from readygate_server.adapters.names.key_file import KEY_BYTES, KeyRing, KeyRingError, key_ring
from readygate_server.adapters.proposals.personal import same_name
from readygate_server.adapters.storage.errors import StoreRefusedError
from readygate_server.domain.errors import RecordUnavailableError
from readygate_server.domain.record import Erasure, SealedText

LIFETIME_SECONDS: Final = 60.0
"""How long a process may use a key that another one has erased."""
CAPACITY: Final = 10_000
"""Keys that a process holds open."""
NONCE_BYTES: Final = 12
_REFERENCE_BYTES: Final = 16
_LOOKUP_KEY: Final = "lookup_key"
_KEK: Final = "kek"
_DIGEST: Final = "sha256"


@dataclass(frozen=True, slots=True)
class PersonKey:
    """An open key of a person."""

    reference: str
    aead: AESGCM = field(repr=False)
    salt: bytes = field(repr=False)
    """Share of the person in salts."""

    @classmethod
    def of(cls, reference: str, key: bytes) -> PersonKey:
        """Derives what the key is used for, so that no two uses share one."""
        return cls(
            reference,
            AESGCM(hmac.digest(key, b"readygate names seal 1", _DIGEST)),
            hmac.digest(key, b"readygate names salt 1", _DIGEST),
        )


def open_with(key: PersonKey, cipher: bytes, of: bytes) -> bytes:
    """Opens what was sealed with a key; raises RecordUnavailableError when it is damaged."""
    try:
        return key.aead.decrypt(cipher[:NONCE_BYTES], cipher[NONCE_BYTES:], of)
    except InvalidTag as error:
        raise RecordUnavailableError(f"names: what was sealed for {key.reference} is damaged") from error


def salt_of(keys: Sequence[PersonKey], nonce: bytes) -> bytes:
    """Returns the salt that these keys give together; whoever lacks one of them knows nothing about it."""
    return hmac.digest(b"".join(key.salt for key in keys), nonce, _DIGEST)


_Held = TypeVar("_Held", tuple[PersonKey, float], tuple[PersonKey | None, float])


class Vault:
    """Fills the port NameVault. May be used by several threads; every method raises RecordUnavailableError.

    A key that was erased here is forgotten at once; one that another process erased, within `lifetime` seconds.
    """

    def __init__(
        self,
        database: NamesDatabase,
        ring: KeyRing,
        *,
        lifetime: float = LIFETIME_SECONDS,
        capacity: int = CAPACITY,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Takes the rows, and the key that wraps them; raises KeyRingError when it is another one."""
        self._database = database
        self._ring = ring
        self._lifetime = lifetime
        self._capacity = capacity
        self._now = now
        self._lock = threading.Lock()
        # Of a plain dict it takes the longer to find the first key, the more were taken out before.
        self._by_name: OrderedDict[str, tuple[PersonKey, float]] = OrderedDict()
        self._by_reference: OrderedDict[str, tuple[PersonKey | None, float]] = OrderedDict()
        if database.is_empty:
            lookup_key = ring.newest.wrap(os.urandom(KEY_BYTES), _LOOKUP_KEY)
            database.begin({_KEK: ring.newest.id.encode(), _LOOKUP_KEY: lookup_key})
        self._lookup_key = ring.unwrap(database.setting(_LOOKUP_KEY) or b"", _LOOKUP_KEY)

    @classmethod
    def at(cls, place: Path | str, keys: Path, environment: Mapping[str, str] | None = None) -> Vault:
        """Opens the vault in a directory or at a PostgreSQL URL, with the key file in the directory `keys`.

        Raises:
          KeyRingError: when the key that wraps the others can not be had.
          StoreRefusedError: when the database can not be reached, or is of a newer version.
        """
        try:
            with ExitStack() as undo:  # what was opened is closed, unless all of it succeeds
                database = open_database(place)
                undo.callback(database.close)
                ring = key_ring(keys, os.environ if environment is None else environment, may_create=database.is_empty)
                vault = cls(database, ring)
                undo.pop_all()
                return vault
        except RecordUnavailableError as error:
            raise StoreRefusedError(f"the names can not be opened: {error.detail}") from error

    def close(self) -> None:
        """Forgets all keys and lets go of the database."""
        self._forget(lambda _: True)
        self._database.close()

    def reference(self, name: str) -> str:
        """Returns the random reference of a person or service, made durable on first sight."""
        return self.keys_of([name])[0].reference

    def known(self, name: str) -> str | None:
        """Returns the reference of a name that was seen before and not erased."""
        if (held := self._by_name.get(name)) is not None and held[1] > self._now():
            return held[0].reference
        lookup = self._lookup(name)
        found = self._database.by_lookup([lookup]).get(lookup)
        return found[0] if found is not None else None

    def seal(self, name: str, text: bytes) -> SealedText:
        """Seals a text under the key of a name."""
        (key,) = self.keys_of([name])
        nonce = os.urandom(NONCE_BYTES)
        return SealedText(key.reference, nonce + key.aead.encrypt(nonce, text, key.reference.encode()))

    def open(self, sealed: SealedText) -> bytes | None:
        """Opens a text; None when its person was erased."""
        key = self.keys_by_reference([sealed.person])[sealed.person]
        return None if key is None else open_with(key, sealed.cipher, sealed.person.encode())

    def secret(self, purpose: str) -> bytes:
        """Returns a secret that every server with this vault shares, and that no rotation of keys changes."""
        return hmac.digest(self._lookup_key, f"readygate secret 1 {purpose}".encode(), _DIGEST)

    def salt(self, people: Sequence[str], nonce: bytes) -> bytes | None:
        """Returns the salt that the keys of these references give together with a nonce; None without one of them."""
        keys = self.keys_by_reference(people)
        held = [keys[each] for each in people]
        return salt_of([key for key in held if key is not None], nonce) if None not in held else None

    def erase(self, name: str, *, reason: str) -> Erasure | None:
        """Deletes the key of a name for good and notes that it was erased; None when nobody knows it."""
        reference = self._database.erase(self._lookup(name), reason)
        if reference is None:
            return None
        self._forget(lambda held: held == reference)
        return Erasure(reference, reason)

    def erased(self) -> Sequence[Erasure]:
        """Returns all erasures that were done here."""
        return [Erasure(*each) for each in self._database.erased()]

    def forget(self, erasures: Sequence[Erasure]) -> int:
        """Deletes keys that were erased before and came back with a backup; returns how many."""
        references = {each.person for each in erasures}
        removed = self._database.remove(erasures) if erasures else 0
        self._forget(references.__contains__)
        return removed

    def keys_of(self, names: Sequence[str]) -> list[PersonKey]:
        """Returns the keys of names, in their order; those that are new are durable when this returns."""
        held = self.held(names)
        return self._fetched(names) if held is None else held

    def held(self, names: Sequence[str]) -> list[PersonKey] | None:
        """Returns the keys of names when all of them are open already; None otherwise."""
        now, held = self._now(), self._by_name
        try:
            found = [held[name] for name in names]
        except KeyError:
            return None
        return [key for key, _ in found] if all(until > now for _, until in found) else None

    def keys_by_reference(self, references: Sequence[str]) -> dict[str, PersonKey | None]:
        """Returns keys by reference, None for persons that were erased."""
        now = self._now()
        found: dict[str, PersonKey | None] = {}
        for each in references:
            if (held := self._by_reference.get(each)) is not None and held[1] > now:
                found[each] = held[0]
        if absent := [each for each in references if each not in found]:
            wrapped = self._database.by_reference(absent)
            for each in absent:
                key = PersonKey.of(each, self._unwrap(wrapped[each], each)) if each in wrapped else None
                # An erased reference never comes back.
                with self._lock:
                    self._hold(self._by_reference, each, (key, now + self._lifetime if key else float("inf")))
                found[each] = key
        return found

    def replace_wrapping_key(self) -> int:
        """Wraps all keys with a new key, so that copies of the old rows are of no use without the old one.

        It can be repeated after a crash, and goes on where it was. With the keys in the environment, the new one has
        to stand before the old one there.

        Returns:
          How many keys were wrapped anew.
        """
        if self._ring.is_file:
            self._ring.begin_change()
        to = self._ring.newest
        count = 0
        with self._database.rewrapping() as rows:
            if rows.setting(_KEK) != to.id.encode():
                for reference, wrapped in rows.rows():
                    rows.replace(reference, to.wrap(self._unwrap(wrapped, reference), reference))
                    count += 1
                rows.set(_LOOKUP_KEY, to.wrap(self._lookup_key, _LOOKUP_KEY))
                rows.set(_KEK, to.id.encode())
        self._ring.end_change()
        return count

    def _fetched(self, names: Sequence[str]) -> list[PersonKey]:
        until = self._now() + self._lifetime
        lookups = {name: self._lookup(name) for name in names}
        made: dict[str, bytes] = {}
        rows = self._database.by_lookup(list(dict.fromkeys(lookups.values())))
        if new := list(dict.fromkeys(lookup for lookup in lookups.values() if lookup not in rows)):
            with self._database.adding() as (kek, adding):
                wrapping = self._ring.get(kek)  # the one in use, which a change of keys has not replaced
                made = {os.urandom(_REFERENCE_BYTES).hex(): os.urandom(KEY_BYTES) for _ in new}
                fresh = [
                    (ref, lookup, wrapping.wrap(key, ref)) for (ref, key), lookup in zip(made.items(), new, strict=True)
                ]
                rows |= adding.add(fresh)
        keys = {
            lookup: PersonKey.of(ref, made.get(ref) or self._unwrap(wrapped, ref))
            for lookup, (ref, wrapped) in rows.items()
        }
        with self._lock:
            for name, lookup in lookups.items():
                self._hold(self._by_name, name, (keys[lookup], until))
                self._hold(self._by_reference, keys[lookup].reference, (keys[lookup], until))
        return [keys[lookups[name]] for name in names]

    def _lookup(self, name: str) -> bytes:
        return hmac.digest(self._lookup_key, same_name(name).encode("utf-8", "surrogatepass"), _DIGEST)

    def _unwrap(self, wrapped: bytes, of: str) -> bytes:
        try:
            return self._ring.unwrap(wrapped, of)
        except KeyRingError as error:
            raise RecordUnavailableError(str(error)) from error

    def _hold(self, cache: OrderedDict[str, _Held], key: str, value: _Held) -> None:
        cache.pop(key, None)
        while len(cache) >= self._capacity:
            cache.popitem(last=False)
        cache[key] = value

    def _forget(self, is_meant: Callable[[str], bool]) -> None:
        with self._lock:
            for name in [name for name, (key, _) in self._by_name.items() if is_meant(key.reference)]:
                del self._by_name[name]
            for reference in [each for each in self._by_reference if is_meant(each)]:
                del self._by_reference[reference]
