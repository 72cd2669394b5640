"""Joining files with evidence to a proposal: facts are filled in, and who differs is heard with where it stands."""

from __future__ import annotations

from itertools import permutations

import pytest

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.evidence_files.merge import with_evidence
from readygate_server.adapters.evidence_files.reader import EvidenceFile, read_evidence
from readygate_server.adapters.evidence_files.values import assets_of
from readygate_server.adapters.proposals.digest import facts_digest
from readygate_server.adapters.proposals.dossier import ProposalDossier, dossier_of
from readygate_server.adapters.proposals.reader import read_proposal
from readygate_server.domain.decision import Conflict
from readygate_server.domain.facts import FactRef, FactValue
from readygate_server.domain.faults import FaultsError
from readygate_server.domain.vocabulary import Grade, Scope

PROPOSAL = """\
id: refunds
data_sources:
  - {id: crm, completeness: 0.99, owner: {person: Jane Doe}}
  - {id: orders}
apis:
  - {id: order-api}
"""
MEASURED = """\
data_sources:
  - {id: crm, completeness: 0.97, validity: 0.999}
evidence:
  - facts: [source.*]
    subject: crm
    grade: e2_measured
    source_uri: exports/crm.parquet
    collector: table
    as_of: 2026-10-30
"""


def evidence(text: str, name: str = "crm.yaml") -> EvidenceFile:
    """Returns what a file says."""
    return read_evidence(text, file=name)


def joined(*texts: str, to: str = PROPOSAL) -> Proposal:
    """Returns the proposal joined with files."""
    files = [evidence(text, f"file-{number}.yaml") for number, text in enumerate(texts)]
    return with_evidence(read_proposal(to, file="proposal.yaml")[0], files)


def value(dossier: ProposalDossier, fact: str, subject: str = "crm") -> FactValue | None:
    """Returns the value in use."""
    return dossier.facts.get(FactRef(fact, subject))


def faults(text: str, *, to: str = PROPOSAL) -> str:
    """Returns the faults of joining a file."""
    with pytest.raises(FaultsError) as raised:
        with_evidence(read_proposal(to, file="proposal.yaml")[0], [evidence(text)])
    return str(raised.value)


def test_a_fact_that_the_proposal_lacks_is_filled_in_with_its_evidence() -> None:
    """A value comes with grade and day of the entry that covers it, whatever name that entry uses for it."""
    dossier = dossier_of(joined(MEASURED))
    assert value(dossier, "source.validity") == 0.999
    entry = next(each for each in dossier.evidence if "source.validity" in each.facts)
    assert (entry.subject, entry.grade, entry.source_uri) == ("crm", Grade.E2, "exports/crm.parquet")


def test_values_that_differ_are_a_conflict_with_both_sources() -> None:
    """The measured value is in use, and the proposal's stands beside it."""
    dossier = dossier_of(joined(MEASURED))
    assert value(dossier, "source.completeness") == 0.97
    (conflict,) = dossier.conflicts
    assert [(each.value, each.grade, each.source_uri, each.as_of) for each in conflict.candidates] == [
        (0.97, Grade.E2, "exports/crm.parquet", "2026-10-30"),
        (0.99, None, "", ""),
    ]


def test_a_measurement_gives_no_weight_to_the_claim_that_it_refutes() -> None:
    """Evidence for a whole group stops backing a fact on which its file and the proposal differ."""
    (conflict,) = dossier_of(joined(MEASURED)).conflicts
    claim = conflict.candidates[1]
    assert (claim.value, claim.grade) == (0.99, None)


def test_the_same_value_is_no_conflict_and_is_backed() -> None:
    """A measurement that confirms a claim turns it into a measured fact."""
    dossier = dossier_of(joined(MEASURED.replace("0.97", "0.99")))
    assert dossier.conflicts == ()
    assert value(dossier, "source.completeness") == 0.99
    assert any("source.completeness" in each.facts and each.grade is Grade.E2 for each in dossier.evidence)


def test_evidence_of_the_proposal_never_backs_what_a_file_filled_in() -> None:
    """A claim of the highest grade over all stated facts says nothing about a fact that was not stated then."""
    own = PROPOSAL + "evidence:\n  - {facts: [source.*, source.validity], subject: crm, grade: e3_verified}\n"
    dossier = dossier_of(joined(MEASURED.replace("completeness: 0.97, ", ""), to=own))
    grades = {each.grade for each in dossier.evidence if {"source.*", "source.validity"} & set(each.facts)}
    assert grades == {Grade.E2}
    assert any("source.completeness" in each.facts and each.grade is Grade.E3 for each in dossier.evidence)


def test_a_group_in_a_file_covers_what_the_file_states_and_no_more() -> None:
    """Measured completeness lends its grade to no claim about freshness."""
    own = PROPOSAL.replace("completeness: 0.99", "freshness_lag_p95: 3")
    merged = joined(MEASURED, to=own)
    assert [list(each.facts) for each in merged.evidence] == [["source.completeness", "source.validity"]]


def test_of_two_files_that_differ_the_newer_counts() -> None:
    """Both stand in the conflict, and none counts when nothing tells them apart."""
    older = MEASURED.replace("0.97", "0.95").replace("2026-10-30", "2026-10-01").replace("crm.parquet", "old.parquet")
    unnamed = PROPOSAL.replace("completeness: 0.99, ", "")
    dossier = dossier_of(joined(older, MEASURED, to=unnamed))
    assert value(dossier, "source.completeness") == 0.97
    (conflict,) = dossier.conflicts
    assert [each.source_uri for each in conflict.candidates] == ["exports/crm.parquet", "exports/old.parquet"]
    level = dossier_of(joined(MEASURED.replace("0.97", "0.95"), MEASURED, to=unnamed))
    assert value(level, "source.completeness") is None
    assert [each.unresolved for each in level.conflicts] == [True]


def test_the_order_of_files_and_joining_twice_change_nothing() -> None:
    """The digest over all that is said is the same however the files are named, and however often."""
    files = [
        evidence(MEASURED, "a.yaml"),
        evidence(MEASURED.replace("0.97", "0.95").replace("-30", "-29"), "b.yaml"),
        evidence(MEASURED.replace("completeness: 0.97", "uniqueness: 1.0"), "c.yaml"),
        evidence("statements:\n  - {fact: value.baseline, kind: not_stated, reason: no report}\n", "d.yaml"),
    ]
    proposal, _ = read_proposal(PROPOSAL, file="proposal.yaml")
    digests = {facts_digest(with_evidence(proposal, order)) for order in permutations(files)}
    digests.add(facts_digest(with_evidence(with_evidence(proposal, files), files)))
    digests.add(facts_digest(with_evidence(with_evidence(proposal, files[:2]), files)))
    assert len(digests) == 1
    assert digests != {facts_digest(proposal)}


def test_joining_leaves_the_proposal_as_it_was() -> None:
    """The message that was given is not changed."""
    proposal, _ = read_proposal(PROPOSAL, file="proposal.yaml")
    before = proposal.SerializeToString(deterministic=True)
    with_evidence(proposal, [evidence(MEASURED)])
    assert proposal.SerializeToString(deterministic=True) == before


def test_that_somebody_is_named_stands_against_no_name() -> None:
    """A collector says that there is an owner and not who; the name of the proposal stays."""
    named = "data_sources:\n  - {id: crm, owner: {person: (named)}}\nevidence:\n"
    named += "  - {facts: [source.owner.person], subject: crm, grade: e1_document, source_uri: CODEOWNERS%s}\n"
    for text in (named % "", named % ", value: (named)"):
        merged = joined(text)
        assert merged.data_sources[0].owner.person == "Jane Doe"
        dossier = dossier_of(merged)
        assert dossier.conflicts == ()
        assert any("source.owner" in each.facts and each.grade is Grade.E1 for each in dossier.evidence)
    filled = joined((named % "").replace("crm", "orders"))
    assert filled.data_sources[1].owner.person == "(named)"


def test_a_value_without_evidence_is_a_claim_of_its_file() -> None:
    """It fills what is absent; against another claim neither counts, and both are shown with their places."""
    dossier = dossier_of(joined("data_sources:\n  - {id: crm, completeness: 0.5, validity: 0.9}\n"))
    assert value(dossier, "source.validity") == 0.9
    assert value(dossier, "source.completeness") is None
    (conflict,) = dossier.conflicts
    assert conflict == Conflict(conflict.ref, conflict.candidates, unresolved=True)
    assert {each.source_uri for each in conflict.candidates} == {"", "file-0.yaml"}


def test_parts_of_one_fact_go_together() -> None:
    """Ratio and sample size of one measurement win and lose together."""
    own = PROPOSAL.replace("completeness: 0.99", "accuracy: {ratio: 0.99, sample_size: 1000}")
    measured = MEASURED.replace("completeness: 0.97", "accuracy: {ratio: 0.97, sample_size: 400}").replace(
        "source.*", "source.accuracy"
    )
    dossier = dossier_of(joined(measured, to=own))
    assert value(dossier, "source.accuracy.ratio") == 0.97
    assert value(dossier, "source.accuracy.sample_size") == 400


SAID_TWICE = "statements:\n  - {fact: source.validity, subject: crm, kind: not_stated, reason: %s}\n"


def test_what_is_said_instead_of_a_value_goes_when_there_is_one() -> None:
    """A file that measures a fact answers another that does not state it, and a proposal that did not know it."""
    merged = joined("data_sources: [{id: crm}]\n" + SAID_TWICE % "no such column", MEASURED)
    assert list(merged.statements) == []
    own = PROPOSAL + SAID_TWICE % "nobody knows"
    assert list(joined(MEASURED, to=own).statements) == []


def test_reasons_of_several_files_stand_in_one_statement() -> None:
    """A fact is spoken of once, with every reason."""
    about = "data_sources: [{id: crm}]\n"
    merged = joined(about + SAID_TWICE % "no such column", about + SAID_TWICE % "no rows")
    assert [each.reason for each in merged.statements] == ["no rows; no such column"]


def test_a_stranger_is_a_fault_at_its_place() -> None:
    """An asset that the proposal does not name is refused with its line and what was probably meant."""
    assert faults(MEASURED.replace("id: crm", "id: crn").replace("subject: crm", "subject: crn")) == (
        "crm.yaml:2:10: the proposal has no such data source: got 'crn', expected one of crm, orders; did you mean crm?"
    )
    assert faults("apis:\n  - {id: crm}\n") == (
        "crm.yaml:2:10: the proposal has no such API; it has a data source of this id: got 'crm', "
        "expected one of order-api"
    )
    assert faults("workflows:\n  - {id: returns}\n") == (
        "crm.yaml:2:10: the proposal has no such workflow: got 'returns', expected none, for it has none"
    )


def test_assets_of_other_proposals_are_left_out() -> None:
    """One file can be about the systems of several proposals."""
    other, _ = read_proposal("id: other\nworkflows: [{id: returns}]\n", file="other.yaml")
    file = evidence("workflows: [{id: returns, rework_rate: 0.1}]\n" + MEASURED)
    proposal, _ = read_proposal(PROPOSAL, file="proposal.yaml")
    merged = with_evidence(proposal, [file], elsewhere=assets_of(other))
    assert not merged.workflows
    assert assets_of(other) == {(Scope.WORKFLOW, "returns")}
    assert merged == with_evidence(proposal, [evidence(MEASURED)])


def test_a_value_for_what_is_said_not_to_apply_is_a_fault_at_its_place() -> None:
    """The proposer and the artefact can not both be right, and neither is taken silently."""
    own = PROPOSAL + "statements:\n  - {fact: source.validity, subject: crm, kind: not_applicable, reason: r}\n"
    assert faults(MEASURED, to=own) == (
        "crm.yaml:2:45: the proposal says that the fact does not apply, and here it has a value: "
        "got source[crm].validity, expected one of the two"
    )


def test_faults_of_a_file_are_told_as_those_of_a_proposal() -> None:
    """A misspelt fact has its line and what was probably meant."""
    with pytest.raises(FaultsError) as raised:
        evidence(MEASURED.replace("completeness", "completness"))
    assert str(raised.value) == ("crm.yaml:2:15: the field is not known: got 'completness'; did you mean completeness?")


def test_a_statement_about_part_of_a_known_fact_is_kept_out() -> None:
    """What is said about a fact as a whole goes when any part of it has a value, as the contract demands."""
    said = (
        "data_sources: [{id: crm}]\nstatements:\n  - {fact: source.owner, subject: crm, kind: not_stated, reason: r}\n"
    )
    assert list(joined(said).statements) == []


def test_a_list_that_becomes_too_long_is_refused() -> None:
    """A proposal joined with evidence keeps the limits of every proposal."""
    entry = "  - {facts: [source.validity], subject: crm, grade: e1_document, source_uri: 'u%d'}\n"
    many = [
        "data_sources: [{id: crm}]\nevidence:\n" + "".join(entry % (n + 2600 * k) for n in range(2600)) for k in (0, 1)
    ]
    with pytest.raises(FaultsError, match="the list is too long"):
        joined(*many)


def test_a_registered_asset_can_be_measured_again() -> None:
    """What a file says of an asset that the proposal only references stands in the proposal, beside the reference."""
    own = "id: refunds\nassets: [{scope: source, id: crm}]\n"
    merged = joined(MEASURED, to=own)
    assert [each.id for each in merged.assets] == ["crm"]
    assert [(each.id, each.completeness) for each in merged.data_sources] == [("crm", 0.97)]
    assert [each.subject for each in merged.evidence] == ["crm"]
    assert not joined("apis: []\n", to=own).data_sources
