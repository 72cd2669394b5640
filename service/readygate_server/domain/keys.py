"""Public keys and their lives. A key that ever signed stays listed, so that what it signed can still be judged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class KeyPurpose(StrEnum):
    """What a key signs. A key has one purpose, and no signature counts for another."""

    CERTIFICATE = "certificate"
    """Certificates, and the sets that keys are published in."""
    CHECKPOINT = "checkpoint"
    """Checkpoints of the log."""


class KeyStatus(StrEnum):
    """Whether a key signs now."""

    ACTIVE = "active"
    RETIRED = "retired"
    """It no longer signs; what it signed while it was active holds."""
    REVOKED = "revoked"
    """It is not to be trusted, whatever it signed."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key. Its id is `sha256:` and 64 hexadecimal digits over the key; times are seconds since 1970 in UTC."""

    id: str
    purpose: KeyPurpose
    algorithm: str
    pem: str
    status: KeyStatus
    not_before: int
    not_after: int | None = None
    """Until when it signed; None while it does."""

    def ended(self, status: KeyStatus, *, at: int) -> PublicKey:
        """Returns the key as it is listed once it no longer signs; an end that it already had stays."""
        return replace(self, status=status, not_after=at if self.not_after is None else self.not_after)

    def signed_at(self, moment: int, *, skew: int = 0) -> bool:
        """True when the key signed at a moment, give or take a skew of clocks."""
        return self.not_before - skew <= moment and (self.not_after is None or moment <= self.not_after + skew)


@dataclass(frozen=True, slots=True)
class KeySet:
    """All keys that ever signed, newest first. Each change makes a set with the next number."""

    number: int
    issued_at: int
    keys: tuple[PublicKey, ...]

    def active(self, purpose: KeyPurpose) -> PublicKey | None:
        """Returns the key that signs for a purpose now."""
        return next((key for key in self.keys if key.purpose is purpose and key.status is KeyStatus.ACTIVE), None)

    def find(self, key_id: str) -> PublicKey | None:
        """Returns a key by its id."""
        return next((key for key in self.keys if key.id == key_id), None)

    def trusted(self, purpose: KeyPurpose) -> tuple[PublicKey, ...]:
        """Returns the keys whose signatures count for a purpose: those that were not revoked."""
        return tuple(key for key in self.keys if key.purpose is purpose and key.status is not KeyStatus.REVOKED)

    def rotated(self, fresh: PublicKey, *, at: int, revoke: bool = False) -> KeySet:
        """Returns the set in which a fresh key signs, and the one before it is retired or revoked."""
        status = KeyStatus.REVOKED if revoke else KeyStatus.RETIRED
        before = self.active(fresh.purpose)
        rest = tuple(key.ended(status, at=at) if key is before else key for key in self.keys)
        return KeySet(self.number + 1, at, (fresh, *rest))

    def revoked(self, key_id: str, *, at: int) -> KeySet:
        """Returns the set in which a key is not to be trusted any more."""
        keys = tuple(key.ended(KeyStatus.REVOKED, at=at) if key.id == key_id else key for key in self.keys)
        return KeySet(self.number + 1, at, keys)

    def lost_since(self, older: KeySet) -> str:
        """Returns why this set can not come after an older one; empty when it can.

        No key may be left out or changed, and none that was revoked may come back.
        """
        if self.number <= older.number:
            return f"its number is {self.number}, expected more than {older.number}"
        for key in older.keys:
            kept = self.find(key.id)
            if kept is None:
                return f"the key {key.id} is left out"
            if (kept.purpose, kept.algorithm, kept.pem) != (key.purpose, key.algorithm, key.pem):
                return f"the key {key.id} is not what it was"
            if key.status is KeyStatus.REVOKED and kept.status is not KeyStatus.REVOKED:
                return f"the key {key.id} was revoked and is {kept.status} again"
        return ""
