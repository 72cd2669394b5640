"""What a report says about a decision."""

from __future__ import annotations

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256

import pytest
from jinja2 import UndefinedError

from readygate.v1 import decision_pb2 as pb
from readygate.v1.evidence_pb2 import EVIDENCE_GRADE_E0_CLAIMED
from readygate.v1.foundation_pb2 import AssetScope
from readygate.v1.foundation_service_pb2 import AssetRevision
from readygate.v1.proposal_pb2 import Proposal
from readygate.v1.record_pb2 import DecisionRecord
from readygate.v1.waiver_pb2 import Waiver
from readygate_server.adapters.proposals.reader import read_proposal
from readygate_server.domain.vocabulary import Gate, Tier
from readygate_server.web.report.file import report_file
from readygate_server.web.report.page import STYLE, Report, environment, report_context
from readygate_server.web.report.registered import with_registered
from tests.builders import AS_OF, FULL, gate_under_test, passing_proposal
from tests.cli.command import EXAMPLE
from tests.web.report.pages import Page


@cache
def _example() -> tuple[Proposal, bytes]:
    proposal, _ = read_proposal(EXAMPLE.read_text(encoding="utf-8"), file="example")
    return proposal, gate_under_test().evaluate(proposal, as_of=AS_OF).SerializeToString()


def example() -> tuple[Proposal, pb.Decision]:
    """Returns the example and what is decided about it."""
    proposal, decision = _example()
    return proposal, pb.Decision.FromString(decision)


def report_of(decision: pb.Decision, proposal: Proposal | None, **more: object) -> Report:
    """Returns what is shown."""
    found: Report = report_context(decision, proposal, **more)["report"]  # type: ignore[arg-type]
    return found


def page_of(decision: pb.Decision, proposal: Proposal | None, **more: object) -> Page:
    """Returns the page, read again."""
    return Page(report_file([report_context(decision, proposal, **more)]))  # type: ignore[arg-type]


def test_the_verdict_comes_first_with_what_set_the_tier() -> None:
    """The first words are the answer, what it means, and the axes that set the tier."""
    proposal, decision = example()
    text = page_of(decision, proposal).text
    order = ["NO GO", "Returns and refunds agent", "At least one rule that must hold fails", "What blocks (11)"]
    assert [text.index(words) for words in order] == sorted(text.index(words) for words in order)
    assert "T3 act, set by autonomy and action effect" in text
    assert "action effect: T3 act , which sets the tier" in text


def test_many_axes_and_sentences_are_punctuated_as_people_do() -> None:
    """Axes stand in a list with one `and`, and a requirement that is a sentence ends once."""
    decision = gate_under_test().evaluate(Proposal(id="bare"), as_of=AS_OF)
    text = page_of(decision, Proposal(id="bare")).text
    assert "set by autonomy, action effect, audience, data sensitivity and decision effect" in text
    assert "prohibited for this use; threshold by judgement" in text
    assert ".;" not in text


def test_every_finding_is_in_one_place() -> None:
    """Whatever a finding does to the verdict, it is shown, once."""
    _, decision = example()
    found = report_of(decision, None).findings
    shown = [each for group in found for each in group]
    assert sorted((each.rule_id, each.subject) for each in shown) == sorted(
        (each.rule_id, each.subject) for each in decision.findings
    )
    assert len({each.anchor for each in shown}) == len(shown)


def test_what_blocks_says_observed_against_required() -> None:
    """A finding has what was observed, what was required, what that rests on, who chose it, and the work."""
    proposal, decision = example()
    found = next(each for each in report_of(decision, proposal).findings.blocks if each.rule_id == "DAT-03")
    (compared,) = found.comparisons
    assert (found.subject, compared.facts, compared.observed, compared.required) == (
        *("crm", ("source.completeness",), "0.94", ">= 0.99"),
    )
    assert compared.rests_on == "E2 measured, 7 days old"
    assert (compared.chosen, compared.chosen_by) == ("source", "ai-ready-data")
    assert compared.citation.startswith("Snowflake-Labs/ai-ready-data")
    assert found.item is not None
    assert found.item.id == "W-DAT-03[crm]"


def test_a_derived_fact_rests_on_its_inputs() -> None:
    """What is computed from facts shows the evidence of those facts."""
    proposal, decision = example()
    found = next(each for each in report_of(decision, proposal).findings.blocks if each.rule_id == "DAT-07")
    assert found.comparisons[0].facts == ("source.staleness_excess",)
    assert found.comparisons[0].rests_on == "E2 measured, 7 days old"


def test_what_is_not_known_rests_on_nothing() -> None:
    """A fact without a value shows no evidence, though its group may have some."""
    proposal, decision = example()
    found = next(each for each in report_of(decision, proposal).findings.blocks if each.rule_id == "WFL-03")
    assert {(each.observed, each.rests_on) for each in found.comparisons} == {("not known", "")}


def test_the_work_is_drawn_and_stands_in_a_table() -> None:
    """Every item has a row to which findings and chains link, and is in both drawings."""
    proposal, decision = example()
    page = page_of(decision, proposal)
    ids = set(page.values("id"))
    assert {address.removeprefix("#") for address in page.values("href")} <= ids
    for item in decision.plan.items:
        assert page.text.count(item.id) >= 3
        assert item.done_when in page.text
        assert all(command in page.text for command in item.collect_commands)
    assert len([tag for tag, _ in page.elements if tag == "svg"]) == 3


def test_facts_to_be_measured_stand_by_owner() -> None:
    """Each owner is named once, with the artefacts that would give the facts."""
    proposal, decision = example()
    (owed,) = report_of(decision, proposal).owed
    assert owed.owner == "Process owner"
    assert {artefact for artefact, _ in owed.by_artefact} == {each.artefact for each in decision.missing_facts}
    assert sum(len(facts) for _, facts in owed.by_artefact) == 3


def test_the_way_to_yes_names_what_has_to_be_narrowed() -> None:
    """What passes today and what passes after work is shown with its cost."""
    proposal, decision = example()
    ways = report_of(decision, proposal).ways
    assert [way.tier for way in ways.today] == ["T1 assist"]
    assert ("deployment.action_effect", "write_reversible", "draft") in ways.today[0].narrowings
    assert [(way.elapsed, way.takes_all) for way in ways.after_work] == [("4.7-17", False), ("7-26", True)]


def test_evidence_has_its_age_on_the_day_of_the_decision() -> None:
    """Ages are counted to the day of the decision; what had expired then, or came later, says so."""
    proposal, decision = example()
    changed = Proposal()
    changed.CopyFrom(proposal)
    changed.evidence[0].as_of.FromJsonString("2026-11-02T00:00:00Z")
    changed.evidence[1].expires_at.FromJsonString("2026-10-31T00:00:00Z")
    rows = report_of(decision, changed).evidence.rows
    assert [row.age for row in rows if row.is_later] == ["observed later"]
    assert [(row.subject, row.age, row.expires) for row in rows if row.is_expired] == [
        ("crm", "7 days old", "2026-10-31")
    ]


def test_evidence_that_falls_short_is_marked() -> None:
    """A grade that is too low and a day that is too old are marked where they stand, missing evidence on its own."""
    proposal = passing_proposal(Tier.T3)
    weak, old = (next(each for each in proposal.evidence if each.subject == name) for name in ("crm", "returns"))
    weak.grade = EVIDENCE_GRADE_E0_CLAIMED
    old.as_of.FromJsonString("2020-01-01T00:00:00Z")
    kept = [each for each in proposal.evidence if each.subject != "order-api"]
    del proposal.evidence[:]
    proposal.evidence.extend(kept)
    decision = gate_under_test().evaluate(proposal, ruleset=FULL, gate=Gate.PRODUCTION.name.lower(), as_of=AS_OF)
    found = report_of(decision, proposal).evidence
    kinds = {(row.facts, each.kind) for row in found.rows for each in row.short}
    assert (tuple(weak.facts), "weak") in kinds
    assert (tuple(old.facts), "stale") in kinds
    assert {each.kind for each in found.without} == {"missing"}
    assert all(path.startswith("api[order-api].") for each in found.without for path in each.facts)


def test_facts_that_fall_short_alike_stand_together() -> None:
    """A rule that fails in the same way for many facts names them all, and says how once."""
    proposal = passing_proposal(Tier.T3)
    del proposal.evidence[:]
    decision = gate_under_test().evaluate(proposal, ruleset=FULL, gate="production", as_of=AS_OF)
    (finding,) = (each for each in decision.findings if each.rule_id == "EVD-02")
    (shown,) = (each for each in report_of(decision, proposal).findings.blocks if each.rule_id == "EVD-02")
    assert len(shown.comparisons) < 10 < len(finding.observations)
    assert {fact for each in shown.comparisons for fact in each.facts} == {each.fact for each in finding.observations}


def test_without_the_proposal_the_report_says_so() -> None:
    """A decision alone is shown; what it rests on is then said not to be at hand."""
    _, decision = example()
    page = page_of(decision, None)
    assert "The proposal is not at hand" in page.text
    assert "Rests on" not in page.text


def test_registered_assets_bring_their_evidence() -> None:
    """With the revisions that went into a decision a report shows their evidence; without one it says who has it."""
    proposal, decision = example()
    split, revision = Proposal(), AssetRevision(scope=AssetScope.ASSET_SCOPE_SOURCE, id="crm", revision=3)
    split.CopyFrom(proposal)
    (crm,) = (each for each in proposal.data_sources if each.id == "crm")
    split.data_sources.remove(crm)
    revision.asset.source.CopyFrom(crm)
    for entry in [each for each in proposal.evidence if each.subject == "crm"]:
        split.evidence.remove(entry)
        revision.asset.evidence.append(entry)
    split.assets.add(scope=revision.scope, id="crm")
    whole, lacking = with_registered(split, [revision]), with_registered(split, [])
    assert report_of(decision, whole).evidence == report_of(decision, proposal).evidence
    assert report_of(decision, lacking).evidence.references == ("crm",)
    assert "whose evidence the server holds: crm." in page_of(decision, lacking).text


def test_waivers_and_conflicts_are_shown() -> None:
    """A waiver shows why, what limits the harm and how long; a conflict shows all values, the one in use first."""
    proposal, decision = example()
    finding = next(each for each in decision.findings if each.rule_id == "DAT-03" and each.effect == pb.EFFECT_BLOCKS)
    finding.outcome, finding.effect, finding.waiver_id = pb.OUTCOME_WAIVED, pb.EFFECT_CONDITIONS, "waiver-1"
    decision.waiver_ids.extend(["waiver-1", "waiver-2"])
    conflict = decision.conflicts.add(fact="source.completeness", subject="crm")
    for number, source in ((0.94, "the monitor"), (0.99, "")):
        conflict.values.add(source_uri=source).value.number = number
    waiver = Waiver(
        id="waiver-1", reason="Until spring", compensating_control="A person confirms", ends_on="2026-12-31"
    )
    report = report_of(decision, proposal, waivers=[waiver])
    assert [(each.id, each.rule_id, each.reason) for each in report.waivers] == [
        *(("waiver-1", "DAT-03", "Until spring"), ("waiver-2", "", "")),
    ]
    text = page_of(decision, proposal, waivers=[waiver]).text
    assert "A person confirms" in text
    assert re.search(r"source\[crm\]\.completeness The first is used.*0\.94.*by the monitor \(used\).*0\.99", text)


def test_people_who_asked_for_waivers_are_not_named() -> None:
    """Names can be erased from the record, and so they are not copied into files."""
    proposal, decision = example()
    decision.waiver_ids.append("waiver-1")
    waiver = Waiver(id="waiver-1", requested_by="jane.doe", approved_by="john.roe")
    text = report_file([report_context(decision, proposal, waivers=[waiver])])
    assert "jane.doe" not in text
    assert "john.roe" not in text
    assert proposal.evidence[0].collector not in text


def test_history_links_where_somebody_says_to_what() -> None:
    """Decisions about the same proposal are listed; they are links only where there is something to link to."""
    proposal, decision = example()
    own, other = DecisionRecord(verdict=pb.VERDICT_NO_GO), DecisionRecord(verdict=pb.VERDICT_GO)
    for record, name in ((own, "a1"), (other, "b2")):
        record.ref.decision_id, record.gate, record.tier = name, decision.gate, decision.tier.tier
    context = report_context(decision, proposal, [own, other], record=own)
    assert [(each.id, each.words, each.is_this) for each in context["report"].history] == [
        *(("a1", "NO GO", True), ("b2", "GO", False)),
    ]
    context["decision_href"] = lambda name: f"/decisions/{name}"
    page = Page(environment().get_template("report/decision.html").render(context))
    assert "/decisions/b2" in page.values("href")
    assert "/decisions/a1" not in page.values("href")


@pytest.mark.parametrize("tier", [Tier.T1, Tier.T4])
def test_a_go_says_how_long_it_holds(tier: Tier) -> None:
    """A go has no plan and no blocks, and says until when it holds."""
    proposal = passing_proposal(tier)
    decision = gate_under_test().evaluate(proposal, ruleset=FULL, gate="production", as_of=AS_OF)
    page = page_of(decision, proposal)
    assert decision.verdict == pb.VERDICT_GO
    assert f"Holds until {decision.valid_until}" in page.text
    assert "What blocks" not in page.text
    assert "Would pass today" not in page.text
    assert "svg" not in page.tags


def test_a_floor_of_a_tier_is_said_to_be_one() -> None:
    """When an axis is unknown, the tier is said to be at least what it is, and the missing fact is named."""
    proposal = passing_proposal(Tier.T2)
    proposal.deployment.ClearField("action_effect")
    decision = gate_under_test().evaluate(proposal, as_of=AS_OF)
    text = page_of(decision, proposal).text
    assert "UNDETERMINED" in text
    assert "at least T2 advise" in text
    assert "the tier may be higher" in text


def test_the_policy_of_the_file_allows_its_style_and_nothing_else() -> None:
    """The digest in the content security policy is that of the style as it stands in the file."""
    proposal, decision = example()
    text = report_file([report_context(decision, proposal)])
    style = text[text.index("<style>") + len("<style>") : text.index("</style>")]
    assert style == STYLE.read_text(encoding="utf-8")
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'" in text
    assert text.count("<style") == 1


def test_several_reports_stand_in_one_file() -> None:
    """Each has ids of its own, and an index leads to them."""
    proposal, decision = example()
    contexts = [report_context(decision, proposal, key=key) for key in ("d1", "d2")]
    page = Page(report_file(contexts, not_judged=["other.yaml: 1 fault"]))
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert {"#d1", "#d2"} <= set(page.values("href"))
    assert "Not judged (1) other.yaml: 1 fault" in page.text


def test_the_same_decision_gives_the_same_bytes() -> None:
    """Nothing of a report depends on the run or on the moment."""
    proposal, decision = example()
    assert report_file([report_context(decision, proposal)]) == report_file([report_context(decision, proposal)])


def test_a_template_that_misses_a_name_fails() -> None:
    """A name that nobody set is an error and no gap on the page."""
    with pytest.raises(UndefinedError):
        environment().get_template("report/decision.html").render()
