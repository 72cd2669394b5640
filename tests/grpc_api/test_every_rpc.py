"""Every RPC, over a socket, against the rules that ship."""

from __future__ import annotations

from readygate.v1 import decision_pb2, evidence_pb2, gate_pb2, ruleset_pb2
from readygate.v1 import gate_service_pb2 as pb
from readygate.v1 import ruleset_service_pb2 as rulesets
from readygate.v1.waiver_pb2 import Waiver
from readygate_server.bootstrap import LocalGate, Snapshot, fact_directory
from tests.grpc_api.serving import AS_OF, Running, refund_agent

FULL = ruleset_pb2.RulesetSelector(name="operational-readiness-full")


async def test_evaluate_answers_as_the_gate_without_a_server(served: Running, packaged: Snapshot) -> None:
    """A decision over the wire is the decision of this process, byte for byte."""
    local = LocalGate(packaged, fact_directory()).evaluate(refund_agent(), gate="commit", as_of=AS_OF)

    reply = await served.client.evaluate(
        pb.EvaluateRequest(request_id="r-1", proposal=refund_agent(), gate=gate_pb2.GATE_COMMIT, as_of=AS_OF)
    )

    assert reply.request_id == "r-1"
    assert reply.decision == local
    assert reply.decision.SerializeToString(deterministic=True) == local.SerializeToString(deterministic=True)


async def test_a_summary_leaves_out_what_neither_blocks_nor_conditions(served: Running) -> None:
    """A summary has the same verdict, no plan, and only the findings that matter to it."""
    full = await served.client.evaluate(pb.EvaluateRequest(proposal=refund_agent(), as_of=AS_OF))
    short = await served.client.evaluate(pb.EvaluateRequest(proposal=refund_agent(), as_of=AS_OF, view=pb.VIEW_SUMMARY))

    weighty = (decision_pb2.EFFECT_CONDITIONS, decision_pb2.EFFECT_BLOCKS)
    assert short.decision.verdict == full.decision.verdict
    assert [f for f in full.decision.findings if f.effect in weighty] == list(short.decision.findings)
    assert full.decision.HasField("plan")
    assert not short.decision.HasField("plan")


async def test_a_batch_answers_each_item_as_if_it_came_alone(served: Running) -> None:
    """An item of a batch gets the decision that it gets alone, and errors of its own."""
    good = pb.EvaluateRequest(request_id="good", proposal=refund_agent(), as_of=AS_OF)
    bad = pb.EvaluateRequest(request_id="bad", proposal=refund_agent(), as_of="2026-02-30")
    alone = await served.client.evaluate(good)

    reply = await served.client.batch_evaluate(pb.BatchEvaluateRequest(items=[good, bad]))

    assert reply.results[0].response == alone
    assert reply.ruleset == alone.decision.ruleset
    assert (reply.results[1].error.code, reply.results[1].error.reason) == (3, "INVALID_REQUEST")
    assert [fault.path for fault in reply.results[1].error.faults] == ["as_of"]


async def test_a_full_batch_with_one_bad_item_judges_the_other_99(served: Running) -> None:
    """Of 100 items the one that breaks the contract fails, and no other."""
    items = [pb.EvaluateRequest(proposal=refund_agent(), as_of=AS_OF, view=pb.VIEW_SUMMARY) for _ in range(100)]
    items[41].proposal.data_sources[0].completeness = float("nan")

    reply = await served.client.batch_evaluate(pb.BatchEvaluateRequest(items=items), timeout=60)

    failed = [index for index, result in enumerate(reply.results) if result.HasField("error")]
    assert failed == [41]
    assert reply.results[41].error.reason == "INVALID_PROPOSAL"
    assert [fault.path for fault in reply.results[41].error.faults] == ["data_sources[crm].completeness"]
    assert len(reply.results) == 100
    assert served.judged() == 99


async def test_simulate_changes_facts_and_leaves_the_proposal_alone(served: Running) -> None:
    """An override decides as if the proposal said so."""
    proposal = refund_agent()
    proposal.data_sources[0].completeness = 1.0
    said = await served.client.evaluate(pb.EvaluateRequest(proposal=proposal, as_of=AS_OF))
    override = pb.FactOverride(fact="source.completeness", subject="crm", value=evidence_pb2.FactValue(number=1.0))

    assumed = await served.client.simulate(
        pb.SimulateRequest(proposal=refund_agent(), as_of=AS_OF, overrides=[override])
    )

    assert assumed.decision == said.decision


async def test_simulate_takes_a_fact_away(served: Running) -> None:
    """An override without a value makes a fact unknown."""
    override = pb.FactOverride(fact="source.completeness", subject="crm")

    reply = await served.client.simulate(pb.SimulateRequest(proposal=refund_agent(), as_of=AS_OF, overrides=[override]))

    found = [(f.rule_id, f.outcome) for f in reply.decision.findings if f.subject == "crm" and f.rule_id == "DAT-03"]
    assert found == [("DAT-03", decision_pb2.OUTCOME_UNKNOWN)]


async def test_simulate_assumes_waivers(served: Running) -> None:
    """A waiver that is in force turns the finding that it is for, and no other."""
    waiver = Waiver(
        id="w-1",
        rule_id="DAT-03",
        subject="crm",
        reason="The gaps are being filled.",
        compensating_control="A person looks at each gap.",
        requested_by="a",
        approved_by="b",
        starts_on="2026-10-01",
        ends_on="2026-11-30",
    )

    reply = await served.client.simulate(pb.SimulateRequest(proposal=refund_agent(), as_of=AS_OF, waivers=[waiver]))

    waived = [(f.rule_id, f.subject) for f in reply.decision.findings if f.outcome == decision_pb2.OUTCOME_WAIVED]
    assert waived == [("DAT-03", "crm")]
    assert list(reply.decision.waiver_ids) == ["w-1"]


async def test_requirements_name_owner_and_artefact_for_each_asset(served: Running) -> None:
    """A proposal with three sources is asked for the completeness of each, with who knows it and where."""
    reply = await served.client.list_requirements(
        pb.ListRequirementsRequest(proposal=refund_agent(), ruleset=FULL, gate=gate_pb2.GATE_COMMIT, as_of=AS_OF)
    )

    asked = {each.subject: each for each in reply.requirements if each.fact == "source.completeness"}
    assert set(asked) == {source.id for source in refund_agent().data_sources}
    crm = asked["crm"]
    assert crm.stated
    assert crm.owner_role
    assert crm.artefact
    assert crm.unit == "ratio"
    assert "DAT-03" in crm.rule_ids
    assert crm.severity == ruleset_pb2.SEVERITY_BLOCKER
    assert crm.minimum_grade >= evidence_pb2.EVIDENCE_GRADE_E1_DOCUMENT
    assert crm.maximum_age_days > 0
    assert reply.tier.tier == ruleset_pb2.TIER_T3_ACT


async def test_server_info_says_what_can_be_asked(served: Running) -> None:
    """Limits, rulesets with their digests and the default are told."""
    info = await served.client.server_info(pb.GetServerInfoRequest())

    assert info.engine_version
    assert (info.limits.max_request_bytes, info.limits.max_batch_items) == (1 << 20, 100)
    names = {"operational-readiness", "operational-readiness-full", "operational-readiness-measured"}
    assert {each.name for each in info.rulesets} == names
    assert all(each.digest.startswith("sha256:") for each in info.rulesets)
    assert info.default_ruleset == "operational-readiness"


async def test_rulesets_are_listed_and_found_by_every_selector(served: Running) -> None:
    """Version, digest, channel, day and no choice at all lead to the same ruleset."""
    listed = await served.client.list_rulesets(rulesets.ListRulesetsRequest())
    wanted = next(each for each in listed.rulesets if each.name == "operational-readiness")
    select = ruleset_pb2.RulesetSelector
    selectors = [
        select(),
        select(name=wanted.name, version=wanted.version),
        select(digest=wanted.digest),
        select(name=wanted.name, channel="stable"),
        select(in_force_on=AS_OF),
    ]

    found = [
        await served.client.get_ruleset(rulesets.GetRulesetRequest(ruleset=selector, as_of=AS_OF))
        for selector in selectors
    ]

    assert {each.ruleset.ref.digest for each in found} == {wanted.digest}


async def test_a_ruleset_shows_its_numbers_with_their_origin(served: Running) -> None:
    """A rule shows its thresholds per tier, who chose each, and the facts that it reads."""
    reply = await served.client.get_ruleset(rulesets.GetRulesetRequest(ruleset=FULL, as_of=AS_OF))

    rule = next(rule for rule in reply.ruleset.rules if rule.id == "DAT-03")
    thresholds = {each.tier: each for each in rule.checks[0].thresholds}
    assert len(reply.ruleset.rules) == reply.ruleset.ref.rule_count == 68
    assert thresholds[ruleset_pb2.TIER_T3_ACT].value.number == 0.99
    assert thresholds[ruleset_pb2.TIER_T3_ACT].provenance.source == "ai-ready-data"
    assert list(rule.facts) == ["source.completeness"]
    assert {axis.id for axis in reply.ruleset.tier_axes} >= {"autonomy", "action_effect"}


async def test_a_ruleset_shows_what_can_be_waived(served: Running) -> None:
    """A rule shows for how long and by how many it is waived; one that never is shows zeros."""
    reply = await served.client.get_ruleset(rulesets.GetRulesetRequest(ruleset=FULL, as_of=AS_OF))

    rules = {rule.id: rule for rule in reply.ruleset.rules}
    shown = [
        (rule.waivable, rule.maximum_waiver_days, rule.waiver_quorum) for rule in (rules["DAT-03"], rules["DEP-02"])
    ]
    assert shown == [(True, 90, 1), (False, 0, 0)]


async def test_files_are_checked_without_being_kept(served: Running) -> None:
    """Every fault of the files comes back with its place, and nothing can be selected that was only checked."""
    files = [rulesets.RulesetFile(path="mine.yaml", content="name: mine\nversion: 7\nrulez: []\n")]

    reply = await served.client.validate_ruleset(rulesets.ValidateRulesetRequest(files=files), timeout=60)
    listed = await served.client.list_rulesets(rulesets.ListRulesetsRequest())

    places = {(fault.file, fault.line) for fault in reply.faults}
    assert {("mine.yaml", 2), ("mine.yaml", 3)} <= places
    assert not reply.rulesets
    assert "mine" not in {each.name for each in listed.rulesets}


async def test_rulesets_are_compared_rule_by_rule(served: Running) -> None:
    """From the short to the full ruleset everything that changes is tightened."""
    reply = await served.client.diff_rulesets(rulesets.DiffRulesetsRequest(after=FULL, as_of=AS_OF))

    added = [change for change in reply.changes if not change.path]
    assert (reply.before.rule_count, reply.after.rule_count) == (38, 68)
    assert len(added) == 30
    assert {change.kind for change in added} == {ruleset_pb2.CHANGE_KIND_TIGHTENED}
