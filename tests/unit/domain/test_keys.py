"""The lives of keys: rotated, retired, revoked, and never forgotten."""

from __future__ import annotations

from dataclasses import replace

from readygate_server.domain.keys import KeyPurpose, KeySet, KeyStatus, PublicKey

NEVER = "sha256:never"


def key(name: str, purpose: KeyPurpose = KeyPurpose.CERTIFICATE, *, at: int = 100) -> PublicKey:
    """Returns a key that signs from a moment on."""
    return PublicKey(f"sha256:{name}", purpose, "ecdsa-p256-sha256", f"PEM of {name}", KeyStatus.ACTIVE, at)


LOG = key("log", KeyPurpose.CHECKPOINT)
FIRST = KeySet(1, 100, (key("a"), LOG))
SECOND = FIRST.rotated(key("b", at=200), at=200)


def test_a_rotation_retires_the_key_before() -> None:
    """After a rotation the fresh key signs, the one before is retired with its end, and other keys stay as they are."""
    old = SECOND.find("sha256:a")

    assert SECOND.active(KeyPurpose.CERTIFICATE) == key("b", at=200)
    assert old == replace(key("a"), status=KeyStatus.RETIRED, not_after=200)
    assert SECOND.active(KeyPurpose.CHECKPOINT) == LOG
    assert (SECOND.number, SECOND.issued_at) == (2, 200)


def test_a_revoked_key_is_listed_and_not_trusted() -> None:
    """A key that is revoked stays in the set; a retired one is trusted, and a revoked one is not."""
    third = SECOND.revoked("sha256:a", at=300)

    assert [each.id for each in SECOND.trusted(KeyPurpose.CERTIFICATE)] == ["sha256:b", "sha256:a"]
    assert [each.id for each in third.trusted(KeyPurpose.CERTIFICATE)] == ["sha256:b"]
    assert third.find("sha256:a") is not None


def test_the_end_of_a_retired_key_stays_when_it_is_revoked() -> None:
    """Revoking later does not move the moment until which a key signed."""
    third = SECOND.revoked("sha256:a", at=300)

    assert [each.not_after for each in third.keys if each.id == "sha256:a"] == [200]


def test_a_key_signs_between_its_ends() -> None:
    """A moment counts from the first to the last second of a key, widened by a skew on both sides."""
    retired = key("a").ended(KeyStatus.RETIRED, at=200)

    assert [retired.signed_at(moment) for moment in (99, 100, 200, 201)] == [False, True, True, False]
    assert [retired.signed_at(moment, skew=5) for moment in (94, 95, 205, 206)] == [False, True, True, False]
    assert key("a").signed_at(10**9)


def test_a_newer_set_forgets_nothing() -> None:
    """A set can not follow when a key is left out, changed, or trusted again after it was revoked."""
    revoked = SECOND.revoked("sha256:a", at=300)
    back = KeySet(4, 400, tuple(replace(each, status=KeyStatus.RETIRED, not_after=200) for each in revoked.keys))
    other = KeySet(3, 300, tuple(replace(each, pem="another") for each in SECOND.keys))

    assert SECOND.lost_since(FIRST) == ""
    assert "expected more than 2" in FIRST.lost_since(SECOND)
    assert KeySet(3, 300, SECOND.keys[:1]).lost_since(SECOND) == "the key sha256:a is left out"
    assert "is not what it was" in other.lost_since(SECOND)
    assert back.lost_since(revoked) == "the key sha256:a was revoked and is retired again"


def test_a_key_that_never_was_is_not_found() -> None:
    """Nothing is found under an id that no key has."""
    assert FIRST.find(NEVER) is None
