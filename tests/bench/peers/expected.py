"""What readygate concludes, as bare answers that peers are held to."""

from __future__ import annotations

from datetime import date

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.dossier import dossier_of
from readygate_server.application.active_ruleset import ActiveRuleset
from readygate_server.application.judgement import Question, prepare
from readygate_server.domain.evaluation import Case, judge_all
from readygate_server.domain.vocabulary import Gate, Outcome, Scope

Answers = dict[tuple[str, str], bool]
"""Rule and subject to whether nothing stands against it; the subject of a rule about the deployment is empty."""

_OPEN = (Outcome.VIOLATED, Outcome.UNKNOWN)


def expected(proposal: Proposal, *, as_of: str, ruleset: ActiveRuleset, gate: Gate = Gate.COMMIT) -> Answers:
    """Returns the answer of every rule about facts, for the deployment or for each asset that it is about.

    What is violated or unknown is false. What is satisfied, does not apply, or is not asked yet at the gate is true, so
    that at the gate of production every check of every rule counts. Rules about evidence, and the one that reports what
    is unknown, are left out, in the peers' favour.
    """
    dossier = dossier_of(proposal)
    prepared = prepare(ruleset, dossier, Question(gate, as_of))
    table = ruleset.table(prepared.tier.tier, gate)
    case = Case(
        dossier.facts, prepared.conditions, dossier.not_applicable, as_of, date.fromisoformat(as_of).toordinal()
    )
    answers: Answers = {}
    for finding in judge_all(table, case):
        scope = finding.rule.scope
        whole = scope is not Scope.DEPLOYMENT and not finding.subject  # nothing is asked of any asset, if there is one
        for subject in [name for name, _ in dossier.facts.of(scope)] if whole else [finding.subject]:
            answers[finding.rule.id, subject] = finding.outcome not in _OPEN
    return answers
