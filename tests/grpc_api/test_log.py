"""LogService: its proofs hold under the words of the standard, and what is asked wrongly is told all at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from readygate.v1 import log_service_pb2 as pb
from readygate_server.adapters.log.checkpoint import open_checkpoint
from readygate_server.domain import merkle
from readygate_server.domain.errors import InvalidInputError, NotFoundError, PermissionDeniedError
from readygate_server.domain.identity import LOCAL, Binding, Credential, Principal, PrincipalKind, Role
from readygate_server.domain.keys import KeyPurpose, KeySet, KeyStatus, PublicKey
from readygate_server.domain.merkle import leaf_hash
from readygate_server.grpc_api.log_servicer import LogServicer
from readygate_server.observability import begin_call
from tests.fake_log import ORIGIN, SIGNER, FakeLog, entry_bytes, entry_id

NOBODY = cast("Any", None)
"""The context of a call, which these answers never look at."""
EVALUATOR = Principal(
    "person:e", PrincipalKind.PERSON, Credential.OIDC, tuple(Binding(role) for role in Role if role is not Role.AUDITOR)
)


@dataclass
class Published:
    """Keys that are published."""

    key_set: KeySet = field(
        default_factory=lambda: KeySet(
            2,
            5,
            (
                PublicKey("sha256:b", KeyPurpose.CHECKPOINT, "ed25519", "PEM B", KeyStatus.ACTIVE, 5),
                PublicKey("sha256:a", KeyPurpose.CERTIFICATE, "ecdsa-p256-sha256", "PEM A", KeyStatus.RETIRED, 1, 5),
            ),
        )
    )
    envelope: str = "{}"

    def current(self) -> Published:
        """Returns itself."""
        return self


def servicer(size: int) -> LogServicer:
    """Returns a servicer of a log with so many entries."""
    return LogServicer(FakeLog(size), Published())


@pytest.fixture(autouse=True)
def call() -> Callable[[Principal], None]:
    """Begins a call of somebody who may do everything; returns what makes it somebody else's."""
    begun = begin_call("r-1", "LogService/Test")

    def become(principal: Principal) -> None:
        begun.principal = principal

    return become


async def faults_of(asked: Any) -> Sequence[tuple[str, str, str]]:
    """Returns path, what was got and what was expected of each fault that an answer ends with."""
    with pytest.raises(InvalidInputError) as caught:
        await asked
    return [(path, got, expected) for path, _, got, expected in caught.value.faults]


async def test_the_newest_checkpoint_opens_with_the_key_of_the_log() -> None:
    """Size and root beside the note are those that were signed."""
    reply = await servicer(5).GetCheckpoint(pb.GetCheckpointRequest(), NOBODY)

    opened = open_checkpoint(reply.checkpoint.note, [SIGNER.key], origin=ORIGIN)
    assert (opened.size, opened.root) == (reply.checkpoint.tree_size, reply.checkpoint.root)
    assert opened.size == 5


@pytest.mark.parametrize("size", [1, 2, 7, 8, 33])
async def test_an_entry_is_proven_by_its_id_and_by_its_index(size: int) -> None:
    """Entry, index, hashes and checkpoint together prove that the entry is in the tree."""
    asked = servicer(size)
    for index in range(size):
        by_id = await asked.GetInclusionProof(pb.GetInclusionProofRequest(entry_id=entry_id(index)), NOBODY)
        by_index = await asked.GetInclusionProof(pb.GetInclusionProofRequest(leaf_index=index), NOBODY)

        assert by_id == by_index
        assert by_id.entry == entry_bytes(index)
        head = open_checkpoint(by_id.checkpoint.note, [SIGNER.key])
        assert merkle.proves_inclusion(
            leaf=leaf_hash(by_id.entry), index=by_id.leaf_index, size=head.size, proof=by_id.hashes, root=head.root
        )


async def test_an_entry_is_proven_in_an_earlier_tree() -> None:
    """Whoever kept an older checkpoint gets the proof for that one, and no other checkpoint with it."""
    older = await FakeLog(5).head()
    assert older is not None

    reply = await servicer(9).GetInclusionProof(pb.GetInclusionProofRequest(leaf_index=3, tree_size=5), NOBODY)

    assert reply.tree_size == 5
    assert not reply.HasField("checkpoint")
    assert merkle.proves_inclusion(leaf=leaf_hash(reply.entry), index=3, size=5, proof=reply.hashes, root=older.root)


async def test_two_checkpoints_are_proven_to_be_of_one_history() -> None:
    """The proof holds between the tree that was kept and the newest one, and between any two sizes."""
    old, new, larger = [await FakeLog(size).head() for size in (6, 9, 13)]
    assert old
    assert new
    assert larger
    asked = servicer(13)

    newest = await asked.GetConsistencyProof(pb.GetConsistencyProofRequest(first_tree_size=6), NOBODY)
    between = await asked.GetConsistencyProof(
        pb.GetConsistencyProofRequest(first_tree_size=6, second_tree_size=9), NOBODY
    )

    assert (newest.second_tree_size, newest.checkpoint.tree_size) == (13, 13)
    assert (between.second_tree_size, between.HasField("checkpoint")) == (9, False)
    for head, reply in ((larger, newest), (new, between)):
        assert merkle.proves_consistency(
            first=6, second=head.size, first_root=old.root, second_root=head.root, proof=reply.hashes
        )


async def test_entries_come_in_the_order_of_the_log() -> None:
    """From the index that was asked for, as many as were asked for, 100 unless said otherwise."""
    asked = servicer(205)

    some = await asked.ListLogEntries(pb.ListLogEntriesRequest(start=3, limit=2), NOBODY)
    usual = await asked.ListLogEntries(pb.ListLogEntriesRequest(start=200), NOBODY)
    many = await asked.ListLogEntries(pb.ListLogEntriesRequest(), NOBODY)
    none = await asked.ListLogEntries(pb.ListLogEntriesRequest(start=205), NOBODY)

    assert list(some.entries) == [entry_bytes(3), entry_bytes(4)]
    assert list(usual.entries) == [entry_bytes(index) for index in range(200, 205)]
    assert len(many.entries) == 100
    assert not none.entries


async def test_every_key_is_published_with_its_life() -> None:
    """Retired keys are listed too, with their end; one that signs has none."""
    reply = await servicer(0).GetKeySet(pb.GetKeySetRequest(), NOBODY)

    signs, retired = reply.keys
    assert (signs.key_id, signs.purpose, signs.status) == ("sha256:b", pb.KEY_PURPOSE_CHECKPOINT, pb.KEY_STATUS_ACTIVE)
    assert (signs.algorithm, signs.pem, signs.not_before.seconds) == ("ed25519", "PEM B", 5)
    assert not signs.HasField("not_after")
    assert (retired.purpose, retired.status) == (pb.KEY_PURPOSE_CERTIFICATE, pb.KEY_STATUS_RETIRED)
    assert retired.not_after.seconds == 5
    assert reply.envelope == "{}"


async def test_every_purpose_and_status_has_its_number() -> None:
    """None of them would be answered as not set."""
    for purpose in KeyPurpose:
        for status in KeyStatus:
            key = PublicKey("sha256:a", purpose, "ed25519", "PEM", status, 1, 2)
            reply = await LogServicer(FakeLog(), Published(KeySet(1, 1, (key,)))).GetKeySet(
                pb.GetKeySetRequest(), NOBODY
            )
            assert pb.KeyPurpose.Name(reply.keys[0].purpose) == f"KEY_PURPOSE_{purpose.name}"
            assert pb.KeyStatus.Name(reply.keys[0].status) == f"KEY_STATUS_{status.name}"


@pytest.mark.parametrize(
    ("request_", "faults"),
    [
        (
            pb.GetInclusionProofRequest(tree_size=9),
            [("of", "", "entry_id or leaf_index"), ("tree_size", "9", "1 to 5, or 0 for the newest")],
        ),
        (
            pb.GetInclusionProofRequest(entry_id="A" * 32, tree_size=-1),
            [("entry_id", "A" * 32, "32 hexadecimal digits"), ("tree_size", "-1", "1 to 5, or 0 for the newest")],
        ),
        (pb.GetInclusionProofRequest(leaf_index=-1), [("leaf_index", "-1", "0 or more")]),
        (pb.GetInclusionProofRequest(leaf_index=5), [("leaf_index", "5", "0 to 4")]),
        (pb.GetInclusionProofRequest(leaf_index=3, tree_size=3), [("leaf_index", "3", "0 to 2")]),
        (
            pb.GetInclusionProofRequest(entry_id=entry_id(3), tree_size=3),
            [("tree_size", "3", "4 or more, or 0 for the newest")],
        ),
    ],
)
async def test_a_faulty_request_for_inclusion_is_told_every_fault(
    request_: pb.GetInclusionProofRequest, faults: list[tuple[str, str, str]]
) -> None:
    """Each fault comes with its path, what stood there and what may."""
    assert await faults_of(servicer(5).GetInclusionProof(request_, NOBODY)) == faults


@pytest.mark.parametrize(
    ("first", "second", "faults"),
    [
        (0, 0, [("first_tree_size", "0", "1 to 5")]),
        (6, 0, [("first_tree_size", "6", "1 to 5")]),
        (4, 3, [("first_tree_size", "4", "1 to 3")]),
        (-1, 6, [("first_tree_size", "-1", "1 to 5"), ("second_tree_size", "6", "1 to 5, or 0 for the newest")]),
    ],
)
async def test_a_faulty_request_for_consistency_is_told_every_fault(
    first: int, second: int, faults: list[tuple[str, str, str]]
) -> None:
    """Sizes that there is no proof between are refused, both at once."""
    request = pb.GetConsistencyProofRequest(first_tree_size=first, second_tree_size=second)

    assert await faults_of(servicer(5).GetConsistencyProof(request, NOBODY)) == faults


async def test_a_faulty_request_for_entries_is_told_every_fault() -> None:
    """An index below nought and more entries than are given at once are told together."""
    for limit in (-1, 1001):
        asked = servicer(5).ListLogEntries(pb.ListLogEntriesRequest(start=-2, limit=limit), NOBODY)
        assert await faults_of(asked) == [
            ("limit", str(limit), "1 to 1000, or 0 for 100"),
            ("start", "-2", "0 or more"),
        ]


async def test_what_is_not_there_is_not_found() -> None:
    """An entry that the log does not have, and anything about a log without entries."""
    with pytest.raises(NotFoundError, match=f"no log entry has the id {entry_id(9)}"):
        await servicer(5).GetInclusionProof(pb.GetInclusionProofRequest(entry_id=entry_id(9)), NOBODY)
    with pytest.raises(NotFoundError, match="nothing is recorded yet"):
        await servicer(0).GetCheckpoint(pb.GetCheckpointRequest(), NOBODY)
    with pytest.raises(NotFoundError, match="nothing is recorded yet"):
        await servicer(0).GetConsistencyProof(pb.GetConsistencyProofRequest(first_tree_size=1), NOBODY)


async def test_who_is_no_auditor_can_not_go_through_the_entries(call: Callable[[Principal], None]) -> None:
    """Entries tell the verdicts of others: in order or by index only auditors see them."""
    call(EVALUATOR)

    for asked in (
        servicer(5).ListLogEntries(pb.ListLogEntriesRequest(start=-1), NOBODY),
        servicer(5).GetInclusionProof(pb.GetInclusionProofRequest(leaf_index=0), NOBODY),
        servicer(5).GetInclusionProof(pb.GetInclusionProofRequest(leaf_index=99), NOBODY),
    ):
        with pytest.raises(PermissionDeniedError, match="the role auditor is needed"):
            await asked

    call(LOCAL)  # the same requests of somebody who may
    assert (await servicer(5).GetInclusionProof(pb.GetInclusionProofRequest(leaf_index=0), NOBODY)).entry


async def test_whoever_is_known_checks_the_server(call: Callable[[Principal], None]) -> None:
    """Checkpoint, consistency, keys, and the proof of an entry whose id one has, take no role."""
    call(Principal("person:n", PrincipalKind.PERSON, Credential.OIDC))
    asked = servicer(5)

    assert (await asked.GetCheckpoint(pb.GetCheckpointRequest(), NOBODY)).checkpoint.tree_size == 5
    assert (await asked.GetConsistencyProof(pb.GetConsistencyProofRequest(first_tree_size=2), NOBODY)).hashes
    assert (await asked.GetKeySet(pb.GetKeySetRequest(), NOBODY)).keys
    request = pb.GetInclusionProofRequest(entry_id=entry_id(2))
    assert (await asked.GetInclusionProof(request, NOBODY)).leaf_index == 2


class GrowingLog(FakeLog):
    """A log that grows while it is asked."""

    async def find(self, entry_id: str) -> tuple[int, bytes] | None:
        """Takes in more before it looks, as another server's sequencer would."""
        self.grow(3)
        return await super().find(entry_id)


async def test_an_entry_that_came_in_meanwhile_is_proven() -> None:
    """The tree is looked at after the entry, so that the newest tree always has it."""
    asked = LogServicer(GrowingLog(4), Published())

    reply = await asked.GetInclusionProof(pb.GetInclusionProofRequest(entry_id=entry_id(6)), NOBODY)

    head = open_checkpoint(reply.checkpoint.note, [SIGNER.key])
    assert (reply.leaf_index, reply.tree_size) == (6, 7)
    assert merkle.proves_inclusion(leaf=leaf_hash(reply.entry), index=6, size=7, proof=reply.hashes, root=head.root)
