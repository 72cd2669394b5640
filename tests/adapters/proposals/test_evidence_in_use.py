"""Evidence backs the value that it observed, and no other."""

from __future__ import annotations

import pytest
from tests.cli.command import EXAMPLE

from readygate.v1.decision_pb2 import OUTCOME_SATISFIED, OUTCOME_STALE
from readygate_server.adapters.proposals.dossier import dossier_of
from readygate_server.adapters.proposals.reader import read_proposal
from readygate_server.adapters.proposals.readings import recalled_parts_of
from readygate_server.bootstrap.local import local_gate

OLD = (
    "{facts: [source.completeness], subject: crm, value: 0.995, grade: e3_verified, source_uri: old, as_of: 2026-03-01}"
)
NEW = "{facts: [source.completeness], subject: crm, value: %s, grade: e2_measured, source_uri: new, as_of: 2026-10-30}"


def proposal_text(*entries: str) -> str:
    """Returns the example, in which only the entries given speak of the completeness of customer records."""
    text = EXAMPLE.read_text(encoding="utf-8").replace("    completeness: 0.94\n", "")
    group = "  - facts: [source.*]\n    subject: crm\n"
    assert group in text
    start = text.index(group)
    end = text.index("  - facts:", start + 1)
    return text[:start] + "".join(f"  - {entry}\n" for entry in entries) + text[end:]


@pytest.mark.parametrize(
    ("measured", "outcome"),
    [("0.5", OUTCOME_STALE), ("0.995", OUTCOME_SATISFIED)],
)
def test_a_refuted_measurement_makes_no_old_one_fresh(measured: str, outcome: int) -> None:
    """An old value of a higher grade stays in use and is stale, unless what is fresh says the same."""
    proposal, _ = read_proposal(proposal_text(OLD, NEW % measured), file="proposal.yaml")
    decision = local_gate().evaluate(proposal, ruleset="operational-readiness-full", as_of="2026-11-01")
    found = {(each.rule_id, each.subject): each.outcome for each in decision.findings}
    assert found["DAT-03", "crm"] == outcome


@pytest.mark.parametrize("recalled", [True, False])
def test_only_what_won_backs_a_fact(recalled: bool) -> None:
    """Whether parts are recalled or not, what observed another value is left out of what is judged, and stays told."""
    proposal, _ = read_proposal(proposal_text(OLD, NEW % "0.5"), file="proposal.yaml")
    dossier = dossier_of(proposal, recalled_parts_of(proposal) if recalled else None)
    backing = [each.source_uri for each in dossier.evidence if "source.completeness" in each.facts]
    assert backing == ["old"]
    assert [each.source_uri for each in dossier.conflicts[0].candidates] == ["old", "new"]


OWNER = "{facts: [source.owner.person], subject: crm, value: %s, grade: %s, source_uri: %s, as_of: %s}"


def test_two_spellings_of_a_name_back_each_other() -> None:
    """What counts as one name is no other value."""
    owners = (
        OWNER % ("A.Lindqvist", "e1_document", "newest", "2026-10-02"),
        OWNER % ("a.lindqvist", "e1_document", "older", "2026-10-01"),
        OWNER % ("b.other", "e0_claimed", "refuted", "2026-10-03"),
    )
    proposal, _ = read_proposal(proposal_text(*owners), file="proposal.yaml")
    backing = [each.source_uri for each in dossier_of(proposal).evidence if "source.owner" in each.facts]
    assert backing == ["newest", "older"]


@pytest.mark.parametrize("covered", ["source.*", "source.completeness"])
@pytest.mark.parametrize(
    ("stated", "outcome"), [("0.94", OUTCOME_STALE), ("", OUTCOME_STALE), ("0.995", OUTCOME_SATISFIED)]
)
def test_fresh_evidence_for_what_the_proposal_states_makes_no_other_value_fresh(
    covered: str, stated: str, outcome: int
) -> None:
    """An old value of a higher grade that wins is stale, unless the proposal states the same with fresh evidence."""
    fresh = f"{{facts: [{covered}], subject: crm, grade: e2_measured, source_uri: new, as_of: 2026-10-30}}"
    text = proposal_text(OLD, fresh)
    if stated:
        text = text.replace("    validity: 0.9995\n", f"    validity: 0.9995\n    completeness: {stated}\n", 1)
    proposal, _ = read_proposal(text, file="proposal.yaml")
    decision = local_gate().evaluate(proposal, ruleset="operational-readiness-full", as_of="2026-11-01")
    found = {(each.rule_id, each.subject): each.outcome for each in decision.findings}
    assert found["DAT-03", "crm"] == outcome


def test_the_rest_of_a_group_keeps_its_evidence() -> None:
    """Of evidence for a group only the fact goes whose value lost; evidence for nothing else goes altogether."""
    group = "{facts: [source.*], subject: crm, grade: e2_measured, source_uri: group, as_of: 2026-10-30}"
    alone = "{facts: [source.completeness], subject: crm, grade: e2_measured, source_uri: alone, as_of: 2026-10-30}"
    proposal, _ = read_proposal(proposal_text(OLD, group, alone), file="proposal.yaml")
    before = proposal.SerializeToString(deterministic=True)
    dossier = dossier_of(proposal)
    backing = {each.source_uri: each.facts for each in dossier.evidence if each.subject == "crm"}
    assert set(backing) == {"old", "group"}
    assert "source.completeness" not in backing["group"]
    assert {"source.validity", "source.owner", "source.access_method"} <= set(backing["group"])
    assert proposal.SerializeToString(deterministic=True) == before
    assert dossier_of(dossier.proposal).digest == dossier.digest
