"""Proposals to start from."""

from __future__ import annotations

import re

import pytest
from tests.adapters.proposals.builders import VALUED

from readygate.v1.decision_pb2 import VERDICT_UNDETERMINED
from readygate_server.adapters.fact_catalogue import fact_catalogue
from readygate_server.adapters.proposals.archetypes import ARCHETYPES
from readygate_server.adapters.proposals.paths import get_fact
from readygate_server.adapters.proposals.reader import read_proposal
from readygate_server.adapters.proposals.templates import archetype
from readygate_server.bootstrap import LocalGate, local_gate
from readygate_server.domain.facts import FactRef
from readygate_server.domain.faults import FaultsError


def _stated_by(name: str) -> set[str]:
    return {*ARCHETYPES[name].implied, "deployment.target_gate"}


every_archetype = pytest.mark.parametrize("name", sorted(ARCHETYPES))


@every_archetype
def test_an_archetype_reads_without_faults(name: str) -> None:
    """What is written out of the box is a sound proposal with one data source, one API and one workflow."""
    proposal, _ = read_proposal(archetype(name), file=name)

    assert (len(proposal.data_sources), len(proposal.apis), len(proposal.workflows)) == (1, 1, 1)


@every_archetype
def test_an_archetype_states_what_it_implies_and_nothing_else(name: str) -> None:
    """Only the facts that the kind of deployment decides have values; a value nobody knows is not made up."""
    proposal, _ = read_proposal(archetype(name), file=name)
    subjects = {"source": "source-1", "corpus": "source-1", "api": "api-1", "workflow": "workflow-1"}

    stated = {
        field.name
        for field in VALUED
        if get_fact(proposal, FactRef(field.name, subjects.get(field.group, ""))) is not None
    }

    assert stated == _stated_by(name)


@every_archetype
def test_an_archetype_asks_for_every_fact(name: str) -> None:
    """Each fact of the catalogue has its line, with the artefact that gives it and the role that owns it."""
    text = archetype(name)
    asked = [fact for fact in fact_catalogue() if fact.group != "evidence" and fact.name not in _stated_by(name)]

    for fact in asked:
        field, hint = fact.name.partition(".")[2], f"from: {fact.artefact}; owner: {fact.owner_role}"
        assert re.search(rf"# +{field}:  # .*{re.escape(hint)}$", text, re.MULTILINE), fact.name


@every_archetype
def test_every_commented_line_is_a_field(name: str) -> None:
    """With the comment marks taken away every line is a known field in its place: only its value is missing."""
    text = re.sub(r"^( *)# (?=( *- )?[ a-z_0-9]+:)", r"\1", archetype(name), flags=re.MULTILINE)

    with pytest.raises(FaultsError) as caught:
        read_proposal(text, file=name)

    assert {fault.message for fault in caught.value.faults} == {"null is no value"}


@pytest.fixture(scope="module")
def gate() -> LocalGate:
    """A gate with the rulesets that ship."""
    return local_gate()


@every_archetype
@pytest.mark.parametrize("ruleset", ["operational-readiness", "operational-readiness-full"])
@pytest.mark.parametrize("asked", ["commit", "pilot", "production"])
def test_an_archetype_is_never_a_go(gate: LocalGate, name: str, ruleset: str, asked: str) -> None:
    """As long as nobody filled anything in, only unknowns stand between it and a go."""
    proposal, _ = read_proposal(archetype(name), file=name)

    decision = gate.evaluate(proposal, ruleset=ruleset, gate=asked, as_of="2026-11-01")

    assert decision.verdict == VERDICT_UNDETERMINED
