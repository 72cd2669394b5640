"""What holds for every Archive."""

from __future__ import annotations

import dataclasses

import pytest
from sqlalchemy import Connection, delete, insert

from readygate_server.adapters.storage import RecordStore
from readygate_server.adapters.storage.schema import PAYLOAD, RETENTION
from readygate_server.domain.record import DecisionFilter, EntryKind, Payload, Recorded, SealedText, Stamp
from readygate_server.domain.vocabulary import Gate, Tier, Verdict
from tests.contracts.records import RULESET, decision, entry, facts, logged

OTHER_RULESET = dataclasses.replace(RULESET, name="other", digest="sha256:" + "d" * 64)


async def test_a_decision_is_found_as_it_was_recorded(store: RecordStore) -> None:
    """Everything that was recorded of a decision comes back."""
    asked = decision(
        "id", verdict=Verdict.NO_GO, gate=Gate.PRODUCTION, tier=Tier.T4, ruleset=OTHER_RULESET, waiver_ids=("a", "b")
    )
    answer = await store.record(asked)
    await logged(store, 1)
    found = await store.get(answer.id, with_payload=True)

    assert found is not None
    assert (found.id, found.facts, found.caller, found.request_id) == (answer.id, asked.facts, asked.caller, "id")
    assert found.payload == Payload(b"request", b"names", answer.response)
    assert found.leaf_index == 0
    assert not found.is_dropped


async def test_a_payload_comes_only_when_asked_for(store: RecordStore) -> None:
    """Without being asked for, a payload is not read; that does not make it a dropped one."""
    answer = await store.record(decision())
    found = await store.get(answer.id)

    assert found is not None
    assert found.payload is None
    assert not found.is_dropped


async def test_what_is_not_there_is_none(store: RecordStore) -> None:
    """An id that nothing has gives None."""
    assert await store.get("0" * 32) is None
    assert await store.recorded("caller-1", "id") is None


async def test_a_request_id_finds_its_answer(store: RecordStore) -> None:
    """The hash of the request and the answer are found by caller and request id."""
    asked = decision("id")
    answer = await store.record(asked)

    assert await store.recorded("caller-1", "id") == (
        asked.request_hash,
        Recorded(answer.id, answer.response, is_new=False),
    )
    assert await store.recorded("caller-2", "id") is None


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (DecisionFilter(), [0, 1, 2]),
        (DecisionFilter(proposal_id="one"), [0, 2]),
        (DecisionFilter(verdicts=frozenset({Verdict.NO_GO, Verdict.UNDETERMINED})), [1]),
        (DecisionFilter(ruleset="other"), [2]),
        (DecisionFilter(ruleset=OTHER_RULESET.digest), [2]),
        (DecisionFilter(caller="caller-2"), [1]),
        (DecisionFilter(proposal_id="one", ruleset="readiness"), [0]),
        (DecisionFilter(proposal_id="one", caller="caller-2"), []),
    ],
    ids=["all", "proposal", "verdicts", "ruleset", "digest", "caller", "proposal and ruleset", "none"],
)
async def test_a_filter_lets_pass_what_is_wanted(store: RecordStore, wanted: DecisionFilter, found: list[int]) -> None:
    """Both lists hold the decisions that the filter wants, in their orders."""
    asked = (
        decision(proposal_id="one"),
        decision(proposal_id="two", verdict=Verdict.NO_GO, caller="caller-2"),
        decision(proposal_id="one", ruleset=OTHER_RULESET),
    )
    ids = [(await store.record(each)).id for each in asked]
    await logged(store, 3)

    assert [each.id for each in await store.newest(wanted, before="", limit=9)] == [ids[at] for at in reversed(found)]
    assert [each.id for each in await store.tail(wanted, after=-1, limit=9)] == [ids[at] for at in found]


async def test_a_time_is_the_first_that_is_wanted_or_the_first_that_is_not(store: RecordStore) -> None:
    """A span of time holds its beginning and not its end, to the microsecond."""
    stamps = []
    for _ in range(4):
        found = await store.get((await store.record(decision())).id)
        assert found is not None
        stamps.append(found)
    span = DecisionFilter(recorded_from=stamps[1].recorded_at, recorded_before=stamps[3].recorded_at)
    narrow = DecisionFilter(recorded_from=stamps[1].recorded_at + 1, recorded_before=stamps[3].recorded_at + 1)

    assert [each.id for each in await store.newest(span, before="", limit=9)] == [stamps[2].id, stamps[1].id]
    assert [each.id for each in await store.newest(narrow, before="", limit=9)] == [stamps[3].id, stamps[2].id]


async def test_pages_join(store: RecordStore) -> None:
    """Pages of both lists, each from where the last one ended, hold every decision once."""
    ids = [(await store.record(decision())).id for _ in range(5)]
    await logged(store, 5)
    backward: list[str] = []
    forward: list[str] = []
    at = -1
    for _ in range(3):
        before = backward[-1] if backward else ""
        backward += [each.id for each in await store.newest(DecisionFilter(), before=before, limit=2)]
        page = await store.tail(DecisionFilter(), after=at, limit=2)
        forward += [each.id for each in page]
        at = page[-1].leaf_index if page and page[-1].leaf_index is not None else at

    assert backward == ids[::-1]
    assert forward == ids


async def test_a_dropped_payload_is_told(store: RecordStore) -> None:
    """After retention a decision is there without its payload, its twin's answer is empty, and its entry stays."""
    answer = await store.record(decision("id"))
    await store.record(decision("later"))
    found = await store.get(answer.id)
    assert found is not None
    recorded_before = found.recorded_at + 1

    def drop(connection: Connection, stamp: Stamp) -> None:
        connection.execute(insert(RETENTION), [{"entry_id": stamp.id, "recorded_before": recorded_before}])
        connection.execute(delete(PAYLOAD).where(PAYLOAD.c.decision_id == answer.id))

    await store.write(entry(kind=EntryKind.RETENTION), drop)
    after = await store.get(answer.id, with_payload=True)
    twin = await store.record(decision("id"))

    assert after is not None
    assert after.payload is None
    assert after.is_dropped
    assert (after.facts, after.caller, after.entry) == (
        facts(),
        SealedText("caller-1", found.caller.cipher),
        found.entry,
    )
    assert twin == Recorded(answer.id, b"", is_new=False)
