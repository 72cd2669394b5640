"""Every reason for which no verdict is reached, as callers get it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence

import grpc
import pytest
from grpc_health.v1 import health_pb2  # type: ignore[import-untyped]

from readygate import GateError
from readygate.v1 import error_reason_pb2, evidence_pb2, gate_pb2, ruleset_pb2
from readygate.v1 import gate_service_pb2 as pb
from readygate.v1 import ruleset_service_pb2 as rulesets
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.dossier import ProposalDossier
from readygate_server.bootstrap import Snapshot
from readygate_server.bootstrap.served_rules import ServedRules
from readygate_server.domain.errors import GateError as DomainError
from readygate_server.domain.faults import Fault
from readygate_server.domain.rule import Ruleset
from readygate_server.grpc_api import errors
from tests.grpc_api.serving import AS_OF, Running, health_of, refund_agent, running, tiny

COLLECTORS = "readygate_server.adapters.collectors"
"""Collectors run for commands alone, whichever tests have imported them."""
COMMANDS_ONLY = {
    "AlreadyPublishedError",
    "AnchorError",
    "KeyProblemError",
    "KeyRingError",
    "MalformedError",
    "NoteError",
}
"""Errors of commands and of starting, which no RPC ends with."""


def evaluation(**changes: object) -> pb.EvaluateRequest:
    """Returns a sound request with other fields."""
    request = pb.EvaluateRequest(proposal=refund_agent(), as_of=AS_OF)
    request.MergeFrom(pb.EvaluateRequest(**changes))  # type: ignore[arg-type]
    return request


async def error_from(served: Running, request: pb.EvaluateRequest) -> GateError:
    """Returns the error that a request ends with."""
    with pytest.raises(GateError) as caught:
        await served.client.evaluate(request)
    return caught.value


def subclasses(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    """Yields all errors below one."""
    for each in kind.__subclasses__():
        yield each
        yield from subclasses(each)


def test_every_error_of_the_gate_has_its_answer() -> None:
    """An error that the table does not know would be answered as unexpected."""
    known = {kind.__name__ for kind in errors.TABLE}
    raised = {kind for kind in subclasses(DomainError) if not kind.__module__.startswith(COLLECTORS)}

    assert {kind.__name__ for kind in raised} - COMMANDS_ONLY == known


def test_every_reason_of_the_contract_is_given() -> None:
    """The contract names no reason that nothing leads to."""
    given = {row.reason for row in errors.TABLE.values()}

    assert given == {number for number in error_reason_pb2.ErrorReason.values() if number}


async def test_invalid_proposal_names_every_fault(served: Running) -> None:
    """All faults of a proposal come at once, each with its path, what stood there and what may."""
    request = evaluation()
    request.proposal.id = "Not An Id"
    request.proposal.data_sources[0].completeness = 1.5

    error = await error_from(served, request)

    assert (error.code, error.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_PROPOSAL")
    assert error.metadata == {"faults": "2"}
    assert [(fault.path, fault.got) for fault in error.faults] == [
        ("data_sources[crm].completeness", "1.5"),
        ("id", "'Not An Id'"),
    ]
    assert all(fault.expected for fault in error.faults)
    assert error.is_callers_fault


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
async def test_a_number_that_is_none_is_refused(served: Running, number: float) -> None:
    """NaN and infinity are no measurements."""
    request = evaluation()
    request.proposal.data_sources[0].completeness = number

    error = await error_from(served, request)

    assert error.reason == "INVALID_PROPOSAL"
    assert [fault.path for fault in error.faults] == ["data_sources[crm].completeness"]


async def test_an_unknown_enum_number_in_a_proposal_is_refused(served: Running) -> None:
    """A number that this version has no name for is not taken for one that it has."""
    request = evaluation()
    request.proposal.deployment.autonomy_level = 99  # type: ignore[assignment]

    error = await error_from(served, request)

    assert error.reason == "INVALID_PROPOSAL"
    assert [fault.path for fault in error.faults] == ["deployment.autonomy_level"]


INVALID_FIELDS: Mapping[str, tuple[dict[str, object], str]] = {
    "an id with a space": ({"request_id": "a b"}, "request_id"),
    "an id with a line break": ({"request_id": "a\nb"}, "request_id"),
    "an id that is too long": ({"request_id": "x" * 129}, "request_id"),
    "a day that does not exist": ({"as_of": "2026-02-30"}, "as_of"),
    "a day in another form": ({"as_of": "20261101"}, "as_of"),
    "an unknown gate": ({"gate": 9}, "gate"),
    "a gate that is not set": ({"gate": 0}, "gate"),
    "an unknown view": ({"view": 9}, "view"),
    "a digest that is none": ({"ruleset": ruleset_pb2.RulesetSelector(digest="sha256:12")}, "ruleset.digest"),
    "a day of force that is none": (
        {"ruleset": ruleset_pb2.RulesetSelector(in_force_on="soon")},
        "ruleset.in_force_on",
    ),
    "a version with a space": ({"ruleset": ruleset_pb2.RulesetSelector(version="2026 1")}, "ruleset.version"),
}


@pytest.mark.parametrize("name", INVALID_FIELDS)
async def test_a_field_of_the_request_is_checked(served: Running, name: str) -> None:
    """A field beside the proposal that is not well formed is named."""
    changes, path = INVALID_FIELDS[name]

    error = await error_from(served, evaluation(**changes))

    assert (error.code, error.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST")
    assert [fault.path for fault in error.faults] == [path]


async def test_faults_of_request_and_proposal_come_together(served: Running) -> None:
    """A caller learns of everything that is wrong in one answer."""
    request = evaluation(as_of="soon", view=9, request_id="a b")
    request.proposal.id = ""

    error = await error_from(served, request)

    assert error.reason == "INVALID_REQUEST"
    assert [fault.path for fault in error.faults] == ["as_of", "id", "request_id", "view"]


async def test_a_proposal_is_required(served: Running) -> None:
    """A request without a proposal is refused, and not judged as an empty one."""
    error = await error_from(served, pb.EvaluateRequest(as_of=AS_OF))

    assert [fault.path for fault in error.faults] == ["proposal"]


async def test_overrides_and_waivers_name_every_fault(served: Running) -> None:
    """A what-if whose facts or waivers do not fit is refused with all of it."""
    number = evidence_pb2.FactValue(number=float("nan"))
    overrides = [
        pb.FactOverride(fact="source.completness", subject="crm", value=evidence_pb2.FactValue(number=1)),
        pb.FactOverride(fact="source.completeness", subject="nowhere", value=evidence_pb2.FactValue(number=1)),
        pb.FactOverride(fact="source.validity", subject="crm", value=number),
        pb.FactOverride(fact="source.uniqueness", subject="crm", value=evidence_pb2.FactValue()),
        pb.FactOverride(fact="evidence.grade", value=evidence_pb2.FactValue(text="e3_verified")),
        pb.FactOverride(fact="gov.log_retention"),
        pb.FactOverride(fact="gov.log_retention"),
    ]
    request = pb.SimulateRequest(proposal=refund_agent(), as_of=AS_OF, overrides=overrides)
    waiver = request.waivers.add(id="w", rule_id="DAT-03", reason="r", compensating_control="c")
    waiver.requested_by = waiver.approved_by = "same"
    waiver.starts_on, waiver.ends_on = "2026-11-30", "2026-11-31"

    with pytest.raises(GateError) as caught:
        await served.client.simulate(request)

    paths = [fault.path for fault in caught.value.faults]
    assert caught.value.reason == "INVALID_REQUEST"
    assert paths == [
        *(f"overrides[{index}]" for index in (0, 1, 2, 3, 4, 6)),
        "waivers[0].approved_by",
        "waivers[0].ends_on",
    ]
    assert "did you mean source.completeness?" in caught.value.faults[0].expected


async def test_a_waiver_that_ends_before_it_starts_is_refused(served: Running) -> None:
    """A waiver covers at least one day."""
    request = pb.SimulateRequest(proposal=refund_agent(), as_of=AS_OF)
    waiver = request.waivers.add(id="w", rule_id="DAT-03", reason="r", compensating_control="c")
    waiver.requested_by, waiver.approved_by = "a", "b"
    waiver.starts_on, waiver.ends_on = "2026-11-30", "2026-11-29"

    with pytest.raises(GateError) as caught:
        await served.client.simulate(request)

    assert [fault.path for fault in caught.value.faults] == ["waivers[0].ends_on"]


async def test_ruleset_not_found_tells_what_there_is(served: Running) -> None:
    """A selector that fits nothing is answered with what would fit."""
    selector = ruleset_pb2.RulesetSelector(version="2020.1.0")

    error = await error_from(served, evaluation(ruleset=selector))

    assert (error.code, error.reason) == (grpc.StatusCode.NOT_FOUND, "RULESET_NOT_FOUND")
    assert error.metadata["selector"] == "operational-readiness@2020.1.0"
    assert "operational-readiness@2026.1.0" in error.metadata["available"]


async def test_before_the_first_day_of_any_ruleset_there_is_none(served: Running) -> None:
    """A day on which no ruleset was in force has no verdict, alone or in a batch."""
    early = evaluation(as_of="2020-01-01")

    alone = await error_from(served, early)
    with pytest.raises(GateError) as batch:
        await served.client.batch_evaluate(pb.BatchEvaluateRequest(items=[early]))
    mixed = await served.client.batch_evaluate(pb.BatchEvaluateRequest(items=[early, evaluation()]))

    assert alone.reason == batch.value.reason == mixed.results[0].error.reason == "RULESET_NOT_FOUND"
    assert mixed.results[1].HasField("response")


def a_batch_of_101() -> pb.BatchEvaluateRequest:
    """Returns one item too many."""
    return pb.BatchEvaluateRequest(items=[pb.EvaluateRequest() for _ in range(101)])


async def test_a_batch_over_the_limit_is_refused_whole(served: Running) -> None:
    """Nothing of a batch with 101 items is judged; field, limit and number are told."""
    with pytest.raises(GateError) as caught:
        await served.client.batch_evaluate(a_batch_of_101())

    assert (caught.value.code, caught.value.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "LIMIT_EXCEEDED")
    assert caught.value.metadata == {"field": "items", "limit": "100", "got": "101"}
    assert served.judged() == 0


def with_assets(request: pb.SimulateRequest) -> None:
    """One data source too many."""
    for index in range(201):
        request.proposal.data_sources.add(id=f"s{index}")


def with_evidence(request: pb.SimulateRequest) -> None:
    """One evidence entry too many."""
    for _ in range(5_001):
        request.proposal.evidence.add()


def with_statements(request: pb.SimulateRequest) -> None:
    """One statement too many."""
    for _ in range(1_001):
        request.proposal.statements.add()


def with_overrides(request: pb.SimulateRequest) -> None:
    """One override too many."""
    for _ in range(501):
        request.overrides.add()


def with_waivers(request: pb.SimulateRequest) -> None:
    """One waiver too many."""
    for _ in range(201):
        request.waivers.add()


def with_text(request: pb.SimulateRequest) -> None:
    """A text that is one character too long."""
    request.proposal.title = "x" * 4_001


def with_waiver_text(request: pb.SimulateRequest) -> None:
    """A reason that is one character too long."""
    request.waivers.add(reason="x" * 4_001)


LIMITS: Mapping[Callable[[pb.SimulateRequest], None], tuple[str, str]] = {
    with_assets: ("data_sources", "200"),
    with_evidence: ("evidence", "5000"),
    with_statements: ("statements", "1000"),
    with_overrides: ("overrides", "500"),
    with_waivers: ("waivers", "200"),
    with_text: ("title", "4000"),
    with_waiver_text: ("waivers[0].reason", "4000"),
}


@pytest.mark.parametrize("grow", LIMITS, ids=lambda grow: grow.__name__)
async def test_every_list_and_text_has_a_limit(served: Running, grow: Callable[[pb.SimulateRequest], None]) -> None:
    """One entry or character more than the contract allows is refused by name."""
    request = pb.SimulateRequest(proposal=Proposal(id="p"), as_of=AS_OF)
    grow(request)
    field, limit = LIMITS[grow]

    with pytest.raises(GateError) as caught:
        await served.client.simulate(request)

    assert caught.value.reason == "LIMIT_EXCEEDED"
    assert (caught.value.metadata["field"], caught.value.metadata["limit"]) == (field, limit)
    assert caught.value.metadata["got"] == str(int(limit) + 1)


async def test_a_request_over_one_mebibyte_is_refused(served: Running) -> None:
    """More than 1 MiB is not even read; just below it is."""
    large = pb.EvaluateRequest(proposal=refund_agent(), as_of=AS_OF)
    large.proposal.title = "x" * (1 << 20)
    small = pb.EvaluateRequest(proposal=refund_agent(), as_of=AS_OF)
    small.proposal.title = "x" * ((1 << 20) - 8_192)

    refused = await error_from(served, large)
    read = await error_from(served, small)

    assert refused.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert read.reason == "LIMIT_EXCEEDED"


async def test_a_thousand_faults_still_reach_the_caller(served: Running) -> None:
    """What is too long for the metadata is cut, counted, and complete in a batch."""
    request = evaluation()
    for index in range(1_000):
        request.proposal.statements.add(fact=f"no.such_fact_{index}", reason="ä" * 40)

    alone = await error_from(served, request)
    batch = await served.client.batch_evaluate(pb.BatchEvaluateRequest(items=[request]))

    count = int(alone.metadata["faults"])
    assert alone.reason == "INVALID_PROPOSAL"
    assert count >= 1_000
    assert 0 < len(alone.faults) == int(alone.metadata["shown"]) < count
    assert len(batch.results[0].error.faults) == count
    assert list(alone.faults) == list(batch.results[0].error.faults[: len(alone.faults)])


async def test_a_condition_that_can_not_be_evaluated_is_no_verdict(overflowing: Snapshot) -> None:
    """A faulty ruleset is an internal error that names the expression, and the next request is judged all the same."""
    small = ruleset_pb2.RulesetSelector(name="small")
    async with running(overflowing) as served:
        error = await error_from(served, pb.EvaluateRequest(proposal=tiny(), ruleset=small, as_of=AS_OF))
        after = await served.client.evaluate(evaluation())

    assert (error.code, error.reason) == (grpc.StatusCode.INTERNAL, "RULE_FAILED")
    assert "deployment.interactions_per_month" in error.metadata["expression"]
    assert not error.is_callers_fault
    assert after.decision.verdict


async def test_without_rulesets_nothing_is_judged() -> None:
    """Until rules are loaded every question about them is unavailable; what the server is can be asked."""
    async with running(None) as served:
        error = await error_from(served, evaluation())
        info = await served.client.server_info(pb.GetServerInfoRequest())

    assert (error.code, error.reason) == (grpc.StatusCode.UNAVAILABLE, "NOT_READY")
    assert info.engine_version
    assert not info.rulesets


class Broken(ServedRules):
    """Fails in a way that nobody foresaw, with something in the message that must not be shown."""

    def dossier_of(self, proposal: Proposal) -> ProposalDossier:
        """Fails for one proposal."""
        if proposal.id == "broken":
            raise KeyError(f"completeness of {proposal.data_sources[0].id}")
        return super().dossier_of(proposal)


async def test_what_nobody_foresaw_is_logged_and_not_shown(packaged: Snapshot) -> None:
    """The caller gets the request id, the log everything, and the server goes on."""
    request = pb.EvaluateRequest(request_id="r-9", proposal=tiny("broken"), as_of=AS_OF)
    async with running(packaged, gate=Broken()) as served:
        error = await error_from(served, request)
        batch = await served.client.batch_evaluate(pb.BatchEvaluateRequest(items=[request, evaluation()]))
        logged = served.lines("unexpected")

    assert (error.code, error.reason) == (grpc.StatusCode.INTERNAL, "UNEXPECTED")
    assert error.metadata == {"request_id": "r-9"}
    assert "completeness" not in f"{error} {error.__cause__}"
    assert batch.results[0].error.reason == "UNEXPECTED"
    assert "completeness" not in batch.results[0].error.message
    assert batch.results[1].HasField("response")
    assert [line["failed_request"] for line in logged] == ["r-9", "r-9"]
    assert "KeyError: 'completeness of crm'" in logged[0]["exception"]
    assert "Traceback" in logged[0]["exception"]


class Slow(ServedRules):
    """Checks rulesets for as long as it is told to."""

    def __init__(self) -> None:
        """Holds every check until `go` is set."""
        super().__init__()
        self.began = threading.Event()
        self.go = threading.Event()

    def check_rulesets(self, files: Mapping[str, str]) -> tuple[Sequence[Ruleset], Sequence[Fault]]:
        """Waits."""
        self.began.set()
        assert self.go.wait(30), "the test forgot to let go"
        return (), (Fault(next(iter(files)), 0, 0, "slow"),)


FILES = rulesets.ValidateRulesetRequest(files=[rulesets.RulesetFile(path="a.yaml", content="a: 1")])


async def test_more_calls_than_the_server_holds_are_shed(packaged: Snapshot) -> None:
    """A call over the limit is turned away with a reason; the one before it is answered, and the server is healthy."""
    slow = Slow()
    async with running(packaged, gate=slow, calls=1) as served:
        checking = asyncio.create_task(_validate(served))
        await asyncio.to_thread(slow.began.wait, 10)
        error = await error_from(served, evaluation())
        in_flight = served.metrics.value("readygate_calls_in_flight")
        health = await health_of(served.target)
        slow.go.set()
        checked = await checking
        after = await served.client.evaluate(evaluation())

    assert (error.code, error.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED")
    assert error.metadata == {"limit": "1"}
    assert in_flight == 1
    assert health == health_pb2.HealthCheckResponse.SERVING
    assert [fault.message for fault in checked.faults] == ["slow"]
    assert after.decision.verdict


async def _validate(served: Running) -> rulesets.ValidateRulesetResponse:
    return await served.client.validate_ruleset(FILES, timeout=30)


async def test_judging_goes_on_while_rulesets_are_checked(packaged: Snapshot) -> None:
    """A slow check of files holds up nobody who wants a verdict."""
    slow = Slow()
    async with running(packaged, gate=slow) as served:
        checking = asyncio.create_task(_validate(served))
        await asyncio.to_thread(slow.began.wait, 10)
        reply = await served.client.evaluate(evaluation(), timeout=5)
        slow.go.set()
        await checking

    assert reply.decision.verdict


@pytest.mark.parametrize("path", ["/etc/passwd", "../up.yaml", "a/../b.yaml", "", "a\\b.yaml", "./a.yaml", "x" * 256])
async def test_a_file_stays_below_the_rules_directory(served: Running, path: str) -> None:
    """A path that leads elsewhere, or is written in a second way, is refused."""
    request = rulesets.ValidateRulesetRequest(files=[rulesets.RulesetFile(path=path, content="a: 1")])

    with pytest.raises(GateError) as caught:
        await served.client.validate_ruleset(request)

    assert caught.value.reason == "INVALID_REQUEST"
    assert [fault.path for fault in caught.value.faults] == ["files[0].path"]


async def test_a_batch_is_judged_by_one_ruleset_only(served: Running) -> None:
    """An item with a ruleset of its own is refused, and an empty batch has nothing to say."""
    own = evaluation(ruleset=ruleset_pb2.RulesetSelector(version="2026.1.0"))

    reply = await served.client.batch_evaluate(pb.BatchEvaluateRequest(items=[own]))
    with pytest.raises(GateError) as empty:
        await served.client.batch_evaluate(pb.BatchEvaluateRequest())

    assert [fault.path for fault in reply.results[0].error.faults] == ["ruleset"]
    assert [fault.path for fault in empty.value.faults] == ["items"]


def test_gates_of_the_contract_are_those_of_the_gate() -> None:
    """A gate number that passes the check has a meaning in the domain."""
    from readygate_server.domain.vocabulary import Gate

    assert {int(gate) for gate in Gate} == {number for number in gate_pb2.Gate.values() if number}


async def test_bytes_that_are_no_message_are_refused_as_bad_input(served: Running) -> None:
    """Garbage on the wire is the caller's fault, with the number of bytes and nothing of the server's inside."""
    async with grpc.aio.insecure_channel(served.target) as channel:
        send: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/readygate.v1.GateService/Evaluate")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await send(b"\xff\xff\xff")
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "no message of this contract, got 3 bytes" in (caught.value.details() or "")
    assert served.lines()[-1]["reason"] == "INVALID_REQUEST"
