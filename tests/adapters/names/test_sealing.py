"""Requests in the record: names are sealed, come back to the byte, and stay away once erased."""

from __future__ import annotations

import asyncio
import hmac
import random
from collections.abc import Sequence
from hashlib import sha256

import pytest
from sqlalchemy import Engine, event
from tests.adapters.names.conftest import Open
from tests.adapters.names.encodings import random_message
from tests.bench.workload import AS_OF, workload

from readygate.v1.evidence_pb2 import Evidence, FactValue
from readygate.v1.gate_service_pb2 import EvaluateRequest
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.names import RequestSealer, SealedRequest, Vault, sealing
from readygate_server.adapters.names.sealed_names import unpack
from readygate_server.adapters.names.vault import salt_of
from readygate_server.adapters.proposals.dossier import dossier_of
from readygate_server.adapters.proposals.flatten import facts_of
from readygate_server.domain.errors import LimitExceededError, RecordUnavailableError
from readygate_server.domain.record import Payload

CALLER = "person:auditor@bank.example"
REASON = "request 17"


def _payload(sealed: SealedRequest) -> Payload:
    return Payload(sealed.redacted, sealed.names, b"")


def _naming(*owners: str) -> bytes:
    proposal = Proposal(id="x", title="An agent")
    for number, owner in enumerate(owners):
        proposal.data_sources.add(id=f"s{number}").owner.person = owner
    return EvaluateRequest(request_id="r-1", proposal=proposal).SerializeToString()


def _owners(request: bytes) -> list[str]:
    return [source.owner.person for source in EvaluateRequest.FromString(request).proposal.data_sources]


def test_a_request_comes_back_to_the_byte(vault: Vault) -> None:
    """What is recorded holds no name; opened, it is what the caller sent."""
    sealer = RequestSealer(vault)
    request = EvaluateRequest(request_id="r-1", proposal=workload(), as_of=AS_OF).SerializeToString()
    sealed = sealer.seal(request, caller=CALLER)

    assert sealer.open(_payload(sealed)) == (request, True)
    assert sealer.for_replay(_payload(sealed)) == request
    for name in (b"a.lindqvist", b"p.nowak", b"data-quality-monitor", b"auditor"):
        assert name not in sealed.redacted + sealed.names
    assert len(sealed.redacted) == len(request)


def test_any_encoding_comes_back_to_the_byte(vault: Vault) -> None:
    """Also of 300 requests in encodings that no library makes, all of them as they were received."""
    sealer, chance = RequestSealer(vault), random.Random(3)  # noqa: S311
    for _ in range(300):
        request = random_message(EvaluateRequest.DESCRIPTOR, chance)
        assert sealer.open(_payload(sealer.seal(request, caller=CALLER))) == (request, True)


def test_an_erased_name_reads_as_stars_and_the_others_as_before(open_vault: Open) -> None:
    """One person goes from every record and place, in every spelling; nobody else does, in another process either."""
    vault = open_vault()
    sealer = RequestSealer(vault)
    first = sealer.seal(_naming("Jane Doe", "Joe", "JANE DOE"), caller=CALLER)
    second = sealer.seal(_naming("Joe"), caller=CALLER)

    vault.erase("jane doe", reason=REASON)

    for each in (sealer, RequestSealer(open_vault())):
        request, is_whole = each.open(_payload(first))
        assert (_owners(request), is_whole) == (["********", "Joe", "********"], False)
        assert each.open(_payload(second)) == (_naming("Joe"), True)


def test_the_redacted_bytes_do_not_change_with_an_erasure(vault: Vault) -> None:
    """The digest over them holds before and after, so that the record can still be checked against the log."""
    sealer = RequestSealer(vault)
    request = _naming("Jane Doe", "Joe")
    sealed = sealer.seal(request, caller=CALLER)
    vault.erase("Jane Doe", reason=REASON)
    vault.erase("Joe", reason=REASON)

    assert sealer.open(_payload(sealed)) == (sealed.redacted, False)


def test_a_record_commits_to_its_request_and_caller(vault: Vault) -> None:
    """Whoever has the keys can check the commitments, which differ from record to record."""
    sealer = RequestSealer(vault)
    request = _naming("Jane Doe")
    one, two = (sealer.seal(request, caller=CALLER) for _ in range(2))

    assert sealer.commitment(one.names, request) == one.commit(request)
    assert sealer.commitment(one.names, CALLER.encode()) == one.commit(CALLER.encode())
    assert sealer.commitment(one.names, b"other") != one.commit(request)
    assert one.commit(request) != two.commit(request)


@pytest.mark.parametrize("erased", ["Jane Doe", "Joe", CALLER])
def test_the_salt_goes_with_the_first_name(vault: Vault, erased: str) -> None:
    """Whoever of those named is erased, nobody can compute the commitments any more."""
    sealer = RequestSealer(vault)
    sealed = sealer.seal(_naming("Jane Doe", "Joe"), caller=CALLER)
    vault.erase(erased, reason=REASON)

    assert sealer.commitment(sealed.names, _naming("Jane Doe", "Joe")) is None


def test_a_name_can_not_be_guessed_from_what_is_left(vault: Vault) -> None:
    """After an erasure, trying every name of a list against all that is kept finds nobody.

    It bites: a plain hash is found, and so is the commitment while the salt can be had.
    """
    sealer = RequestSealer(vault)
    staff = [f"person{number}@bank.example" for number in range(300)]
    request = _naming(staff[123])
    sealed = sealer.seal(request, caller="service:ci")
    commitment, plain = sealed.commit(request), sha256(request).digest()

    assert [name for name in staff if sha256(_naming(name)).digest() == plain] == [staff[123]]
    assert [name for name in staff if sealer.commitment(sealed.names, _naming(name)) == commitment] == [staff[123]]

    vault.erase(staff[123], reason=REASON)

    assert [name for name in staff if sealer.commitment(sealed.names, _naming(name)) == commitment] == []
    left = [key for key in vault.keys_by_reference(unpack(sealed.names).people).values() if key is not None]
    assert len(left) == 1, "the caller's"
    for salt in (salt_of(left, unpack(sealed.names).nonce), left[0].salt, unpack(sealed.names).nonce, b""):
        assert [name for name in staff if hmac.digest(salt, _naming(name), "sha256") == commitment] == []
    again = [sealer.fingerprint(_naming(name), caller="service:ci", request_id="r-1") for name in staff]
    assert sealed.fingerprint(request, "r-1") not in again


def test_a_twin_has_the_same_fingerprint_and_no_other_request_has(vault: Vault) -> None:
    """The same bytes under the same id from the same caller are the same request, although each is sealed anew."""
    sealer = RequestSealer(vault)
    request = _naming("Jane Doe", "Joe")
    recorded = sealer.seal(request, caller=CALLER).fingerprint(request, "r-1")

    assert sealer.fingerprint(request, caller=CALLER, request_id="r-1") == recorded
    for other in (
        sealer.fingerprint(_naming("Joe", "Jane Doe"), caller=CALLER, request_id="r-1"),
        sealer.fingerprint(request, caller="Joe", request_id="r-1"),
        sealer.fingerprint(request, caller=CALLER, request_id="r-2"),
    ):
        assert other != recorded


def test_a_request_that_names_nobody_still_has_a_salt(vault: Vault) -> None:
    """The caller alone makes it; nothing is cut out."""
    sealer = RequestSealer(vault)
    request = EvaluateRequest(request_id="r-1").SerializeToString()
    sealed = sealer.seal(request, caller=CALLER)

    assert sealed.redacted == request
    assert sealer.open(_payload(sealed)) == (request, True)
    assert sealer.commitment(sealed.names, request) == sealed.commit(request)
    vault.erase(CALLER, reason=REASON)
    assert sealer.open(_payload(sealed)) == (request, True)
    assert sealer.commitment(sealed.names, request) is None


def _observing(*names: str) -> bytes:
    proposal = Proposal(id="x")
    proposal.data_sources.add(id="crm")
    for name in names:
        proposal.evidence.append(
            Evidence(facts=["source.owner.person"], subject="crm", value=FactValue(text=name), grade=3)  # type: ignore[arg-type]
        )
    return EvaluateRequest(proposal=proposal).SerializeToString()


@pytest.mark.parametrize(
    ("names", "conflicts"),
    [
        (["Jane Doe", "Joe"], 1),
        (["Jane", "Mary"], 1),
        (["Jane", "Jane"], 0),
        (["Jane Doe", "JANE  DOE"], 0),
        (["Jane", ""], 1),
    ],
)
def test_sources_that_disagreed_still_do_after_the_erasure(vault: Vault, names: Sequence[str], conflicts: int) -> None:
    """A replay sees the same conflicts, the same facts and the same digest, whoever was erased meanwhile.

    It bites: with stars, two names of one length would agree, and two spellings of one name would not.
    """
    sealer = RequestSealer(vault)
    payload = _payload(sealer.seal(_observing(*names), caller=CALLER))
    for name in names:
        vault.erase(name, reason=REASON)
    replayed = EvaluateRequest.FromString(sealer.for_replay(payload)).proposal
    recorded = EvaluateRequest.FromString(_observing(*names)).proposal

    assert len(dossier_of(replayed).conflicts) == conflicts
    assert dossier_of(replayed).conflicts == dossier_of(recorded).conflicts
    assert dossier_of(replayed).facts == dossier_of(recorded).facts


def test_the_gate_sees_the_same_facts_with_and_without_names(vault: Vault) -> None:
    """Whatever was erased, a recorded request states the same."""
    sealer = RequestSealer(vault)
    request = EvaluateRequest(proposal=workload(), as_of=AS_OF).SerializeToString()
    payload = _payload(sealer.seal(request, caller=CALLER))
    for name in ("a.lindqvist", "p.nowak", "data-quality-monitor"):
        assert vault.erase(name, reason=REASON) is not None

    assert facts_of(EvaluateRequest.FromString(sealer.for_replay(payload)).proposal) == facts_of(workload())


def test_sealed_names_belong_to_their_record(vault: Vault) -> None:
    """Cipher texts moved from one record into another do not open there."""
    sealer = RequestSealer(vault)
    one, two = (sealer.seal(_naming("Jane"), caller=CALLER) for _ in range(2))
    head, tail = 1 + 32, -32
    mixed = one.names[:head] + one.names[head:tail] + two.names[tail:]

    with pytest.raises(RecordUnavailableError):
        sealer.open(Payload(one.redacted, mixed, b""))


@pytest.mark.parametrize("cut", [0, 1, 40, 70])
def test_damaged_names_are_an_error(vault: Vault, cut: int) -> None:
    """Bytes that are cut off are told, and never taken for an erasure."""
    sealer = RequestSealer(vault)
    sealed = sealer.seal(_naming("Jane"), caller=CALLER)

    with pytest.raises(RecordUnavailableError):
        sealer.open(Payload(sealed.redacted, sealed.names[:cut], b""))


async def test_others_go_on_while_new_names_are_made_durable(vault: Vault) -> None:
    """Keys are waited for on another thread; with all of them open nothing is waited for. The result opens the same."""
    sealer = RequestSealer(vault)
    request = _naming(*(f"person {number}" for number in range(2_000)))
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    await asyncio.sleep(0)
    before = turns
    sealed = await sealer.seal_soon(request, caller=CALLER)
    during = turns - before
    before = turns
    again = await sealer.seal_soon(request, caller=CALLER)
    task.cancel()

    assert during > 10
    assert turns == before
    assert sealer.open(_payload(sealed)) == sealer.open(_payload(again)) == (request, True)


async def test_who_comes_at_once_shares_what_makes_new_names_durable(vault: Vault) -> None:
    """Of 30 requests with names of their own and one in common all can be opened, after no more than a few commits."""
    sealer, commits = RequestSealer(vault), 0
    requests = [_naming("jane", f"owner {number}") for number in range(30)]

    def count(_connection: object) -> None:
        nonlocal commits
        commits += 1

    event.listen(Engine, "commit", count)
    sealed = await asyncio.gather(*(sealer.seal_soon(each, caller=CALLER) for each in requests))
    event.remove(Engine, "commit", count)

    assert [sealer.open(_payload(each)) for each in sealed] == [(each, True) for each in requests]
    assert 0 < commits <= 3
    assert vault.known("owner 29") not in (None, vault.known("owner 28"), vault.known("jane"))


def test_too_many_names_are_refused(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request whose fields repeat can not fill the vault; nothing of it is kept."""
    monkeypatch.setattr(sealing, "MOST_NAMES", 3)

    with pytest.raises(LimitExceededError):
        RequestSealer(vault).seal(_naming("a", "b", "c", "d"), caller=CALLER)
    assert vault.known("a") is None
