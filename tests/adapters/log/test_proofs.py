"""Proofs in files, the growth of a log since a checkpoint, and the keys that are trusted for both."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from tests.fake_log import KEY, ORIGIN, SIGNER, entry_bytes

from readygate_server.adapters.log.checkpoint import Ed25519CheckpointSigner, read_checkpoint
from readygate_server.adapters.log.findings import is_sound
from readygate_server.adapters.log.growth import check_growth
from readygate_server.adapters.log.note import NoteError
from readygate_server.adapters.log.proof_file import ProofFile, check_proof, read_proof
from readygate_server.adapters.log.trust import TrustedKeys
from readygate_server.adapters.signing.key_sets import key_set_text
from readygate_server.adapters.signing.store import init_keys, read_current, revoke_key, rotate_key
from readygate_server.domain.keys import KeyPurpose, KeyStatus
from readygate_server.domain.merkle import consistency_proof, extend, frontier, inclusion_proof, leaf_hash, root_of

TRUSTED = TrustedKeys(frozenset([SIGNER.key.public]), origin=ORIGIN)
STRANGER = TrustedKeys(frozenset([Ed25519PrivateKey.from_private_bytes(b"\2" * 32).public_key().public_bytes_raw()]))
ENTRIES = [entry_bytes(number) for number in range(20)]
NODES = extend(0, [leaf_hash(entry) for entry in ENTRIES], {})


def note(size: int, signer: Ed25519CheckpointSigner = SIGNER) -> str:
    """Returns the checkpoint of a size."""
    return signer.sign(size, root_of(size, {node: NODES[node] for node in frontier(size)}))


def proof(index: int = 5, size: int = 13) -> ProofFile:
    """Returns the proof of an entry."""
    return ProofFile(ENTRIES[index], index, inclusion_proof(index, size, NODES), note(size))


@pytest.mark.parametrize(("index", "size"), [(0, 1), (0, 2), (5, 13), (12, 13), (19, 20)])
def test_a_proof_holds_by_itself(index: int, size: int) -> None:
    """The file has all that is needed beside the key, and reads as it was written."""
    written = proof(index, size).text

    read = read_proof(written)
    steps = check_proof(read, TRUSTED)

    assert read.text == written
    assert is_sound(steps)
    assert [step.title for step in steps] == ["Checkpoint", "Inclusion", "Entry"]
    assert f'"personRef": "person-{index}"' in steps[2].said


def test_a_proof_is_written_as_the_format_says() -> None:
    """First line, entry, index, hashes from the leaf up, an empty line, and the checkpoint as it is."""
    first, extra, index, *hashes = proof().text.partition("\n\n")[0].split("\n")

    assert first == "c2sp.org/tlog-proof@v1"
    assert extra.startswith("extra ")
    assert index == "index 5"
    assert len(hashes) == 4
    assert proof().text.endswith(f"\n\n{note(13)}")


@given(st.integers(0, len(proof().text.encode()) - 1), st.integers(0, 7))
def test_a_proof_with_one_flipped_bit_never_holds(place: int, bit: int) -> None:
    """Wherever a bit flips, in the entry, the index, a hash or the checkpoint, the proof is refused or has a fault."""
    raw = bytearray(proof().text.encode())
    raw[place] ^= 1 << bit
    try:
        read = read_proof(raw.decode())
    except (UnicodeDecodeError, NoteError):
        return
    assert not is_sound(check_proof(read, TRUSTED))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "does not begin with"),
        (proof().text.replace("@v1", "@v2"), "does not begin with"),
        (proof().text.replace("extra ", "other "), "its second line is"),
        (proof().text.replace("extra C", "extra !"), "its second line is"),
        (proof().text.replace("index 5", "index 05"), "its third line is"),
        (proof().text.replace("index 5\n", "index 5\nAAAA\n"), "expected at most 63 of 32 bytes"),
        (proof().text.replace("index 5\n", "index 5\n" + f"{'A' * 43}=\n" * 60), "it has 64 hashes"),
        (proof().text.replace("\n13\n", "\n013\n"), "its size is '013'"),
    ],
)
def test_what_is_no_proof_is_refused_with_its_reason(text: str, why: str) -> None:
    """Each way of not being a proof is told apart."""
    with pytest.raises(NoteError, match=why):
        read_proof(text)


def test_a_proof_of_an_untrusted_log_is_found() -> None:
    """Without the right key the way to the root leads nowhere that counts."""
    assert check_proof(proof(), STRANGER)[0].count == 1
    unchecked = check_proof(proof(), None)
    assert is_sound(unchecked)
    assert not unchecked[0].is_checked


def test_bytes_that_are_no_entry_are_found() -> None:
    """A proof may hold for bytes that say nothing."""
    nodes = extend(0, [leaf_hash(b"\xff")], {})
    proven = ProofFile(b"\xff", 0, (), SIGNER.sign(1, root_of(1, nodes)))

    assert [step.count for step in check_proof(proven, TRUSTED)] == [0, 0, 1]


def prove(first: int, second: int) -> Sequence[bytes]:
    """Returns the consistency proof of the log here."""
    return consistency_proof(first, second, NODES)


@pytest.mark.parametrize(("first", "second"), [(1, 20), (6, 13), (8, 20), (13, 13)])
def test_a_log_that_only_grew_is_sound(first: int, second: int) -> None:
    """The proof leads from the tree that was kept to the newest one."""
    steps = check_growth(kept=note(first), newest=note(second), prove=prove, trusted=TRUSTED)

    assert is_sound(steps)
    assert steps[2].said.startswith(f"from {first} to {second} leaves")


def test_a_log_that_shrank_is_found() -> None:
    """A server that has fewer entries than it signed before has lost or hidden some; no proof is asked for."""
    steps = check_growth(kept=note(13), newest=note(12), prove=lambda *_: pytest.fail("asked"), trusted=TRUSTED)

    assert str(steps[2].faults[0]) == "size: expected at least 13 leaves, found 12"


@pytest.mark.parametrize("size", [13, 20])
def test_a_log_with_another_past_is_found(size: int) -> None:
    """A tree in which one early entry is another one does not grow from what was kept, whatever proof is offered."""
    other = extend(0, [leaf_hash(b"rewritten"), *(leaf_hash(entry) for entry in ENTRIES[1:])], {})
    newest = SIGNER.sign(size, root_of(size, {node: other[node] for node in frontier(size)}))

    for nodes in (NODES, other):
        steps = check_growth(
            kept=note(13),
            newest=newest,
            prove=lambda first, second, nodes=nodes: consistency_proof(first, second, nodes),  # type: ignore[misc]
            trusted=TRUSTED,
        )
        assert [step.count for step in steps] == [0, 0, 1]


def test_the_checkpoint_of_another_log_is_found() -> None:
    """A server may not answer with the checkpoint of another log, though the same key signed it."""
    elsewhere = Ed25519CheckpointSigner("gate.example.org/other", KEY)
    trusted = TrustedKeys(TRUSTED.keys)

    steps = check_growth(kept=note(6), newest=note(13, elsewhere), prove=prove, trusted=trusted)

    assert [step.count for step in steps] == [0, 1, 0]
    assert str(steps[1].faults[0]) == f"origin: expected {ORIGIN}, found gate.example.org/other"


def test_keys_are_read_in_every_form_that_auditors_have(tmp_path: Path) -> None:
    """PEM, several PEM, a line of name, id and key, a key set, and a key set in its envelope."""
    init_keys(tmp_path)
    key_set, envelope = read_current(tmp_path)
    pem = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    checkpoint = key_set.active(KeyPurpose.CHECKPOINT)
    assert checkpoint is not None
    listed = TrustedKeys.read(checkpoint.pem)

    assert TrustedKeys.read(pem) == TrustedKeys(frozenset([SIGNER.key.public]))
    assert TrustedKeys.read(pem + checkpoint.pem).keys == {SIGNER.key.public} | listed.keys
    assert TrustedKeys.read(f"{SIGNER.key}\n") == TRUSTED
    assert TrustedKeys.read(envelope) == TrustedKeys.read(key_set_text(key_set)) == listed


def test_retired_keys_are_trusted_and_revoked_ones_are_not(tmp_path: Path) -> None:
    """Of a key set those keys count that were not revoked, and certificate keys never do."""
    init_keys(tmp_path)
    rotate_key(tmp_path, KeyPurpose.CHECKPOINT)
    rotated = rotate_key(tmp_path, KeyPurpose.CHECKPOINT)
    retired = [key for key in rotated.keys if key.purpose is KeyPurpose.CHECKPOINT and key.status is KeyStatus.RETIRED]
    assert len(TrustedKeys.of(rotated).keys) == 3

    trusted = TrustedKeys.of(revoke_key(tmp_path, retired[0].id))

    assert (len(trusted.keys), len(trusted.revoked)) == (2, 1)
    [revoked] = trusted.revoked
    assert revoked not in TrustedKeys(frozenset([revoked])).joined([trusted]).keys


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is of 0 logs"),
        ("{}", "the key set can not be trusted"),
        ("{", "the key set can not be trusted"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "its PEM is no public key"),
        (f"{SIGNER.key}\n{Ed25519CheckpointSigner('other.example', KEY).key}\n", "it is of 2 logs"),
        ("nonsense", "expected NAME\\+ID\\+KEY"),
    ],
)
def test_what_is_no_key_is_refused_with_its_reason(text: str, why: str) -> None:
    """Nothing is checked with a key that could not be read."""
    with pytest.raises(NoteError, match=why):
        TrustedKeys.read(text)


def test_a_key_that_can_not_sign_checkpoints_is_refused() -> None:
    """Certificates are signed by other keys than checkpoints, and one does not stand for the other."""
    pem = generate_private_key(SECP256R1()).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    with pytest.raises(NoteError, match="checkpoints are signed by Ed25519"):
        TrustedKeys.read(pem.decode())


def test_keys_of_two_logs_do_not_go_together() -> None:
    """Whoever names one log and gives the key of another is told so."""
    with pytest.raises(
        NoteError, match=r"the keys are of the logs gate\.example\.org/records, other\.example, expected one"
    ):
        TRUSTED.joined([], origin="other.example")
    assert TRUSTED.joined([STRANGER]).origin == ORIGIN


@given(
    st.text()
    | st.lists(st.sampled_from([*note(13).splitlines(), *proof().text.splitlines(), "", "{", "-----BEGIN X-----"])).map(
        "\n".join
    )
)
def test_text_that_is_none_of_all_these_is_refused_and_nothing_else_happens(text: str) -> None:
    """Whatever somebody passes off as a checkpoint, a proof or a key ends in the one error that is meant for it."""
    for read in (read_checkpoint, read_proof, TrustedKeys.read):
        with suppress(NoteError):
            read(text)
        with suppress(NoteError):
            read(f"{text}\n\n{note(13)}")
