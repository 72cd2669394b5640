"""Issuing from a real record: what is certified, who may ask, and what is never certified."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import DecodeError
from tests.builders import passing_proposal
from tests.certified import AUDIENCE, NOON, FakeOpener, FakeWaivers, Office, go, judged, no_go, record, statement_of

from readygate.v1.certificate_service_pb2 import IssueCertificateRequest, IssueCertificateResponse
from readygate.v1.record_pb2 import LogEntry
from readygate_server.adapters.certificates.report import Expected
from readygate_server.adapters.certificates.stored import proposal_bytes
from readygate_server.adapters.certificates.verify import verify
from readygate_server.adapters.signing.store import open_keys, rotate_key
from readygate_server.adapters.storage import RecordStore
from readygate_server.domain.certificate import WaiverTerm
from readygate_server.domain.errors import (
    CertificateRefusedError,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
)
from readygate_server.domain.identity import LOCAL, Binding, Principal, Role
from readygate_server.domain.keys import KeyPurpose
from readygate_server.domain.record import Payload
from readygate_server.domain.verdict import Waiver
from readygate_server.domain.vocabulary import Gate, Tier
from readygate_server.grpc_api.certificate_servicer import CertificateServicer
from readygate_server.observability import begin_call

WAIVER = Waiver("w-1", "DAT-03", "crm", "person:a", ("person:b",), "2026-10-20", "2026-11-10")
TERM = WaiverTerm("w-1", "DAT-03", "crm", "2026-11-10")


def waived() -> tuple[Any, Gate, tuple[Waiver, ...]]:
    """Returns a proposal that fails one rule, which is waived."""
    proposal = passing_proposal(Tier.T3)
    proposal.data_sources[0].completeness = 0.1
    return proposal, Gate.PRODUCTION, (WAIVER,)


def conditional() -> tuple[Any, Gate, tuple[Waiver, ...]]:
    """Returns a proposal with a condition that is due at the first gate."""
    proposal = passing_proposal(Tier.T1, Gate.COMMIT)
    proposal.value.ClearField("outcome_metric")
    return proposal, Gate.COMMIT, ()


async def in_record(office: Office, use: Callable[[RecordStore], Awaitable[Any]]) -> Any:
    """Opens the record of an office, uses it, and closes it."""
    store = await office.opened()
    try:
        return await use(store)
    finally:
        await store.close()


def test_a_go_is_certified_with_what_it_rests_on(tmp_path: Path) -> None:
    """A statement says what was decided about which bytes, by which rules, for whom, for how long, and where it is."""
    proposal, gate, _ = go()
    (bundle,) = Office(tmp_path).issue(go())
    statement, decision = statement_of(bundle), judged(proposal, gate)
    said = statement["predicate"]

    assert statement["subject"] == [
        {
            "name": "passing-t3",
            "digest": {
                "sha256": sha256(proposal.SerializeToString()).hexdigest(),
                "readygateFactsV1": decision.facts_digest.removeprefix("sha256:"),
            },
        }
    ]
    assert (said["verdict"], said["gate"], said["tier"], said["asOf"]) == ("GO", "production", "T3", "2026-11-01")
    assert said["ruleset"]["digest"] == decision.ruleset.digest
    assert (said["audience"], said["notBefore"]) == (AUDIENCE, "2026-11-01T12:00:00Z")
    assert said["notAfter"] == f"{decision.valid_until}T23:59:59Z"
    assert (said["log"]["origin"], said["log"]["leafIndex"]) == ("gate.example.org/records", 0)
    assert (said["conditions"], said["waivers"]) == ([], [])


def test_the_same_decision_gives_the_same_statement(tmp_path: Path) -> None:
    """A statement is written in one way only: its names are sorted, and nothing but what was decided is in it."""
    office = Office(tmp_path)

    async def twice(store: RecordStore) -> list[str]:
        id_ = await record(store, *go())
        return [(await office.issued(store, id_)).bundle for _ in range(2)]

    first, second = asyncio.run(in_record(office, twice))
    assert json.loads(first)["envelope"]["payload"] == json.loads(second)["envelope"]["payload"]


def test_open_conditions_are_named_with_the_gate_where_they_block(tmp_path: Path) -> None:
    """A go with conditions names each: rule, subject, title, the gate where it was due and the one where it blocks."""
    (bundle,) = Office(tmp_path).issue(conditional())
    said = statement_of(bundle)["predicate"]

    assert said["verdict"] == "GO_WITH_CONDITIONS"
    assert [(each["rule"], each["subject"], each["due"], each["blocksFrom"]) for each in said["conditions"]] == [
        ("VAL-01", "", "commit", "pilot")
    ]
    assert said["conditions"][0]["title"]


def test_waivers_are_named_and_end_it(tmp_path: Path) -> None:
    """A certificate names the waivers that it rests on, and holds no longer than the first of them."""
    office = Office(tmp_path, waivers=FakeWaivers([TERM]))
    (bundle,) = office.issue(waived())
    said = statement_of(bundle)["predicate"]

    assert said["verdict"] == "GO_WITH_CONDITIONS"
    assert said["waivers"] == [{"id": "w-1", "rule": "DAT-03", "subject": "crm", "endsOn": "2026-11-10"}]
    assert said["notAfter"] <= "2026-11-10T23:59:59Z"
    assert "DAT-03" not in [each["rule"] for each in said["conditions"]]


def test_a_waiver_that_was_revoked_since_is_not_certified(tmp_path: Path) -> None:
    """The decision stays on record; no certificate is issued for it any more."""
    office = Office(tmp_path, waivers=FakeWaivers([TERM]))
    assert office.issue(waived())
    office.waivers.known = [TERM._replace(is_revoked=True)]

    with pytest.raises(CertificateRefusedError, match="w-1 was revoked"):
        office.issue(waived())


def test_a_no_is_not_certified(tmp_path: Path) -> None:
    """Nothing is signed about a no, and nothing about it enters the log."""
    office = Office(tmp_path)

    async def refused(store: RecordStore) -> int:
        id_ = await record(store, *no_go())
        with pytest.raises(CertificateRefusedError, match="the verdict is NO_GO"):
            await office.issued(store, id_)
        head = await store.head()
        assert head is not None
        return head.size

    assert asyncio.run(in_record(office, refused)) == 1


def test_an_old_decision_is_not_certified(tmp_path: Path) -> None:
    """Once its last day is over a decision needs to be made again."""
    office = Office(tmp_path)

    async def refused(store: RecordStore) -> None:
        id_ = await record(store, *go())
        office.now = NOON + 86_400
        with pytest.raises(CertificateRefusedError, match="it would have lapsed: the decision holds until 2026-11-01"):
            await office.issued(store, id_)

    asyncio.run(in_record(office, refused))


def test_that_it_was_issued_is_in_the_log(tmp_path: Path) -> None:
    """The log commits to the decision, to the bytes that were signed, and to their end."""
    office = Office(tmp_path)

    async def issue(store: RecordStore) -> tuple[Any, Any, str]:
        id_ = await record(store, *go())
        issued = await office.issued(store, id_)
        return issued, await store.find(issued.entry_id), id_

    issued, found, id_ = asyncio.run(in_record(office, issue))
    entry = LogEntry.FromString(found[1])
    statement = json.dumps(statement_of(issued.bundle), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert (found[0], entry.id, entry.certificate.decision_id) == (1, issued.entry_id, id_)
    assert entry.certificate.statement_digest == sha256(statement.encode()).digest()
    assert entry.certificate.not_after.seconds == issued.not_after


def test_only_those_who_asked_and_may_ask_get_one(tmp_path: Path) -> None:
    """Others do not learn that there is a decision; who may see and not ask is told which role is needed."""
    office = Office(tmp_path)
    stranger = replace(LOCAL, name="service:stranger")
    auditor = replace(stranger, bindings=(Binding(Role.AUDITOR),))
    both = replace(stranger, bindings=(Binding(Role.AUDITOR), Binding(Role.EVALUATOR)))
    elsewhere = replace(both, bindings=(Binding(Role.AUDITOR, proposals=("other",)), Binding(Role.EVALUATOR)))
    idle = replace(LOCAL, bindings=())

    async def ask(store: RecordStore) -> None:
        id_ = await record(store, *go())

        def asked(principal: Principal, id_: str = id_) -> Awaitable[Any]:
            return office.issued(store, id_, principal=principal)

        assert (await asked(LOCAL)).bundle
        assert (await asked(both)).bundle
        for principal in (replace(stranger, bindings=(Binding(Role.EVALUATOR),)), elsewhere, idle):
            with pytest.raises(NotFoundError):
                await asked(principal)
        with pytest.raises(PermissionDeniedError, match="the role evaluator is needed"):
            await asked(auditor)
        with pytest.raises(NotFoundError):
            await asked(LOCAL, "f" * 32)

    asyncio.run(in_record(office, ask))


def test_a_request_whose_names_were_erased_is_not_certified(tmp_path: Path) -> None:
    """The digest of bytes that are gone can not be shown any more; before the erasure it can."""
    office = Office(tmp_path)
    assert office.issue(go())
    office.opener = FakeOpener(is_whole=False)

    with pytest.raises(CertificateRefusedError, match="names in the request were erased"):
        office.issue(go())


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda stored: replace(stored, payload=None), "were dropped after their retention"),
        (
            lambda stored: replace(
                stored, payload=replace(stored.payload, response=stored.payload.response + b"\x18\1")
            ),
            "the answer in the record is not the one",
        ),
        (
            lambda stored: replace(stored, payload=replace(stored.payload, request=b"")),
            "the request in the record is not the one",
        ),
        (lambda stored: replace(stored, facts=replace(stored.facts, waiver_ids=("w-9",))), "the waivers of the record"),
    ],
    ids=["dropped", "answer", "request", "waivers"],
)
def test_a_record_that_is_not_what_the_log_says_is_not_certified(tmp_path: Path, change: Any, why: str) -> None:
    """Somebody who changes the database does not get a signature for it; unchanged it is certified."""
    office = Office(tmp_path)

    class Changed:
        def __init__(self, store: RecordStore) -> None:
            self._store = store

        def __getattr__(self, name: str) -> Any:
            return getattr(self._store, name)

        async def get(self, decision_id: str, *, with_payload: bool = False) -> Any:
            stored = await self._store.get(decision_id, with_payload=with_payload)
            return change(stored)

    async def refused(store: RecordStore) -> None:
        id_ = await record(store, *go())
        assert (await office.issued(store, id_)).bundle
        changed: Any = Changed(store)
        with pytest.raises(CertificateRefusedError, match=why):
            await office.issued(changed, id_)

    asyncio.run(in_record(office, refused))


def test_a_log_that_lost_the_entry_is_found_before_anything_is_signed(tmp_path: Path) -> None:
    """A proof that does not hold is not handed out."""
    office = Office(tmp_path)

    class Forged:
        def __init__(self, store: RecordStore) -> None:
            self._store = store

        def __getattr__(self, name: str) -> Any:
            return getattr(self._store, name)

        async def nodes(self, ids: Any) -> Any:
            return dict.fromkeys(ids, b"\1" * 32)

    async def refused(store: RecordStore) -> None:
        first, _ = await record(store, *go()), await record(store, *go())
        assert (await office.issued(store, first)).bundle
        forged: Any = Forged(store)
        with pytest.raises(CertificateRefusedError, match="readygate log verify"):
            await office.issued(forged, first)

    asyncio.run(in_record(office, refused))


def test_a_rotation_counts_for_the_next_certificate(tmp_path: Path) -> None:
    """A running server signs with the new key at once, and both certificates hold."""
    office = Office(tmp_path)

    async def rotate(store: RecordStore) -> list[str]:
        id_, certify = await record(store, *go()), office.certify(store)
        before = await certify.issue(LOCAL, id_, audience=AUDIENCE)
        rotate_key(tmp_path, KeyPurpose.CERTIFICATE, clock=lambda: NOON)
        after = await certify.issue(LOCAL, id_, audience=AUDIENCE)
        return [before.bundle, after.bundle]

    bundles = asyncio.run(in_record(office, rotate))
    signers = {json.loads(bundle)["envelope"]["signatures"][0]["keyid"] for bundle in bundles}
    assert len(signers) == 2
    assert all(verify(bundle, Expected(open_keys(tmp_path).key_set, NOON)).is_valid for bundle in bundles)


def test_a_key_that_can_not_be_used_is_a_refusal(tmp_path: Path) -> None:
    """A key that was lost is told to the log of the server; the caller learns only that there is no certificate."""
    office = Office(tmp_path)

    async def refused(store: RecordStore) -> None:
        id_, certify = await record(store, *go()), office.certify(store)
        rotate_key(tmp_path, KeyPurpose.CERTIFICATE)
        for file in (tmp_path / "keys").glob("certificate-*.pem"):
            file.unlink()
        with pytest.raises(CertificateRefusedError, match="the key can not be used just now"):
            await certify.issue(LOCAL, id_, audience=AUDIENCE)

    asyncio.run(in_record(office, refused))


def test_the_service_converts_and_names_every_fault_at_once(tmp_path: Path) -> None:
    """A request that is not well formed is answered with all its faults; a sound one with bundle, entry and end."""
    office = Office(tmp_path)
    context: Any = None

    async def ask(store: RecordStore) -> IssueCertificateResponse:
        servicer = CertificateServicer(office.certify(store))
        begin_call("request-1", "IssueCertificate")
        bad = IssueCertificateRequest(decision_id="none", audience=" ", validity_days=93)
        with pytest.raises(InvalidInputError) as caught:
            await servicer.IssueCertificate(bad, context)
        assert [path for path, *_ in caught.value.faults] == ["audience", "decision_id", "validity_days"]
        id_ = await record(store, *go())
        sound = IssueCertificateRequest(decision_id=id_, audience=AUDIENCE, validity_days=1)
        return await servicer.IssueCertificate(sound, context)

    response = asyncio.run(in_record(office, ask))
    said = statement_of(response.bundle)["predicate"]
    assert response.not_after.ToJsonString() == said["notAfter"]
    assert len(response.entry_id) == 32


@pytest.mark.parametrize(
    ("request_bytes", "proposal"),
    [
        (b"\x12\x03abc", b"abc"),
        (b"\x0a\x01r\x12\x00\x28\x96\x01", b""),
        (b"\x0d1234\x09" + b"12345678" + b"\x12\x01p", b"p"),
    ],
)
def test_the_bytes_of_a_proposal_are_cut_out_as_they_stand(request_bytes: bytes, proposal: bytes) -> None:
    """Whatever stands around it, in whatever order: the proposal is exactly what stood there."""
    assert proposal_bytes(request_bytes) == proposal


def test_a_proposal_in_pieces_is_not_certified() -> None:
    """A message may be sent in several pieces that readers put together; then there are no bytes of it to digest."""
    with pytest.raises(CertificateRefusedError, match="in 2 pieces"):
        proposal_bytes(b"\x12\x01a\x12\x01b")
    with pytest.raises(CertificateRefusedError, match="in 0 pieces"):
        proposal_bytes(b"")


@pytest.mark.parametrize("data", [b"\x12\x05abc", b"\x12", b"\x12\x85", b"\x0d12", b"\x13"])
def test_bytes_that_are_no_request_have_no_proposal(data: bytes) -> None:
    """A message that ends in the middle of a field is not cut into pieces."""
    with pytest.raises(DecodeError):
        proposal_bytes(data)


def test_the_opener_of_the_tests_returns_what_was_kept() -> None:
    """What stands in for the vault hands out a request that names nobody."""
    assert FakeOpener().open(Payload(b"request", b"", b"")) == (b"request", True)
