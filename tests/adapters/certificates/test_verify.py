"""A certificate is checked without a server; what is wrong with one is found by the step that is there for it.

Each test checks the sound certificate first, under the same expectations: so what it changes is what is refused.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner
from tests.certified import AUDIENCE, DAY, NOON, ORIGIN, Office, go, statement_of

from readygate.v1.record_pb2 import CertificateEntry, LogEntry
from readygate_server.adapters.certificates.report import Expected, ProposalDigest, Report, Result
from readygate_server.adapters.certificates.statement import PAYLOAD_TYPE
from readygate_server.adapters.certificates.verify import verify
from readygate_server.adapters.log.checkpoint import Ed25519CheckpointSigner, read_checkpoint
from readygate_server.adapters.proposals.dossier import dossier_of
from readygate_server.adapters.signing.canonical import canonical_text, moment_text
from readygate_server.adapters.signing.envelope import EnvelopeSigner
from readygate_server.adapters.signing.store import open_keys, rotate_key
from readygate_server.domain.keys import KeyPurpose, KeySet, KeyStatus
from readygate_server.domain.merkle import leaf_hash, node_hash

LAST = NOON + DAY // 2 - 1
"""The proposal of the tests is a go on the day itself only."""


@dataclass(frozen=True)
class Case:
    """A sound certificate, the key set that it is checked with, and what signed it."""

    bundle: str
    other: str
    """Certificate of another decision of the same log."""
    keys: KeySet
    signer: EnvelopeSigner
    checkpoint_key: Ed25519PrivateKey
    directory: Path

    def expected(self, **changes: Any) -> Expected:
        """Returns everything that can be expected, so that no step is skipped."""
        digest = ProposalDigest(f"sha256:{sha256(go()[0].SerializeToString()).hexdigest()}", of_bytes=True)
        checkpoint = json.loads(self.bundle)["checkpoint"]
        everything = Expected(self.keys, NOON, AUDIENCE, digest, checkpoint)
        return replace(everything, **changes)

    def changed(self, **changes: Any) -> str:
        """Returns the bundle with other members."""
        return json.dumps({**json.loads(self.bundle), **changes})

    def restated(self, change: Callable[[Any], object], **members: Any) -> str:
        """Returns the bundle with a changed statement, signed again by the right key."""
        statement = statement_of(self.bundle)
        change(statement)
        envelope = self.signer.sign(canonical_text(statement).encode(), PAYLOAD_TYPE)
        return self.changed(envelope=envelope.as_data(), **members)

    def refused(self, bundle: str, at: str, *, moment: int = NOON, **changes: Any) -> str:
        """Checks that the sound bundle passes every step and another is refused at a step; returns why."""
        sound = verify(self.bundle, self.expected())
        assert [step.result for step in sound.steps] == [Result.PASSED] * 12, sound.reason
        report = verify(bundle, self.expected(at=moment, **changes))
        results = [step.result for step in report.steps]
        found = results.index(Result.REFUSED)
        assert report.steps[found].name == at, report
        assert set(results[:found]) <= {Result.PASSED, Result.SKIPPED}
        assert set(results[found + 1 :]) <= {Result.NOT_REACHED}
        assert not report.is_valid
        return report.reason


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Returns a certificate of the first of two decisions."""
    directory = tmp_path_factory.mktemp("office")
    bundle, other = Office(directory).issue(go(), go())
    keys = open_keys(directory)
    return Case(bundle, other, keys.key_set, keys.certificate_signer, keys.checkpoint_key, directory)


def flipped(text: str) -> str:
    """Returns base64 with one bit of its bytes changed."""
    raw = bytearray(base64.b64decode(text))
    raw[-1] ^= 1
    return base64.b64encode(raw).decode()


def named(report: Report, name: str) -> tuple[Result, str]:
    """Returns what came of a step."""
    return next((step.result, step.detail) for step in report.steps if step.name == name)


def test_a_sound_certificate_passes_every_step(case: Case) -> None:
    """With everything to compare it with, all twelve steps pass, in their order."""
    report = verify(case.bundle, case.expected())

    assert report.is_valid
    assert [step.number for step in report.steps] == list(range(1, 13))
    assert {step.result for step in report.steps} == {Result.PASSED}
    assert report.predicate == statement_of(case.bundle)["predicate"]


def test_what_nothing_was_given_for_is_said_to_be_skipped(case: Case) -> None:
    """Without a proposal and an audience these two are not compared, and the report says so."""
    report = verify(case.bundle, Expected(case.keys, NOON))

    assert report.is_valid
    assert [step.name for step in report.steps if step.result is Result.SKIPPED] == ["audience", "proposal"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("no bundle", "it is not JSON"),
        ("{}", "its mediaType is None"),
        ('{"mediaType": "application/vnd.readygate.certificate.v1+json"}', "inclusionProof is nothing"),
    ],
)
def test_what_is_no_bundle_is_refused(case: Case, text: str, why: str) -> None:
    """A file that is something else is refused by the first step."""
    assert why in case.refused(text, at="form")


@pytest.mark.parametrize(
    "changes",
    [
        {"inclusionProof": ["?"]},
        {"inclusionProof": ["AAAA"] * 65},
        {"leafIndex": "0"},
        {"treeSize": True},
        {"entry": 1},
        {"checkpoint": None},
        {"envelope": []},
    ],
)
def test_a_bundle_with_a_part_of_another_kind_is_refused(case: Case, changes: dict[str, Any]) -> None:
    """Each part has its type."""
    assert "malformed" in case.refused(case.changed(**changes), at="form")


def test_another_payload_type_is_refused(case: Case) -> None:
    """What is signed as something else is no statement, even under the right key."""
    envelope = case.signer.sign(canonical_text(statement_of(case.bundle)).encode(), "application/json")

    assert "the payload type is 'application/json'" in case.refused(
        case.changed(envelope=envelope.as_data()), at="form"
    )


def test_a_changed_payload_is_refused(case: Case) -> None:
    """A statement that was changed after it was signed does not fit its signature."""
    statement = statement_of(case.bundle)
    statement["predicate"]["gate"] = "pilot"
    envelope = json.loads(case.bundle)["envelope"]
    envelope["payload"] = base64.b64encode(canonical_text(statement).encode()).decode()

    assert "does not fit" in case.refused(case.changed(envelope=envelope), at="signature")


def test_a_changed_signature_is_refused(case: Case) -> None:
    """One bit of the signature is enough."""
    envelope = json.loads(case.bundle)["envelope"]
    envelope["signatures"][0]["sig"] = flipped(envelope["signatures"][0]["sig"])

    assert "does not fit" in case.refused(case.changed(envelope=envelope), at="signature")


def test_nothing_of_an_unsigned_statement_is_shown(case: Case) -> None:
    """What nobody signed is not reported as what is certified."""
    envelope = json.loads(case.bundle)["envelope"]
    envelope["signatures"][0]["sig"] = flipped(envelope["signatures"][0]["sig"])

    assert verify(case.changed(envelope=envelope), case.expected()).predicate is None


def test_an_unknown_key_is_refused(case: Case, tmp_path: Path) -> None:
    """A certificate of somebody else's key is sound for them, and refused with our key set."""
    foreign = Office(tmp_path)
    (bundle,) = foreign.issue(go())

    assert verify(bundle, Expected(open_keys(tmp_path).key_set, NOON)).is_valid
    assert "is not known" in case.refused(bundle, at="key")


def test_a_key_for_another_purpose_is_refused(case: Case) -> None:
    """The key of the log signs checkpoints, and no certificate is believed for its sake."""
    checkpoint = case.keys.active(KeyPurpose.CHECKPOINT)
    assert checkpoint is not None
    signer = EnvelopeSigner(checkpoint, CryptoSigner(case.checkpoint_key))
    envelope = signer.sign(canonical_text(statement_of(case.bundle)).encode(), PAYLOAD_TYPE)

    assert "is for checkpoints, not for certificates" in case.refused(
        case.changed(envelope=envelope.as_data()), at="key"
    )


def test_a_retired_key_counts_for_what_it_signed_while_it_was_active(case: Case) -> None:
    """After its key was retired a certificate still holds; one that is dated later does not."""
    active = case.keys.active(KeyPurpose.CERTIFICATE)
    assert active is not None
    retired = replace(active, status=KeyStatus.RETIRED, not_after=NOON + 60)
    keys = KeySet(2, NOON + 60, (retired, *case.keys.keys[1:]))

    def later(statement: Any) -> None:
        statement["predicate"]["issuedAt"] = moment_text(NOON + 60 + 301)

    report = verify(case.bundle, case.expected(keys=keys))
    assert report.is_valid
    assert named(report, "key period")[1].endswith("(retired since)")
    assert verify(case.restated(later), case.expected()).is_valid
    assert "and its key signed from" in case.refused(case.restated(later), at="key period", keys=keys)


def test_a_certificate_from_before_its_key_is_refused(case: Case) -> None:
    """A key signs nothing before it was made."""

    def earlier(statement: Any) -> None:
        statement["predicate"]["issuedAt"] = moment_text(NOON - 2 * DAY)

    assert "and its key signed from" in case.refused(case.restated(earlier), at="key period")


def test_a_revoked_key_is_refused(case: Case) -> None:
    """Once its key was revoked nothing holds that it signed, whenever that was."""
    active = case.keys.active(KeyPurpose.CERTIFICATE)
    assert active is not None
    keys = case.keys.revoked(active.id, at=NOON + 60)

    assert "was revoked" in case.refused(case.bundle, at="key", keys=keys)


@pytest.mark.parametrize("name", ["_type", "predicateType"])
def test_a_statement_of_another_type_is_refused(case: Case, name: str) -> None:
    """A statement that our key signed for another purpose is no certificate of a decision."""
    bundle = case.restated(lambda statement: statement.update({name: "https://example.org/other"}))

    assert f"its {name} is 'https://example.org/other'" in case.refused(bundle, at="statement")


@pytest.mark.parametrize(
    ("name", "value"),
    [("verdict", None), ("notAfter", "soon"), ("conditions", {}), ("log", []), ("audience", 7), ("issuedAt", None)],
)
def test_a_statement_that_is_not_complete_is_refused(case: Case, name: str, value: object) -> None:
    """Each part of the predicate that is read has its type."""
    bundle = case.restated(lambda statement: statement["predicate"].update({name: value}))

    assert "malformed" in case.refused(bundle, at="statement")


def test_two_subjects_are_refused(case: Case) -> None:
    """A certificate is about one proposal."""
    bundle = case.restated(lambda statement: statement["subject"].append(statement["subject"][0]))

    assert "it has 2 subjects" in case.refused(bundle, at="statement")


def test_another_audience_is_refused(case: Case) -> None:
    """A certificate that was made out to somebody else is refused."""
    why = case.refused(case.bundle, at="audience", audience="procurement.other.example")

    assert why == f"it is for {AUDIENCE}, not for procurement.other.example"


def test_an_expired_certificate_is_refused(case: Case) -> None:
    """A certificate holds to five minutes after its end, for clocks that differ; a second later it does not."""
    assert verify(case.bundle, case.expected(at=LAST + 300)).is_valid
    assert case.refused(case.bundle, at="validity", moment=LAST + 301).startswith("expired: it holds from")


def test_a_certificate_that_is_not_yet_valid_is_refused(case: Case) -> None:
    """A certificate holds from five minutes before its beginning; a second earlier it does not."""
    assert verify(case.bundle, case.expected(at=NOON - 300)).is_valid
    assert case.refused(case.bundle, at="validity", moment=NOON - 301).startswith("not yet valid: it holds from")


def test_another_proposal_is_refused(case: Case) -> None:
    """A proposal that differs in one byte, or in one fact, is not the one that is certified."""
    proposal = go()[0]
    facts = ProposalDigest(dossier_of(proposal).digest, of_bytes=False)
    assert verify(case.bundle, case.expected(proposal=facts)).is_valid
    proposal.data_sources[0].completeness -= 0.000001
    other_facts = ProposalDigest(dossier_of(proposal).digest, of_bytes=False)
    other_bytes = ProposalDigest(f"sha256:{sha256(proposal.SerializeToString()).hexdigest()}", of_bytes=True)

    assert "it is about other facts" in case.refused(case.bundle, at="proposal", proposal=other_facts)
    assert "it is about other bytes" in case.refused(case.bundle, at="proposal", proposal=other_bytes)


@pytest.mark.parametrize("verdict", ["NO_GO", "UNDETERMINED", "go", ""])
def test_what_is_no_go_is_refused(case: Case, verdict: str) -> None:
    """Even our own signature does not make a no into a go."""
    bundle = case.restated(lambda statement: statement["predicate"].update(verdict=verdict))

    assert "which is no go" in case.refused(bundle, at="verdict")


def test_a_checkpoint_of_an_unknown_key_is_refused(case: Case) -> None:
    """A checkpoint that says the same and is signed by somebody else proves nothing."""
    said = read_checkpoint(json.loads(case.bundle)["checkpoint"])
    forged = Ed25519CheckpointSigner(ORIGIN, Ed25519PrivateKey.generate()).sign(said.size, said.root)

    assert "the keys to trust are" in case.refused(case.changed(checkpoint=forged), at="checkpoint")


def test_a_checkpoint_of_a_revoked_key_is_refused(case: Case) -> None:
    """The key of the log can be revoked as well."""
    active = case.keys.active(KeyPurpose.CHECKPOINT)
    assert active is not None
    keys = case.keys.revoked(active.id, at=NOON)

    assert "the keys to trust are none" in case.refused(case.bundle, at="checkpoint", keys=keys)


def test_a_changed_checkpoint_is_refused(case: Case) -> None:
    """Another size in a signed checkpoint does not fit its signature."""
    note = json.loads(case.bundle)["checkpoint"].replace("\n2\n", "\n4\n", 1)

    assert "does not fit the text" in case.refused(case.changed(checkpoint=note), at="checkpoint")


def test_a_checkpoint_of_another_log_is_refused(case: Case) -> None:
    """A checkpoint of the right key for another log is not that of the certificate."""
    said = read_checkpoint(json.loads(case.bundle)["checkpoint"])
    note = Ed25519CheckpointSigner("other.example.org/log", case.checkpoint_key).sign(said.size, said.root)

    assert "it is of the log other.example.org/log" in case.refused(case.changed(checkpoint=note), at="checkpoint")


def test_a_proof_for_another_size_is_refused(case: Case) -> None:
    """The size that the proof is for is that of the checkpoint."""
    assert "and the proof is for 7" in case.refused(case.changed(treeSize=7), at="checkpoint")


def test_a_checkpoint_from_elsewhere_shows_a_fork(case: Case) -> None:
    """Another root at the same size, signed by the log's own key, shows that the log told two stories."""
    said = read_checkpoint(json.loads(case.bundle)["checkpoint"])
    signer = Ed25519CheckpointSigner(ORIGIN, case.checkpoint_key)
    other, larger = signer.sign(said.size, b"\1" * 32), signer.sign(said.size + 1, b"\1" * 32)

    assert "the log forked" in case.refused(case.bundle, at="checkpoint", checkpoint=other)
    assert "readygate log verify" in case.refused(case.bundle, at="checkpoint", checkpoint=larger)


def test_the_proof_of_another_entry_is_refused(case: Case) -> None:
    """The entry and the proof of another decision of the same log do not go with this certificate."""
    other = json.loads(case.other)
    parts = {name: other[name] for name in ("entry", "leafIndex", "treeSize", "inclusionProof", "checkpoint")}
    envelope = json.loads(case.bundle)["envelope"]

    assert verify(case.other, case.expected(checkpoint="")).is_valid
    why = case.refused(json.dumps({**other, "envelope": envelope}), at="log entry", checkpoint="")
    assert why == "the entry is not the one that was certified"
    assert parts["entry"] != json.loads(case.bundle)["entry"]


def test_a_certificate_that_names_another_entry_is_refused(case: Case) -> None:
    """What our own key signed about the entry of another decision is refused: that commits to another id."""
    other = json.loads(case.other)
    parts = {name: other[name] for name in ("entry", "leafIndex", "treeSize", "inclusionProof", "checkpoint")}
    place = statement_of(case.other)["predicate"]["log"]
    bundle = case.restated(lambda statement: statement["predicate"].update(log=place), **parts)

    assert "the log commits to the decision" in case.refused(bundle, at="log entry", checkpoint="")


@pytest.mark.parametrize(
    ("path", "what"),
    [
        (("predicate", "ruleset", "digest"), "ruleset"),
        (("predicate", "asOf"), "day"),
        (("predicate", "engineVersion"), "engine"),
        (("predicate", "decisionId"), "decision"),
        (("predicate", "verdict"), "verdict"),
        (("subject", 0, "digest", "readygateFactsV1"), "facts"),
    ],
)
def test_what_the_log_does_not_commit_to_is_refused(case: Case, path: tuple[Any, ...], what: str) -> None:
    """A statement that says something else than the log does is refused, even when our key signed it."""

    def change(statement: Any) -> None:
        *steps, last = path
        for step in steps:
            statement = statement[step]
        statement[last] = "GO_WITH_CONDITIONS" if last == "verdict" else "another"

    assert f"the log commits to the {what} " in case.refused(case.restated(change), at="log entry")


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (LogEntry(id="0" * 32, certificate=CertificateEntry(decision_id="0" * 32)), "the entry is of a certificate"),
        (LogEntry(id="0" * 32), "the entry is of a kind that is not known"),
    ],
)
def test_an_entry_about_something_else_is_refused(case: Case, entry: LogEntry, why: str) -> None:
    """The entry that is certified is one of a decision."""
    assert why in case.refused(with_entry(case, entry.SerializeToString()), at="log entry")


def test_an_entry_that_can_not_be_read_is_refused(case: Case) -> None:
    """Bytes that are no entry are refused, whoever signed their digest."""
    assert "the entry is no entry of a log" in case.refused(with_entry(case, b"\x0a\xff"), at="log entry")


def with_entry(case: Case, entry: bytes) -> str:
    """Returns the bundle with another entry, which our own key signed."""
    digest = f"sha256:{sha256(entry).hexdigest()}"
    return case.restated(
        lambda statement: statement["predicate"]["log"].update(entryDigest=digest),
        entry=base64.b64encode(entry).decode(),
    )


def test_another_leaf_is_refused(case: Case) -> None:
    """A proof is for the leaf that was certified."""
    assert "and leaf 0 was certified" in case.refused(case.changed(leafIndex=1), at="log entry")


def test_a_proof_that_leads_elsewhere_is_refused(case: Case) -> None:
    """One bit of one hash, one hash less, one more: the proof does not lead to the root."""
    hashes = json.loads(case.bundle)["inclusionProof"]
    wrong = [[flipped(hashes[0]), *hashes[1:]], hashes[:-1], [*hashes, hashes[0]]]

    for each in wrong:
        assert "does not lead" in case.refused(case.changed(inclusionProof=each), at="inclusion")


def test_an_entry_that_the_log_never_took_in_is_refused(case: Case) -> None:
    """An entry of one's own with a proof of one's own needs a checkpoint that the log signed, and there is none."""
    entry = base64.b64decode(json.loads(case.bundle)["entry"]) + b"\x98\x01\x07"  # a field that nobody knows
    sibling = b"\2" * 32
    invented = Ed25519CheckpointSigner(ORIGIN, Ed25519PrivateKey.generate()).sign(
        2, node_hash(leaf_hash(entry), sibling)
    )
    parts = {
        "entry": base64.b64encode(entry).decode(),
        "treeSize": 2,
        "inclusionProof": [base64.b64encode(sibling).decode()],
        "checkpoint": invented,
    }
    digest = f"sha256:{sha256(entry).hexdigest()}"
    bundle = case.restated(lambda statement: statement["predicate"]["log"].update(entryDigest=digest), **parts)

    assert "the keys to trust are" in case.refused(bundle, at="checkpoint", checkpoint="")


def test_a_rotation_in_between_changes_nothing(tmp_path: Path) -> None:
    """A certificate that was issued before a rotation of both keys is sound with the key set of after."""
    office = Office(tmp_path)
    (bundle,) = office.issue(go())
    for purpose in KeyPurpose:
        rotate_key(tmp_path, purpose)

    assert verify(bundle, Expected(open_keys(tmp_path).key_set, NOON)).is_valid
