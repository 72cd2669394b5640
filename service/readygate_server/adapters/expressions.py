"""The expressions of a ruleset, compiled once, and their answers about one proposal."""

from __future__ import annotations

from collections.abc import Iterator

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.cel.closures import Said
from readygate_server.adapters.cel.engine import CelActivation, CelActivations, CelCompiler
from readygate_server.adapters.proposals.vocabulary import ASSET_FIELDS
from readygate_server.application.ports import Dossier
from readygate_server.domain.conditions import Conditions, Truth
from readygate_server.domain.facts import Facts, ProposalFacts
from readygate_server.domain.rule import Rule, Ruleset
from readygate_server.domain.vocabulary import Scope


class RulesetExpressions:
    """All expressions of one ruleset, compiled; fills the port Expressions."""

    def __init__(self, ruleset: Ruleset, compiler: CelCompiler | None = None) -> None:
        """Compiles what the compiler, if one is given, has not compiled yet.

        Raises:
          ExpressionFaults: for an expression that is not sound.
        """
        self._compiler = compiler or CelCompiler()
        for expression, scope in expressions_of(ruleset):
            self._compiler.compile(expression, scope=scope)

    def about(self, dossier: Dossier) -> Conditions:
        """Returns the conditions of a proposal that this package read."""
        proposal = getattr(dossier, "proposal", None)
        if not isinstance(proposal, Proposal):
            raise TypeError("this engine judges proposals of the contract only")
        return ProposalConditions(self._compiler, proposal, dossier.facts)

    def reads(self, expression: str, scope: Scope) -> frozenset[str]:
        """Returns the names of the facts that an expression reads."""
        return self._compiler.compile(expression, scope=scope).facts

    def plain_reads(self, expression: str, scope: Scope) -> frozenset[str] | None:
        """Returns the facts that an expression reads; None when it reads of assets, or of what is no plain value."""
        return self._compiler.compile(expression, scope=scope).plain_facts


class ProposalConditions:
    """Conditions about one proposal. Belongs to one evaluation and one thread.

    Plain conditions are asked of the facts, each time anew, as that takes less than remembering. The others are asked
    of the messages, which the CEL library gets when it is needed, and each of them once.
    """

    __slots__ = ("_activations", "_answers", "_compiler", "_conditions", "_facts", "_said", "_subjects")

    def __init__(self, compiler: CelCompiler, proposal: Proposal, facts: ProposalFacts) -> None:
        self._compiler = compiler
        self._conditions = compiler.conditions
        self._said = Said(facts, proposal)
        self._facts: dict[Scope, dict[str, Facts]] = {}
        self._activations: CelActivations | None = None
        self._subjects: dict[tuple[Scope, str], CelActivation] = {}
        self._answers: dict[tuple[str, str], Truth] = {}

    def test(self, expression: str, scope: Scope, subject: str, facts: Facts | None = None) -> Truth:
        """Returns the truth of an expression for a subject."""
        condition = self._conditions.get((expression, scope)) or self._compiler.compile(expression, scope=scope)
        if condition.plain is not None:
            return condition.plain(self._facts_of(scope, subject) if facts is None else facts, self._said, subject)
        key = (expression, subject if condition.uses_subject else "")
        answer = self._answers.get(key)
        if answer is None:
            answer = self._answers[key] = condition.test(self._activation(scope, key[1]))
        return answer

    def _facts_of(self, scope: Scope, subject: str) -> Facts:
        if not subject:
            return self._said.facts.deployment
        if scope not in self._facts:
            self._facts[scope] = dict(self._said.facts.of(scope))
        return self._facts[scope][subject]

    def _activation(self, scope: Scope, subject: str) -> CelActivation:
        if self._activations is None:
            self._activations = self._compiler.activations(self._said.proposal)
        if not subject:
            return self._activations.deployment()
        key = (scope, subject)
        activation = self._subjects.get(key)
        if activation is None:
            message = next(each for each in getattr(self._said.proposal, ASSET_FIELDS[scope]) if each.id == subject)
            activation = self._subjects[key] = self._activations.subject(scope, message)
        return activation


def expressions_of(ruleset: Ruleset) -> Iterator[tuple[str, Scope]]:
    """Yields every expression of a ruleset with the scope that it is written for."""
    for axis in ruleset.axes:
        for level in axis.levels:
            yield level.when, Scope.DEPLOYMENT
    for rule in ruleset.rules:
        yield from expressions_of_rule(rule)


def expressions_of_rule(rule: Rule) -> Iterator[tuple[str, Scope]]:
    """Yields the expressions of one rule."""
    if rule.when:
        yield rule.when, Scope.DEPLOYMENT
    for adjustment in rule.severity_when:
        yield adjustment.when, Scope.DEPLOYMENT
    own = [rule.where, *(check.where for check in rule.checks)]
    own += [text for requirement in rule.requirements for text in (requirement.expression, requirement.where)]
    for expression in own:
        if expression:
            yield expression, rule.scope
