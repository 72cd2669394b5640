"""Whatever is waived, nothing is a plain go that was not one before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from readygate_server.application.judgement import Judgement, Question, judge, prepare
from readygate_server.domain.facts import FactRef
from readygate_server.domain.verdict import Bond, Waiver
from readygate_server.domain.vocabulary import Effect, Outcome, Verdict
from tests.builders import AS_OF, full_rules
from tests.properties.generated import SAME_EVERY_TIME, Sketch, candidates, dossier, facts, judged, sketches

_RULES = full_rules().ruleset
_SUBJECTS = ("", "crm", "kb", "catalogue-api", "order-api", "returns")
_DAYS = ("2026-10-01", "2026-10-31", AS_OF, "2026-11-02", "2026-12-24")


def judged_with(sketch: Sketch, waivers: Sequence[Waiver]) -> Judgement:
    """Returns the judgement with waivers, each bound to the proposal and ruleset unless it is bound already."""
    proposal = dossier(sketch)
    question = Question(sketch.gate, AS_OF, waivers)
    return judge(full_rules(), prepare(full_rules(), proposal, question), question)


def bond_of(sketch: Sketch) -> Bond:
    """Returns what a waiver for a proposal is bound to."""
    return Bond(dossier(sketch).digest, _RULES.identity.digest)


def blanket(bond: Bond | None) -> list[Waiver]:
    """Returns waivers of every rule for every subject, in force and approved by two people."""
    return [
        Waiver(f"{rule.id} {subject}", rule.id, subject, "ada", ("grace", "alan"), AS_OF, AS_OF, bond)
        for rule in _RULES.rules
        for subject in _SUBJECTS
    ]


@st.composite
def sets_of_waivers(draw: st.DrawFn, bond: Bond) -> list[Waiver]:
    """Draws waivers, many of which count for something."""
    people = st.sampled_from(("ada", "grace", "alan", ""))
    waivers = st.builds(
        Waiver,
        id=st.sampled_from(("w-1", "w-2", "w-3")),
        rule_id=st.sampled_from([rule.id for rule in _RULES.rules]),
        subject=st.sampled_from(_SUBJECTS),
        requested_by=people,
        approved_by=st.lists(people, max_size=3).map(tuple),
        starts_on=st.sampled_from(_DAYS),
        ends_on=st.sampled_from(_DAYS),
        bond=st.sampled_from((bond, bond, None, Bond("sha256:other", bond.ruleset_digest))),
    )
    return draw(st.one_of(st.lists(waivers, max_size=8), st.just(blanket(bond)), st.just(blanket(None))))


@settings(SAME_EVERY_TIME, max_examples=400)
@given(sketches(changes=3, gone=2), st.data())
def test_no_set_of_waivers_makes_a_plain_go(sketch: Sketch, data: st.DataObject) -> None:
    """A verdict is a plain go with waivers exactly when it is one without; then none of them is in use."""
    without = judged(dossier(sketch), sketch.gate).verdict
    after = judged_with(sketch, data.draw(sets_of_waivers(bond_of(sketch))))
    event(f"{without.value} to {after.verdict.value}")

    assert (after.verdict is Verdict.GO) == (without is Verdict.GO)
    in_use = [finding for finding in after.findings if finding.waiver_id]
    if in_use:
        assert after.verdict is not Verdict.GO
    for finding in in_use:
        assert (finding.outcome, finding.effect, finding.rule.waivable) == (Outcome.WAIVED, Effect.CONDITIONS, True)


@settings(SAME_EVERY_TIME, max_examples=200)
@given(sketches(changes=3, gone=2))
def test_what_can_not_be_waived_still_decides(sketch: Sketch) -> None:
    """With every other rule waived, the verdict is that of the rules that can not be, and conditional at best."""
    after = judged_with(sketch, blanket(bond_of(sketch)))
    rigid = [finding for finding in after.findings if not finding.rule.waivable]

    assert after.verdict is not Verdict.NO_GO or any(finding.refuted is Effect.BLOCKS for finding in rigid)
    assert not any(finding.waiver_id for finding in rigid)


@settings(SAME_EVERY_TIME, max_examples=200)
@given(sketches(changes=3), facts(), st.data())
def test_a_waiver_is_for_one_proposal(sketch: Sketch, ref: FactRef, data: st.DataObject) -> None:
    """With one fact changed nothing of what was granted before counts."""
    value = data.draw(st.sampled_from(candidates(ref.fact)))
    other = replace(sketch, changes=(*sketch.changes, (ref, value)))
    assume(bond_of(other) != bond_of(sketch))

    without = judged(dossier(other), other.gate)
    after = judged_with(other, blanket(bond_of(sketch)))

    assert after.verdict is without.verdict
    assert outcomes(after) == outcomes(without)


def outcomes(judgement: Judgement) -> list[tuple[str, str, Outcome, Effect, str]]:
    """Returns what each finding says."""
    return [(each.rule.id, each.subject, each.outcome, each.effect, each.waiver_id) for each in judgement.findings]
