"""Which conditions are asked in plain Python, and what they answer."""

from __future__ import annotations

import pytest
from tests.adapters.cel.conditions import ask, compiled, names

from readygate.v1 import data_source_pb2, deployment_pb2, proposal_pb2
from readygate_server.adapters.cel import Said
from readygate_server.adapters.proposals.flatten import facts_of
from readygate_server.domain.conditions import Truth
from readygate_server.domain.vocabulary import Scope

STAFF = "Audience.AUDIENCE_STAFF"
DRAFTS = "deployment.action_effect == ActionEffect.ACTION_EFFECT_DRAFT"


def _proposal() -> proposal_pb2.Proposal:
    proposal = proposal_pb2.Proposal(id="p")
    deployment = proposal.deployment
    deployment.action_effect = deployment_pb2.ACTION_EFFECT_DRAFT
    deployment.audience.members.extend([deployment_pb2.AUDIENCE_STAFF, deployment_pb2.AUDIENCE_VULNERABLE])
    deployment.dependencies.SetInParent()
    deployment.peak_calls_per_second = 2.0
    proposal.data_sources.add(id="crm", written=True, authority=data_source_pb2.SOURCE_AUTHORITY_UNKNOWN)
    proposal.data_sources[0].corpus.stale_share = 0.1
    proposal.apis.add(id="orders", writes=False)
    return proposal


def _plainly(text: str, proposal: proposal_pb2.Proposal, scope: Scope = Scope.DEPLOYMENT) -> Truth:
    """Returns the truth about the first subject, after holding it against the library's."""
    _, condition = compiled(text, scope)
    assert condition.plain is not None, f"{text} has no plain form"
    facts = facts_of(proposal)
    subject, of_subject = facts.of(scope)[0]
    truth = condition.plain(of_subject, Said(facts, proposal), subject)
    assert truth == ask(text, proposal, scope)
    return truth


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        (DRAFTS, True),
        ("ActionEffect.ACTION_EFFECT_INFORM == deployment.action_effect", False),
        ("deployment.action_effect in [ActionEffect.ACTION_EFFECT_INFORM, ActionEffect.ACTION_EFFECT_DRAFT]", True),
        ("3.0 > deployment.peak_calls_per_second", True),
        ("deployment.peak_calls_per_second <= -1.0", False),
        ("deployment.peak_calls_per_second >= deployment.peak_calls_per_second", True),
        ("has(deployment.peak_calls_per_second) && !has(deployment.go_live_on)", True),
        ("true", True),
    ],
)
def test_a_simple_condition_is_answered_from_the_facts(text: str, truth: bool) -> None:
    """Comparisons of facts with constants, and with facts, say what the library says."""
    assert _plainly(text, _proposal()) is truth


@pytest.mark.parametrize(
    ("body", "some", "every"),
    [
        (f"m == {STAFF}", True, False),
        (f"m != {STAFF}", True, False),
        (f"!(m != {STAFF})", True, False),
        (f"m in [{STAFF}, Audience.AUDIENCE_VULNERABLE]", True, True),
        (f"!(m in [{STAFF}, Audience.AUDIENCE_VULNERABLE])", False, False),
    ],
)
def test_a_set_is_asked_member_by_member(body: str, *, some: bool, every: bool) -> None:
    """`exists` holds for one member that fits, and `all` only when each of them does."""
    assert _plainly(f"deployment.audience.members.exists(m, {body})", _proposal()) is some
    assert _plainly(f"deployment.audience.members.all(m, {body})", _proposal()) is every


def test_an_empty_set_is_no_absent_one() -> None:
    """Every member of an empty set fits and none exists; a set that is not stated makes the condition unknown."""
    proposal = _proposal()
    assert _plainly("deployment.dependencies.members.all(m, m == 'crm')", proposal) is True
    assert _plainly("deployment.dependencies.members.exists(m, m != 'crm')", proposal) is False
    assert _plainly("'crm' in deployment.dependencies.members", proposal) is False
    proposal.deployment.ClearField("dependencies")
    for text in ("deployment.dependencies.members.all(m, m == 'crm')", "'crm' in deployment.dependencies.members"):
        assert names(_plainly(text, proposal)) == ["deployment.dependencies"]


def test_the_leftmost_missing_fact_is_named_unless_another_decides() -> None:
    """A side that decides does so whatever the other lacks; when neither does, the left one's gap is named."""
    proposal = _proposal()
    assert _plainly("ops.version_pinned && !source.written", proposal, Scope.SOURCE) is False
    assert _plainly("ops.version_pinned || source.written", proposal, Scope.SOURCE) is True
    for text in ("!(ops.version_pinned && source.held_elsewhere)", "ops.version_pinned || source.held_elsewhere"):
        assert names(_plainly(text, proposal, Scope.SOURCE)) == ["ops.version_pinned"]
    text = "source.written && source.held_elsewhere && ops.version_pinned"
    assert names(_plainly(text, proposal, Scope.SOURCE)) == ["source[crm].held_elsewhere"]
    text = "value.target.change < value.target.minimum_detectable_effect"
    assert names(_plainly(text, proposal)) == ["value.target.change"]


def test_facts_of_a_subject_and_of_its_corpus_are_told_apart() -> None:
    """The corpus of a source has names of its own, however a condition writes the way to it."""
    assert _plainly("corpus.stale_share < 0.5 && source.corpus.stale_share > 0.05", _proposal(), Scope.SOURCE) is True
    assert names(_plainly("source.corpus.conflict_count == 0", _proposal(), Scope.SOURCE)) == [
        "corpus[crm].conflict_count"
    ]
    assert names(_plainly("api.owner.person != ''", _proposal(), Scope.API)) == ["api[orders].owner.person"]


def test_a_value_that_says_nothing_is_absent() -> None:
    """A NaN, an enum value called unknown, zero, and a number without a name are no values."""
    proposal = _proposal()
    shadow = "source.authority != SourceAuthority.SOURCE_AUTHORITY_SHADOW_COPY"
    assert names(_plainly(shadow, proposal, Scope.SOURCE)) == ["source[crm].authority"]
    proposal.deployment.peak_calls_per_second = float("nan")
    text = "!(deployment.peak_calls_per_second > 1.0)"
    assert names(_plainly(text, proposal)) == ["deployment.peak_calls_per_second"]
    assert _plainly("has(deployment.peak_calls_per_second)", proposal) is False
    for number in (0, 99):
        proposal.deployment.action_effect = number  # type: ignore[assignment]
        assert names(_plainly(f"!({DRAFTS})", proposal)) == ["deployment.action_effect"]
        assert _plainly("has(deployment.action_effect)", proposal) is False


@pytest.mark.parametrize(
    "text",
    [
        "data_sources.all(s, s.id != 'crm')",
        "apis.exists(a, data_sources.all(s, s.written == a.writes))",
        "apis.exists_one(a, a.writes)",
        "apis.filter(a, a.writes).exists(a, a.critical_path)",
        "ops.eval_critical_failures < -ops.eval_set_size",
        "deployment.dependencies.members.all(d, !(d in asset_ids))",
        "deployment.dependencies.members.exists(d, d == deployment.use_case)",
        "deployment.dependencies.members.exists(d, d == 'a' || d == 'b')",
        "deployment.dependencies.members.exists_one(d, d == 'a')",
        "deployment.dependencies.members.filter(d, d == 'a').size() > 0",
        "deployment.use_case in deployment.dependencies.members",
        "deployment.use_case.startsWith('a')",
        "deployment.go_live_on < '2027'",
        "has(deployment.commitment_limit)",
        "has(deployment.audience)",
        "has(deployment.audience.members)",
        "ops.version_pinned ? ops.regression_gate : false",
        "ops.version_pinned == (ops.regression_gate || gov.ai_disclosure)",
        "ops.version_pinned && size(deployment.use_case) > 1",
        "'a' == 'a'",
    ],
)
def test_everything_else_stays_with_the_library(text: str) -> None:
    """A condition with one part that is not simple has no plain form at all."""
    _, condition = compiled(text)
    assert condition.plain is None


@pytest.mark.parametrize(
    ("body", "some", "every"),
    [
        ("a.writes", True, False),
        ("!a.writes && a.latency_p95 > 1.0", True, False),
        ("a.latency_p95 > 1.0", True, True),
        ("has(a.critical_path)", False, False),
        ("a.latency_p95 > 400.0 || ops.version_pinned", ["ops.version_pinned"], ["ops.version_pinned"]),
        ("a.critical_path", ["api[billing].critical_path"], ["api[billing].critical_path"]),
        ("a.writes || a.critical_path", True, ["api[billing].critical_path"]),
    ],
)
def test_a_loop_over_assets_asks_each_of_them(body: str, some: bool | list[str], every: bool | list[str]) -> None:
    """One asset decides; while none does, the first that lacks a fact is named, wherever it stands."""
    proposal = _proposal()
    proposal.apis[0].latency_p95 = 20.0
    proposal.apis.add(id="returns", writes=True, latency_p95=30.0)
    proposal.apis.add(id="billing", writes=False, latency_p95=40.0)

    for question, answer in (("exists", some), ("all", every)):
        truth = _plainly(f"apis.{question}(a, {body})", proposal)
        assert (truth if isinstance(truth, bool) else names(truth)) == answer


def test_a_loop_over_nothing_is_decided() -> None:
    """Without assets all of them are as asked, and none is."""
    assert _plainly("workflows.all(w, w.stable_weeks > 4)", _proposal()) is True
    assert _plainly("workflows.exists(w, w.stable_weeks > 4)", _proposal()) is False


def test_a_loop_inside_a_loop_knows_its_own_element() -> None:
    """The inner loop asks its own elements, and the outer one is left as it was."""
    text = "data_sources.exists(s, s.written && apis.all(a, !a.writes) && s.corpus.stale_share < 0.5)"
    assert _plainly(text, _proposal()) is True


def test_names_are_looked_for_among_all_assets() -> None:
    """A set can be held against the ids of sources, APIs and workflows together."""
    proposal = _proposal()
    proposal.deployment.dependencies.members.extend(["crm", "orders"])
    assert _plainly("deployment.dependencies.members.all(d, d in asset_ids)", proposal) is True
    assert _plainly("deployment.dependencies.members.exists(d, d in asset_ids)", proposal) is True
    proposal.deployment.dependencies.members.append("elsewhere")
    assert _plainly("deployment.dependencies.members.all(d, d in asset_ids)", proposal) is False
    proposal.deployment.ClearField("dependencies")
    truth = _plainly("deployment.dependencies.members.all(d, d in asset_ids)", proposal)
    assert names(truth) == ["deployment.dependencies"]


def test_members_that_are_messages_are_asked_one_by_one() -> None:
    """A field of a member is compared with names; what a member leaves out is missing of the whole set."""
    text, proposal = "value.guardrails.members.all(g, g.limit != '')", _proposal()
    assert names(_plainly(text, proposal)) == ["value.guardrails"]
    proposal.value.guardrails.SetInParent()
    assert _plainly(text, proposal) is True
    proposal.value.guardrails.members.add(metric="complaints", limit="2 %")
    assert _plainly(text, proposal) is True
    proposal.value.guardrails.members.add(metric="losses")
    assert names(_plainly(text, proposal)) == ["value.guardrails"]
    assert _plainly("value.guardrails.members.exists(g, !has(g.limit))", proposal) is True
    proposal.value.guardrails.members.add(metric="", limit="")
    assert _plainly(text, proposal) is False


def test_a_minus_turns_a_real_number_round() -> None:
    """The opposite of a number is compared as a number, and is unknown with it."""
    proposal = _proposal()
    proposal.value.target.change = -0.2
    assert _plainly("-value.target.change > 0.1", proposal) is True
    assert names(_plainly("0.1 < -value.target.minimum_detectable_effect", proposal)) == [
        "value.target.minimum_detectable_effect"
    ]


def test_the_id_of_a_subject_is_no_fact() -> None:
    """A condition about the id of its subject stays with the library."""
    _, condition = compiled("source.id in deployment.dependencies.members", Scope.SOURCE)
    assert condition.plain is None
