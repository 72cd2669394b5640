"""The same answer, bit for bit: again, in another order, from other files, by another way in."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readygate.v1.decision_pb2 import Decision
from readygate.v1.evidence_pb2 import FACT_STATEMENT_KIND_NOT_APPLICABLE, FACT_STATEMENT_KIND_NOT_STATED
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.dossier import dossier_of
from readygate_server.adapters.proposals.validation import validate_proposal
from readygate_server.adapters.rulefiles.loader import load_rulesets
from readygate_server.bootstrap import LocalGate, fact_directory, load_snapshot
from readygate_server.domain.facts import FactRef
from readygate_server.domain.vocabulary import Gate, Tier
from tests.builders import AS_OF, FULL, gate_under_test
from tests.properties.generated import SAME_EVERY_TIME, Sketch, moment, sketches

RULES = Path(__file__).parents[2] / "rules"


@pytest.fixture(scope="module")
def another_gate() -> LocalGate:
    """Returns a gate that shares nothing with the usual one, compiled as a server compiles it."""
    return LocalGate(load_snapshot().compile_all(), fact_directory())


def answer(proposal: Proposal, gate: str, by: LocalGate | None = None) -> bytes:
    """Returns the decision as bytes."""
    decision = (by or gate_under_test()).evaluate(proposal, ruleset=FULL, gate=gate, as_of=AS_OF)
    return decision.SerializeToString(deterministic=True)


def rich(sketch: Sketch) -> Proposal:
    """Returns a proposal with statements, and with evidence that says otherwise than the proposal itself."""
    proposal = sketch.made()
    proposal.title = "Ein Vorschlag, 提案"
    absent = [ref for ref in sketch.gone if dossier_of(proposal).facts.get(ref) is None]
    for number, ref in enumerate(dict.fromkeys(absent)):
        kind = FACT_STATEMENT_KIND_NOT_APPLICABLE if number % 2 else FACT_STATEMENT_KIND_NOT_STATED
        proposal.statements.add(fact=ref.fact, subject=ref.subject, kind=kind, reason="why", stated_by="somebody")
    for subject, share in (("crm", 0.5), ("kb", 0.97), ("kb", 0.98)):
        entry = proposal.evidence.add(facts=["source.completeness"], subject=subject, grade=4)
        entry.value.number = share
        entry.as_of.CopyFrom(moment(0))
        entry.collected_at.FromJsonString(f"{AS_OF}T07:00:00Z")
    return proposal


def shuffled(proposal: Proposal, seed: int) -> Proposal:
    """Returns the same proposal with everything that is repeated in another order."""
    chance = random.Random(seed)  # noqa: S311 -- no secret
    other = Proposal.FromString(proposal.SerializeToString())
    for repeated in _repeated(other):
        items = list(repeated)
        chance.shuffle(items)
        del repeated[:]
        repeated.extend(items)
    return other


def _repeated(message: Any) -> Iterator[Any]:
    for field, value in message.ListFields():
        if field.is_repeated:
            yield value
        children = value if field.is_repeated else [value]
        for child in children if field.message_type is not None else []:
            yield from _repeated(child)


@settings(SAME_EVERY_TIME, max_examples=40)
@given(sketches(gone=4))
def test_the_same_question_has_the_same_answer(another_gate: LocalGate, sketch: Sketch) -> None:
    """Asked again, or asked of a gate that has nothing in common with this one, the answer is the same to the bit."""
    proposal, gate = rich(sketch), sketch.gate.name.lower()
    before = proposal.SerializeToString(deterministic=True)

    first = answer(proposal, gate)

    assert answer(proposal, gate) == first
    assert answer(rich(sketch), gate, another_gate) == first
    assert proposal.SerializeToString(deterministic=True) == before


@settings(SAME_EVERY_TIME, max_examples=80)
@given(sketches(gone=4), st.integers(0, 1000))
def test_the_order_of_repeated_facts_does_not_matter(sketch: Sketch, seed: int) -> None:
    """Sources, APIs, workflows, evidence, statements and names may stand in any order; the digest is the same too."""
    proposal, gate = rich(sketch), sketch.gate.name.lower()
    other = shuffled(proposal, seed)

    assert len(validate_proposal(proposal)) == len(validate_proposal(other))
    assert answer(other, gate) == answer(proposal, gate)


def test_the_sketches_are_sound_and_their_conflicts_are_seen() -> None:
    """What the properties are tried on are proposals that the gate accepts, with conflicts and statements in them."""
    sketch = Sketch(Tier.T4, Gate.COMMIT, gone=(FactRef("gov.log_retention"), FactRef("ops.site_readiness")))
    proposal = rich(sketch)
    decision = Decision.FromString(answer(proposal, "commit"))

    assert validate_proposal(proposal) == ()
    assert {conflict.subject for conflict in decision.conflicts} == {"crm", "kb"}
    assert any(conflict.unresolved for conflict in decision.conflicts)


def _rule_files() -> dict[str, str]:
    return {str(file.relative_to(RULES)): file.read_text(encoding="utf-8") for file in sorted(RULES.rglob("*.yaml"))}


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_rule_files_does_not_matter(seed: int) -> None:
    """Rules read in any order, and listed in any order, make rulesets with the same digests."""
    files = _rule_files()
    chance = random.Random(seed)  # noqa: S311 -- no secret
    names = list(files)
    chance.shuffle(names)
    turned = {name: _with_rules_turned(name, files[name], chance) for name in names}

    assert _digests(turned) == _digests(files)


def _with_rules_turned(name: str, text: str, chance: random.Random) -> str:
    """Returns the file of a ruleset with its list of rules in another order; other files as they are."""
    if not name.startswith("operational-readiness"):
        return text
    head, rules, listed = text.partition("\nrules:\n")
    lines = listed.splitlines(keepends=True)
    chance.shuffle(lines)
    return head + rules + "".join(lines)


def _digests(files: Mapping[str, str]) -> dict[str, tuple[str, tuple[str, ...]]]:
    loaded = load_rulesets(files).rulesets
    return {each.identity.name: (each.identity.digest, tuple(rule.id for rule in each.rules)) for each in loaded}
