"""Signed notes and checkpoints: byte for byte those of other implementations, and nothing else passes."""

from __future__ import annotations

import base64
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from readygate_server.adapters.log.checkpoint import (
    Checkpoint,
    Ed25519CheckpointSigner,
    head_of,
    open_checkpoint,
    read_checkpoint,
)
from readygate_server.adapters.log.note import NoteError, NoteKey, read_note, sign_note

# The example of Go's note package, golang.org/x/mod/sumdb/note, note_test.go: key, text and signature.
GO_VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_SECRET = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"  # noqa: S105 -- published
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)

ORIGIN = "gate.example.org/records"
ROOT = sha256(b"root").digest()
OLD, NEW, STRANGER = (Ed25519PrivateKey.from_private_bytes(bytes([each]) * 32) for each in (1, 2, 3))
NOTE = Ed25519CheckpointSigner(ORIGIN, OLD).sign(7, ROOT)


def key(private: Ed25519PrivateKey, name: str = ORIGIN) -> NoteKey:
    """Returns the public side of a key."""
    return NoteKey.of(name, private.public_key())


def test_a_note_is_byte_for_byte_that_of_another_implementation() -> None:
    """The published key signs the published text to the published note, and the note opens with the public key."""
    secret = Ed25519PrivateKey.from_private_bytes(base64.b64decode(GO_SECRET)[1:])
    verifier = NoteKey.parse(GO_VERIFIER)

    assert sign_note(GO_TEXT, [("PeterNeumann", secret)]) == GO_TEXT + "\n" + GO_LINE
    assert read_note(GO_TEXT + "\n" + GO_LINE).signers([verifier]) == (verifier,)
    assert str(verifier) == GO_VERIFIER


def test_a_checkpoint_is_three_lines_and_a_signature() -> None:
    """The text is origin, size and root; the signature line carries name, key id and signature."""
    text, line = NOTE.split("\n\n")
    name, signature = line.removeprefix("— ").split()

    assert text == f"{ORIGIN}\n7\n{base64.b64encode(ROOT).decode()}"
    assert name == ORIGIN
    public = OLD.public_key().public_bytes_raw()
    assert base64.b64decode(signature)[:4] == sha256(ORIGIN.encode() + b"\n\x01" + public).digest()[:4]
    OLD.public_key().verify(base64.b64decode(signature)[4:], (text + "\n").encode())


def test_a_checkpoint_opens_with_the_key_of_its_log() -> None:
    """What was signed comes back, and its note as it was."""
    assert open_checkpoint(NOTE, [key(OLD)], origin=ORIGIN) == Checkpoint(ORIGIN, 7, ROOT)
    assert (head_of(NOTE).size, head_of(NOTE).root, head_of(NOTE).note) == (7, ROOT, NOTE)


@pytest.mark.parametrize("private", [OLD, NEW])
def test_checkpoints_from_before_and_after_a_rotation_open_with_the_same_keys(private: Ed25519PrivateKey) -> None:
    """Whoever trusts the old and the new key reads both."""
    note = Ed25519CheckpointSigner(ORIGIN, private).sign(7, ROOT)

    assert open_checkpoint(note, [key(OLD), key(NEW)]).size == 7


def test_a_signer_takes_the_key_of_now() -> None:
    """A key that is rotated while the server runs signs the next checkpoint."""
    keys = iter([OLD, NEW])
    signer = Ed25519CheckpointSigner(ORIGIN, lambda: next(keys))

    assert open_checkpoint(signer.sign(7, ROOT), [key(OLD)]).size == 7
    assert open_checkpoint(signer.sign(8, ROOT), [key(NEW)]).size == 8


def test_a_note_of_two_keys_opens_with_either() -> None:
    """While a key is rotated, old and new may both sign; a reader needs only one of them."""
    note = sign_note(Checkpoint(ORIGIN, 7, ROOT).text, [(ORIGIN, OLD), (ORIGIN, NEW)])

    assert open_checkpoint(note, [key(OLD)]) == open_checkpoint(note, [key(NEW)])
    assert read_note(note).signers([key(NEW), key(OLD)]) == (key(OLD), key(NEW))


def test_signatures_of_strangers_are_passed_over() -> None:
    """A witness adds a line of its own, and that changes nothing for those who do not know it."""
    note = sign_note(Checkpoint(ORIGIN, 7, ROOT).text, [("witness.example", STRANGER), (ORIGIN, OLD)])

    assert open_checkpoint(note, [key(OLD)]).size == 7


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ([], "the keys to trust are none"),
        ([key(STRANGER)], "the keys to trust are gate.example.org/records"),
        ([key(OLD, "other.example/log")], "the keys to trust are none"),
    ],
)
def test_a_checkpoint_of_no_trusted_key_is_refused(keys: list[NoteKey], why: str) -> None:
    """No key, another key, and the same key under the name of another log: none opens it."""
    with pytest.raises(NoteError, match=why):
        open_checkpoint(NOTE, keys)


def test_a_checkpoint_of_another_log_is_refused() -> None:
    """Both names are told."""
    with pytest.raises(NoteError, match=r"of the log gate\.example\.org/records, expected gate\.example\.org/other"):
        open_checkpoint(NOTE, [key(OLD)], origin="gate.example.org/other")


def test_a_signature_that_does_not_fit_refuses_the_note_whatever_else_signed_it() -> None:
    """One bad line of a trusted key is enough, though another trusted key signed well."""
    good = sign_note(Checkpoint(ORIGIN, 7, ROOT).text, [(ORIGIN, NEW)])
    other = sign_note(Checkpoint(ORIGIN, 8, ROOT).text, [(ORIGIN, OLD)])
    note = good + other.partition("\n\n")[2]

    with pytest.raises(NoteError, match="does not fit the text"):
        open_checkpoint(note, [key(OLD), key(NEW)])
    assert open_checkpoint(note, [key(NEW)]).size == 7  # who does not know the old key can not see it


@given(st.integers(0, len(NOTE.encode()) - 1), st.integers(0, 7))
def test_a_checkpoint_with_one_flipped_bit_never_opens(place: int, bit: int) -> None:
    """Wherever a bit flips, in the text, the name, the id or the signature, the checkpoint is refused."""
    raw = bytearray(NOTE.encode())
    raw[place] ^= 1 << bit
    try:
        changed = raw.decode()
    except UnicodeDecodeError:
        return

    with pytest.raises(NoteError):
        open_checkpoint(changed, [key(OLD)])


@pytest.mark.parametrize(
    ("note", "why"),
    [
        ("", "no signature lines"),
        ("text\n", "no signature lines"),
        (NOTE.rstrip("\n"), "no signature lines"),
        (NOTE.replace("\n", "\r\n"), "which no note may hold"),
        (NOTE.replace("gate", "\udc80ate"), "which no note may hold"),
        (NOTE + "\n", "no signature lines"),
        (NOTE.replace("— ", "- "), "expected '— NAME SIGNATURE'"),
        (NOTE + "— x+y AAAAAAAA\n", "expected '— NAME SIGNATURE'"),
        (NOTE + "— x AAAA\n", "expected '— NAME SIGNATURE'"),
        (NOTE + "— x AAAAAAB=\n", "expected '— NAME SIGNATURE'"),
        (NOTE + "— x AAAAAAAA\n" * 100, "101 signatures, the limit is 100"),
        ("a" * 1_000_001, "1000001 characters, the limit is 1000000"),
        (NOTE.replace("\n7\n", "\n07\n"), "its size is '07'"),
        (NOTE.replace("\n7\n", "\n-7\n"), "its size is '-7'"),
        (NOTE.replace("\n7\n", "\n\u0667\n"), "its size is '\u0667'"),
        (NOTE.replace("\n7\n", "\n7\n\n"), "an origin, a size and a root on a line each"),
        (NOTE.replace("\n7\n", "\n"), "an origin, a size and a root on a line each"),
        (NOTE.replace("\n7\n", "\n7\nAAAA\n"), "its root is 'AAAA', expected 32 bytes"),
    ],
)
def test_what_is_no_checkpoint_is_refused_with_its_reason(note: str, why: str) -> None:
    """Each way of not being a checkpoint is told apart."""
    with pytest.raises(NoteError, match=why):
        read_checkpoint(note)


def test_extension_lines_are_read_past() -> None:
    """A later version may add lines below the root; today's readers pass over them, and the signature covers them."""
    text = Checkpoint(ORIGIN, 7, ROOT).text + "later\n"

    assert open_checkpoint(sign_note(text, [(ORIGIN, OLD)]), [key(OLD)]) == Checkpoint(ORIGIN, 7, ROOT)


@pytest.mark.parametrize("origin", ["", "two words", "a+b", "line\nline", "a\u00a0b", "a\u200bb"])
def test_a_log_whose_name_no_note_can_carry_signs_nothing(origin: str) -> None:
    """A name with a newline would frame another checkpoint; spaces and plus signs break signature lines."""
    with pytest.raises(NoteError, match="expected a name such as"):
        Ed25519CheckpointSigner(origin, OLD)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PeterNeumann+c74f20a3",
        GO_VERIFIER.replace("c74f20a3", "c74f20a4"),
        GO_VERIFIER.replace("+ARpc", "+AhpC"),
        GO_VERIFIER[:-1],
        GO_VERIFIER.replace("Peter", "Pet er"),
    ],
)
def test_a_verifier_key_that_is_damaged_is_refused(text: str) -> None:
    """A key that was copied badly is noticed before anything is checked with it."""
    with pytest.raises(NoteError, match="the key can not be trusted"):
        NoteKey.parse(text)
