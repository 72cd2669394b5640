"""What conditions answer, and which facts they name."""

from __future__ import annotations

import pytest
from tests.adapters.cel.conditions import ask, compiled, faults_in, missing, names

from readygate.v1 import api_pb2, data_source_pb2, deployment_pb2, proposal_pb2
from readygate_server.adapters.cel import CelCompiler
from readygate_server.domain.conditions import Unknown
from readygate_server.domain.errors import RuleFailedError
from readygate_server.domain.facts import FactRef
from readygate_server.domain.vocabulary import Scope

DRAFTS = "deployment.action_effect == ActionEffect.ACTION_EFFECT_DRAFT"


def _proposal() -> proposal_pb2.Proposal:
    proposal = proposal_pb2.Proposal(id="p")
    proposal.deployment.action_effect = deployment_pb2.ACTION_EFFECT_DRAFT
    crm = proposal.data_sources.add(id="crm", completeness=0.97, written=True)
    crm.owner.role = "data owner"
    proposal.data_sources.add(id="kb", completeness=0.5).corpus.stale_share = 0.1
    proposal.apis.add(id="orders", writes=True).authz_test.tested_on = "2026-10-01"
    proposal.workflows.add(id="refund", stable_weeks=6)
    return proposal


def test_a_stated_fact_decides() -> None:
    """A condition over a stated fact is true or false, and is a bool."""
    assert ask(DRAFTS, _proposal()) is True
    assert ask(f"!({DRAFTS})", _proposal()) is False


def test_an_absent_fact_is_named_by_its_deepest_part() -> None:
    """The name of a missing fact goes down to the part that was read, also when the whole message is absent."""
    assert names(ask("source.owner.person != ''", _proposal(), Scope.SOURCE)) == ["source[crm].owner.person"]
    assert names(ask("source.accuracy.ratio > 0.9", _proposal(), Scope.SOURCE)) == ["source[crm].accuracy.ratio"]
    assert names(ask("deployment.commitment_limit.none_granted", _proposal())) == [
        "deployment.commitment_limit.none_granted"
    ]


def test_an_absent_part_of_the_proposal_has_only_absent_facts() -> None:
    """A proposal that says nothing about governance makes conditions about governance unknown."""
    assert names(ask("gov.human_final_decision", proposal_pb2.Proposal())) == ["gov.human_final_decision"]
    assert names(ask("gov.vendor_assessment.assessed_on != ''", proposal_pb2.Proposal())) == [
        "gov.vendor_assessment.assessed_on"
    ]


def test_a_set_is_named_without_its_members() -> None:
    """A missing set is named as the fact that it is; a set that is present and empty is known to be empty."""
    text = "deployment.audience.members.exists(a, a == Audience.AUDIENCE_CUSTOMER)"
    proposal = _proposal()
    assert names(ask(text, proposal)) == ["deployment.audience"]
    proposal.deployment.audience.SetInParent()
    assert ask(text, proposal) is False


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("corpus.retrieval_recall > 0.9", Scope.SOURCE),
        ("source.corpus.retrieval_recall > 0.9", Scope.SOURCE),
        ("data_sources.all(s, s.corpus.retrieval_recall > 0.9)", Scope.DEPLOYMENT),
    ],
)
def test_facts_of_a_corpus_have_a_group_of_their_own(text: str, scope: Scope) -> None:
    """However a fact of a corpus is reached, it is called `corpus`, with the id of its source."""
    assert names(ask(text, _proposal(), scope)) == ["corpus[crm].retrieval_recall"]


def test_each_subject_names_its_own_facts() -> None:
    """Conditions about an API or a workflow name the facts of that one."""
    result = "api.authz_test.result == AuthorizationTestResult.AUTHORIZATION_TEST_RESULT_PASS"
    assert names(ask(result, _proposal(), Scope.API)) == ["api[orders].authz_test.result"]
    assert names(ask("workflow.rework_rate < 0.1", _proposal(), Scope.WORKFLOW)) == ["workflow[refund].rework_rate"]


def test_logic_is_kleenes() -> None:
    """Something unknown decides nothing, and does not stand in the way of what decides."""
    proposal = _proposal()
    unknown = "deployment.tolerated_harm_events < 1.0"
    assert ask(f"{unknown} || {DRAFTS}", proposal) is True
    assert ask(f"{unknown} && !({DRAFTS})", proposal) is False
    assert names(ask(f"{unknown} && {DRAFTS}", proposal)) == ["deployment.tolerated_harm_events"]
    assert names(ask(f"!({unknown})", proposal)) == ["deployment.tolerated_harm_events"]
    assert names(ask(f"{unknown} ? true : true", proposal)) == ["deployment.tolerated_harm_events"]


def test_one_element_decides_a_loop_over_others_that_lack_the_fact() -> None:
    """`all` is false for one bad element, `exists` true for one good one; else the missing fact is named."""
    proposal = _proposal()
    proposal.data_sources.add(id="erp")
    assert ask("data_sources.all(s, s.completeness > 0.9)", proposal) is False
    assert ask("data_sources.exists(s, s.completeness > 0.9)", proposal) is True
    assert names(ask("data_sources.all(s, s.completeness > 0.1)", proposal)) == ["source[erp].completeness"]
    assert names(ask("data_sources.exists(s, s.completeness > 0.99)", proposal)) == ["source[erp].completeness"]


@pytest.mark.parametrize("ids", [("crm", "kb"), ("kb", "crm")])
def test_of_several_assets_that_lack_a_fact_the_first_by_id_is_named(ids: tuple[str, str]) -> None:
    """Which asset is named as missing a fact does not hang on the order in which assets stand."""
    proposal = proposal_pb2.Proposal(id="p")
    for name in ids:
        proposal.data_sources.add(id=name)

    assert names(ask("data_sources.all(s, s.completeness > 0.9)", proposal)) == ["source[crm].completeness"]


def test_an_author_can_ask_for_presence() -> None:
    """has() answers true or false, also below a message that is absent."""
    proposal = _proposal()
    assert ask("has(source.owner.person)", proposal, Scope.SOURCE) is False
    assert ask("has(source.owner.role)", proposal, Scope.SOURCE) is True
    assert ask("has(source.accuracy.ratio)", proposal, Scope.SOURCE) is False
    assert ask("has(source.corpus)", proposal, Scope.SOURCE) is False


def test_a_value_called_unknown_counts_as_absent() -> None:
    """Saying that a fact is unknown is the same as not saying it, also for has()."""
    proposal = proposal_pb2.Proposal()
    proposal.data_sources.add(id="crm", permitted_use=data_source_pb2.PERMITTED_USE_UNKNOWN)
    text = "source.permitted_use != PermittedUse.PERMITTED_USE_PROHIBITED"
    assert names(ask(text, proposal, Scope.SOURCE)) == ["source[crm].permitted_use"]
    assert missing(text, proposal, Scope.SOURCE) == ["source[crm].permitted_use"]
    assert ask("has(source.permitted_use)", proposal, Scope.SOURCE) is False


def test_facts_are_the_static_reads() -> None:
    """A condition knows the names of all facts that it reads, whether or not they decide."""
    text = (
        "data_sources.all(s, s.permitted_use == PermittedUse.PERMITTED_USE_APPROVED_FOR_AI || has(s.owner.person)) "
        "&& apis.exists(a, a.authz_test.result == AuthorizationTestResult.AUTHORIZATION_TEST_RESULT_PASS) "
        "&& source.uses.members.size() > 0 && corpus.stale_share < 0.1 && deployment.go_live_on != ''"
    )
    _, condition = compiled(text, Scope.SOURCE)
    assert condition.facts == {
        "source.permitted_use",
        "source.owner.person",
        "api.authz_test.result",
        "source.uses",
        "corpus.stale_share",
        "deployment.go_live_on",
    }


def test_members_of_a_set_belong_to_the_set() -> None:
    """What a loop over the members of a set reads is the fact that the set is."""
    _, condition = compiled("value.guardrails.members.all(g, g.limit != '')")
    assert condition.facts == {"value.guardrails"}
    proposal = proposal_pb2.Proposal()
    proposal.value.guardrails.members.add(metric="refunds")
    assert names(ask(condition.text, proposal)) == ["value.guardrails"]


def test_a_condition_knows_whether_it_reads_its_subject() -> None:
    """A condition that does not read the subject need not be asked for each."""
    assert compiled("source.written", Scope.SOURCE)[1].uses_subject
    assert compiled("corpus.stale_share < 0.1", Scope.SOURCE)[1].uses_subject
    assert not compiled("data_sources.all(s, s.written)", Scope.SOURCE)[1].uses_subject
    assert not compiled(DRAFTS, Scope.API)[1].uses_subject


def test_a_condition_that_ignores_its_subject_can_be_asked_with_any_activation() -> None:
    """The answer is the same with the activation of a subject and without one."""
    compiler, condition = compiled("data_sources.exists(s, s.completeness > 0.9)", Scope.SOURCE)
    proposal = _proposal()
    activations = compiler.activations(proposal)
    assert condition.test(activations.deployment()) is True
    assert condition.test(activations.subject(Scope.SOURCE, proposal.data_sources[1])) is True


def test_a_condition_about_a_subject_fails_without_one() -> None:
    """A condition that reads its subject does not answer when there is none."""
    compiler, condition = compiled("source.written", Scope.SOURCE)
    with pytest.raises(RuleFailedError):
        condition.test(compiler.activations(_proposal()).deployment())


def test_asset_ids_find_a_dependency_without_a_second_loop() -> None:
    """A dependency is found among the ids of all assets, however many there are."""
    text = "deployment.dependencies.members.all(d, d in asset_ids)"
    proposal = _proposal()
    proposal.apis.extend(api_pb2.Api(id=f"a{number}") for number in range(199))
    proposal.deployment.dependencies.members.extend(["crm", "refund", *(api.id for api in proposal.apis)])
    assert ask(text, proposal) is True
    proposal.deployment.dependencies.members.append("elsewhere")
    assert ask(text, proposal) is False


def test_the_same_text_is_compiled_once_per_scope() -> None:
    """Rules that share a condition share its program; the same text in another scope is another condition."""
    compiler = CelCompiler()
    first = compiler.compile(DRAFTS, scope=Scope.DEPLOYMENT)
    assert compiler.compile(DRAFTS, scope=Scope.DEPLOYMENT) is first
    assert compiler.compile(DRAFTS, scope=Scope.API) is not first


def test_only_variables_that_conditions_read_are_bound() -> None:
    """What no condition reads is never converted, so a large part of a proposal that no rule asks about is free."""
    compiler, _ = compiled(DRAFTS)
    bound = compiler.activations(_proposal()).bound
    assert set(bound) == {"deployment"}


def test_unknown_lists_what_is_missing_as_facts() -> None:
    """An unknown carries facts with their subject, not text."""
    truth = ask("source.validity > 0.9", _proposal(), Scope.SOURCE)
    assert truth == Unknown((FactRef("source.validity", "crm"),))


def test_ids_with_brackets_do_not_confuse_names() -> None:
    """An id that looks like a path stays the id of its subject."""
    proposal = proposal_pb2.Proposal()
    proposal.data_sources.add(id="a].b[c")
    truth = ask("data_sources.all(s, s.validity > 0.9)", proposal)
    assert truth == Unknown((FactRef("source.validity", "a].b[c"),))


def test_a_sound_condition_has_no_faults() -> None:
    """The helper of the tests about refusals returns nothing for what is sound."""
    assert faults_in(DRAFTS) == ()
