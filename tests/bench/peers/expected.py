"""What readygate concludes, as bare answers that peers are held to."""

from __future__ import annotations

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.dossier import dossier_of
from readygate_server.application.active_ruleset import ActiveRuleset
from readygate_server.application.evaluate import evaluate
from readygate_server.application.judgement import Question
from readygate_server.domain.vocabulary import Gate, Outcome, RuleKind, Scope

Answers = dict[tuple[str, str], bool]
"""Rule and subject to whether nothing stands against it; the subject of a rule about the deployment is empty."""

_OPEN = (Outcome.VIOLATED, Outcome.UNKNOWN)


def expected(proposal: Proposal, *, as_of: str, ruleset: ActiveRuleset, gate: Gate = Gate.COMMIT) -> Answers:
    """Returns the answer of every rule about facts, for the deployment or for each asset that it is about.

    What is violated or unknown is false. What is satisfied, does not apply, or is not asked yet at the gate is true, so
    that at the gate of production every check of every rule counts. Rules about evidence, and the one that reports what
    is unknown, are left out, and what is satisfied on old evidence is satisfied: this is in the peers' favour.
    """
    dossier = dossier_of(proposal)
    answers: Answers = {}
    for finding in evaluate(ruleset, dossier, Question(gate, as_of, full=False)).findings:
        rule = finding.rule
        if rule.kind is RuleKind.FACTS:
            # Where nothing is asked of any asset there is one finding for all of them, without a subject.
            for_all = rule.scope is not Scope.DEPLOYMENT and not finding.subject
            for subject in [name for name, _ in dossier.facts.of(rule.scope)] if for_all else [finding.subject]:
                answers[rule.id, subject] = finding.outcome not in _OPEN
    return answers
