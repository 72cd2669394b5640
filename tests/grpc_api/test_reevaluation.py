"""New evidence on an asset: the open proposals that stand on it are judged again, and changed verdicts are told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from readygate import GateError
from readygate.v1 import decision_service_pb2 as decisions
from readygate.v1 import foundation_service_pb2 as pb
from readygate.v1 import gate_service_pb2 as gate
from readygate.v1.decision_pb2 import (
    OUTCOME_SATISFIED,
    OUTCOME_VIOLATED,
    VERDICT_GO,
    VERDICT_NO_GO,
    VERDICT_UNDETERMINED,
)
from readygate.v1.proposal_pb2 import Proposal
from readygate.v1.ruleset_pb2 import RulesetSelector
from readygate_server.bootstrap import load_snapshot
from readygate_server.bootstrap.record import open_record
from readygate_server.bootstrap.served_rules import ServedRules
from readygate_server.domain.identity import LOCAL, Binding, Principal, Role
from readygate_server.observability import begin_call
from readygate_server.settings import RecordSettings
from tests.grpc_api import rules_on_disk
from tests.grpc_api.assets import SOURCE, changes, crm, register, standing_on_crm
from tests.grpc_api.keeping import keeping
from tests.grpc_api.serving import Running, running

SMALL = RulesetSelector(name="small")


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Running]:
    """Runs a server with a record and two rules, of which one asks whether the CRM is complete."""
    (tmp_path / "rules").mkdir()
    rules_on_disk.write(tmp_path / "rules", version="2026.1.0")
    async with keeping(load_snapshot(tmp_path / "rules").compile_all(), tmp_path / "data") as server:
        yield server


async def ask(served: Running, proposal: Proposal, **more: Any) -> gate.EvaluateResponse:
    """Asks for a recorded verdict."""
    return await served.client.evaluate(gate.EvaluateRequest(proposal=proposal, ruleset=SMALL, **more))


async def again(served: Running, **more: Any) -> pb.Reevaluation:
    """Returns what the newest revision of the CRM changes."""
    request = pb.ReevaluateProposalsRequest(scope=SOURCE, id="crm", **more)
    return (await served.client.reevaluate_proposals(request)).reevaluation


async def test_a_new_revision_says_which_verdicts_change(served: Running) -> None:
    """Each proposal is told with both verdicts of today and the findings that make the difference."""
    await register(served.client, crm(0.5))
    answer = await ask(served, standing_on_crm("a"))
    unmoved = standing_on_crm("b")
    unmoved.deployment.interactions_per_month = 1
    await ask(served, unmoved)

    found = (await register(served.client, crm(0.95))).reevaluation

    assert changes(found) == [("a", VERDICT_NO_GO, VERDICT_GO, True), ("b", VERDICT_NO_GO, VERDICT_NO_GO, False)]
    first = found.proposals[0]
    assert (first.decision_id, first.recorded, first.gate) == (
        answer.record.decision_id,
        VERDICT_NO_GO,
        answer.decision.gate,
    )
    assert [(each.rule_id, each.subject, each.before, each.now) for each in first.findings] == [
        ("ACM-01", "crm", OUTCOME_VIOLATED, OUTCOME_SATISFIED)
    ]
    assert found == await again(served)


async def test_nothing_is_recorded(served: Running) -> None:
    """To be judged again leaves no decision; who wants one asks for it."""
    await register(served.client, crm(0.5))
    await ask(served, standing_on_crm())
    await register(served.client, crm(0.95))
    await again(served)

    assert len((await served.client.list_decisions(decisions.ListDecisionsRequest())).decisions) == 1


async def test_the_newest_decision_counts(served: Running) -> None:
    """A proposal that was judged anew is compared with that, and one that no longer stands on the asset is left out."""
    await register(served.client, crm(0.5))
    for name in ("a", "b"):
        await ask(served, standing_on_crm(name))
    await register(served.client, crm(0.95))
    await ask(served, standing_on_crm("a"))
    left = Proposal(id="b")
    left.deployment.interactions_per_month = 100
    await ask(served, left)

    found = (await register(served.client, crm(0.96))).reevaluation

    assert changes(found) == [("a", VERDICT_GO, VERDICT_GO, False)]
    assert not found.proposals[0].findings


async def test_a_named_revision_is_not_affected(served: Running) -> None:
    """A proposal that names its revision is counted and not judged again."""
    await register(served.client, crm(0.5))
    await ask(served, standing_on_crm("a", revision=1))

    found = (await register(served.client, crm(0.95))).reevaluation

    assert (len(found.proposals), found.pinned) == (0, 1)


async def test_a_value_that_is_gone_is_unknown(served: Running) -> None:
    """A revision says everything: what it leaves out is unknown, and so is the verdict then."""
    await register(served.client, crm(0.95))
    await ask(served, standing_on_crm())

    found = (await register(served.client, crm(None))).reevaluation

    assert changes(found) == [("p", VERDICT_GO, VERDICT_UNDETERMINED, True)]


async def test_what_does_not_go_together_any_more_is_told(served: Running) -> None:
    """A proposal that says that a fact does not apply can not be judged with a revision that states it."""
    await register(served.client, crm(None))
    proposal = standing_on_crm()
    proposal.statements.add(
        fact="source.completeness", subject="crm", kind=1, reason="A cache.", stated_by="jane@bank.example"
    )
    await ask(served, proposal)

    found = (await register(served.client, crm(0.95))).reevaluation

    assert "does not apply, and here it has a value" in found.proposals[0].problem
    assert not found.proposals[0].is_changed


async def test_page_by_page(served: Running) -> None:
    """A page looks at so many proposals, and its token goes on behind them; all of them are told once."""
    await register(served.client, crm(0.5))
    for number in range(5):
        await ask(served, standing_on_crm(f"p{number}"))
    await register(served.client, crm(0.95))
    seen, token = [], ""
    for size in (2, 2, 2):
        found = await again(served, page_size=size, page_token=token)
        seen.append([each.proposal_id for each in found.proposals])
        token = found.next_page_token

    assert seen == [["p0", "p1"], ["p2", "p3"], ["p4"]]
    assert not token
    with pytest.raises(GateError, match="not of this query"):
        await again(served, page_token=(await again(served, page_size=1)).next_page_token, open_days=3)
    for wrong in ({"page_size": 201}, {"open_days": 367}):
        with pytest.raises(GateError) as caught:
            await again(served, **wrong)
        assert caught.value.reason == "INVALID_REQUEST"


async def test_the_registration_stands_when_time_runs_out(served: Running) -> None:
    """With no time left one proposal is looked at, and the token says where to go on."""
    await register(served.client, crm(0.5))
    for number in range(3):
        await ask(served, standing_on_crm(f"p{number}"))
    request = pb.RegisterAssetRequest(asset=crm(0.95))

    answer = await served.client.register_asset(request, timeout=0.95)
    rest = await again(served, page_token=answer.reevaluation.next_page_token)

    assert [each.proposal_id for each in answer.reevaluation.proposals] == ["p0"]
    assert [each.proposal_id for each in rest.proposals] == ["p1", "p2"]


async def test_recorded_batch_items_are_judged_by_their_ruleset(served: Running) -> None:
    """The ruleset that decided is taken again, wherever it was asked for."""
    await register(served.client, crm(0.5))
    items = [gate.EvaluateRequest(proposal=standing_on_crm())]
    await served.client.batch_evaluate(gate.BatchEvaluateRequest(items=items, ruleset=SMALL))

    found = (await register(served.client, crm(0.95))).reevaluation

    assert changes(found) == [("p", VERDICT_NO_GO, VERDICT_GO, True)]


async def test_of_proposals_of_others_only_the_number_is_told(tmp_path: Path) -> None:
    """A steward sees the proposals of their scope, whoever asked sees their own, and both are told how many more."""
    (tmp_path / "rules").mkdir()
    rules_on_disk.write(tmp_path / "rules", version="2026.1.0")
    snapshot, rules = load_snapshot(tmp_path / "rules").compile_all(), ServedRules()
    record = await open_record(RecordSettings(tmp_path / "data", ""), rules)
    await record.keep_rulesets(snapshot)
    async with running(snapshot, gate=rules, keeping=record.keeping) as served:
        await register(served.client, crm(0.5))
        for name in ("a-1", "b-1"):
            await ask(served, standing_on_crm(name))

        async def seen_by(who: Principal) -> tuple[list[str], int]:
            begin_call("r", "FoundationService/Test").principal = who
            request = pb.ReevaluateProposalsRequest(scope=SOURCE, id="crm")
            answer: Any = await record.keeping.foundations.ReevaluateProposals(request, _Unhurried())  # type: ignore[arg-type, misc]
            found = answer.reevaluation
            return [each.proposal_id for each in found.proposals], found.not_shown

        steward = replace(LOCAL, name="ada", bindings=(Binding(Role.STEWARD, proposals=("a-*",)),))
        stranger = replace(LOCAL, name="grace", bindings=(Binding(Role.EVALUATOR),))
        asker = replace(LOCAL, bindings=(Binding(Role.EVALUATOR),))
        seen = [await seen_by(who) for who in (steward, stranger, asker)]
    await record.close()

    assert seen == [(["a-1"], 1), ([], 2), (["a-1", "b-1"], 0)]


class _Unhurried:
    """The context of a call that may take any time."""

    def time_remaining(self) -> None:
        """Says that nobody set a deadline."""
