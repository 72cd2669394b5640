"""One evaluator behind every way in: server, batch, what-if and command line answer alike, bit for bit."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor

from readygate.v1 import gate_service_pb2 as pb
from readygate.v1.gate_pb2 import Gate as WireGate
from readygate.v1.proposal_pb2 import Proposal
from readygate.v1.ruleset_pb2 import RulesetSelector
from readygate_server.adapters.proposals.reader import read_proposal
from readygate_server.adapters.proposals.vocabulary import set_member, short_names
from readygate_server.bootstrap import Snapshot, load_snapshot
from readygate_server.domain.vocabulary import Gate, Tier, Verdict
from tests.builders import AS_OF, FULL, gate_under_test
from tests.grpc_api.serving import running
from tests.properties.generated import Sketch, all_facts, candidates

RULES = RulesetSelector(name=FULL)
COUNT = 12


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    """Loads the rules as a server does."""
    return load_snapshot().compile_all()


def some_sketches() -> list[Sketch]:
    """Returns a dozen proposals, one at each tier and gate, with a few facts changed or left out."""
    chance = random.Random(2026)  # noqa: S311 -- no secret
    return [
        Sketch(
            tier,
            gate,
            changes=tuple((ref, chance.choice(candidates(ref.fact))) for ref in chance.sample(all_facts(), index % 4)),
            gone=tuple(chance.sample(all_facts(), index % 3)),
        )
        for index, (tier, gate) in enumerate((tier, gate) for tier in Tier for gate in Gate)
    ]


def local(proposal: Proposal, gate: Gate) -> bytes:
    """Returns the decision of this process."""
    decision = gate_under_test().evaluate(proposal, ruleset=FULL, gate=gate.name.lower(), as_of=AS_OF)
    return decision.SerializeToString(deterministic=True)


def test_the_proposals_have_different_answers() -> None:
    """The dozen is worth asking: there is a go among them, and a no, and an open answer."""
    verdicts = {
        gate_under_test().evaluate(each.made(), ruleset=FULL, gate=each.gate.name.lower(), as_of=AS_OF).verdict
        for each in some_sketches()
    }

    assert len(verdicts) >= len(Verdict) - 1


async def test_server_batch_stream_and_simulation_agree(snapshot: Snapshot) -> None:
    """A server answers like this process: alone, in a batch, in a stream, and as a simulation that changes nothing."""
    asked = [
        pb.EvaluateRequest(
            request_id=f"r-{number}",
            proposal=each.made(),
            ruleset=RULES,
            gate=WireGate.ValueType(each.gate),
            as_of=AS_OF,
        )
        for number, each in enumerate(some_sketches())
    ]
    async with running(snapshot) as server:
        alone = [await server.client.evaluate(request) for request in asked]
        together = pb.BatchEvaluateRequest(items=asked, ruleset=RULES)
        for item in together.items:
            item.ClearField("ruleset")  # a batch has one for all
        batch = await server.client.batch_evaluate(together, timeout=60)
        items = [pb.EvaluateStreamItem(item_id=each.request_id, request=each) for each in together.items]
        streams = [
            {each.item_id: each.response async for each in server.client.evaluate_stream(given, ruleset=RULES)}
            for given in (items, iter(items))  # several to a message, and one by one
        ]
        assumed = [
            await server.client.simulate(
                pb.SimulateRequest(
                    request_id=each.request_id, proposal=each.proposal, ruleset=RULES, gate=each.gate, as_of=AS_OF
                )
            )
            for each in asked
        ]

    expected = [local(each.made(), each.gate) for each in some_sketches()]
    assert [each.decision.SerializeToString(deterministic=True) for each in alone] == expected
    assert [each.response.decision.SerializeToString(deterministic=True) for each in batch.results] == expected
    assert [each.response for each in batch.results] == alone
    for streamed in streams:
        answers = [streamed[each.request_id].SerializeToString(deterministic=True) for each in alone]
        assert answers == [each.SerializeToString(deterministic=True) for each in alone]
    assert [each.decision.SerializeToString(deterministic=True) for each in assumed] == expected


def test_the_command_line_agrees(tmp_path: Path) -> None:
    """`readygate check --format json` on files gives the same decisions, in the order of the files."""
    sketches = some_sketches()
    files = []
    for number, each in enumerate(sketches):
        file = tmp_path / f"{number}.yaml"
        file.write_text(json.dumps(as_people_write(each.made())), encoding="utf-8")
        assert read_proposal(file.read_text(encoding="utf-8"), file=file.name)[0] == each.made()
        files.append(str(file))

    reply = check([*files, "--gate", "pilot"])

    decisions = [each.response.decision.SerializeToString(deterministic=True) for each in reply.results]
    assert decisions == [local(each.made(), Gate.PILOT) for each in sketches]


def check(arguments: list[str]) -> pb.BatchEvaluateResponse:
    """Runs the command in a process of its own and reads what it prints."""
    command = [sys.executable, "-m", "readygate_server", "check", "--format", "json", "--ruleset", FULL]
    done = subprocess.run(
        [*command, "--as-of", AS_OF, *arguments], capture_output=True, text=True, check=False, env=os.environ
    )
    assert done.returncode == 1, done.stderr
    return json_format.Parse(done.stdout, pb.BatchEvaluateResponse())


def as_people_write(message: Any) -> Any:
    """Returns a message in the form of proposal files: short names, sets as lists, numbers as numbers."""
    return {field.name: _written(field, value) for field, value in message.ListFields()}


def _written(field: FieldDescriptor, value: Any) -> Any:
    if field.is_repeated:
        return [_single(field, item) for item in value]
    return _single(field, value)


def _single(field: FieldDescriptor, value: Any) -> Any:
    if field.enum_type is not None:
        return next(name for name, number in short_names(field.enum_type).items() if number == value)
    if field.message_type is None:
        return value
    if field.message_type.full_name == "google.protobuf.Timestamp":
        return value.ToJsonString()
    member = set_member(field.message_type)
    return as_people_write(value) if member is None else _written(member, getattr(value, member.name))
