"""The expressions of a ruleset, compiled once, and their answers about one proposal, each asked at most once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.cel.bundle import CelBundle
from readygate_server.adapters.cel.engine import CelActivation, CelActivations, CelCompiler
from readygate_server.adapters.proposals.vocabulary import ASSET_FIELDS
from readygate_server.application.ports import Dossier
from readygate_server.domain.conditions import Conditions, Truth
from readygate_server.domain.rule import Rule, Ruleset
from readygate_server.domain.vocabulary import Scope


class RulesetExpressions:
    """All expressions of one ruleset, compiled; fills the port Expressions."""

    def __init__(self, ruleset: Ruleset) -> None:
        """Compiles; raises ExpressionFaults for an expression that is not sound."""
        self._compiler = CelCompiler()
        for expression, scope in expressions_of(ruleset):
            self._compiler.compile(expression, scope=scope)
        self._bundles: dict[Scope, CelBundle] = {}

    def bundle(self) -> RulesetExpressions:
        """Makes each evaluation faster at the price of some milliseconds now: worth it when many will follow."""
        scopes = (Scope.SOURCE, Scope.API, Scope.WORKFLOW)
        self._bundles = {scope: self._compiler.bundle(scope, about_subject=True) for scope in scopes}
        self._bundles[Scope.DEPLOYMENT] = self._compiler.bundle(Scope.DEPLOYMENT, about_subject=False)
        return self

    def about(self, dossier: Dossier) -> Conditions:
        """Returns the conditions of a proposal that this package read."""
        proposal = getattr(dossier, "proposal", None)
        if not isinstance(proposal, Proposal):
            raise TypeError("this engine judges proposals of the contract only")
        return ProposalConditions(self._compiler, proposal, self._bundles)

    def reads(self, expression: str, scope: Scope) -> frozenset[str]:
        """Returns the names of the facts that an expression reads."""
        return self._compiler.compile(expression, scope=scope).facts


class ProposalConditions:
    """Conditions about one proposal. Belongs to one evaluation and one thread."""

    __slots__ = ("_activations", "_answers", "_bundled", "_bundles", "_compiler", "_messages", "_subjects")

    def __init__(self, compiler: CelCompiler, proposal: Proposal, bundles: Mapping[Scope, CelBundle]) -> None:
        self._compiler = compiler
        self._bundles = bundles
        self._activations: CelActivations = compiler.activations(proposal)
        self._messages = proposal
        self._subjects: dict[tuple[Scope, str], CelActivation] = {}
        self._answers: dict[tuple[str, str], Truth] = {}
        self._bundled: set[str] = set()

    def test(self, expression: str, scope: Scope, subject: str) -> Truth:
        """Returns the truth of an expression for a subject."""
        key = (expression, subject)
        answer = self._answers.get(key)
        if answer is None and subject not in self._bundled:
            self._ask_bundle(scope, subject)
            answer = self._answers.get(key)
        if answer is None:
            answer = self._answers[key] = self._ask(expression, scope, subject)
        return answer

    def _ask_bundle(self, scope: Scope, subject: str) -> None:
        """Asks everything about a subject at once; what stays open is asked one by one."""
        self._bundled.add(subject)
        bundle = self._bundles.get(scope if subject else Scope.DEPLOYMENT)
        if bundle is not None:
            activation = self._subject(scope, subject) if subject else self._activations.deployment()
            self._answers.update({(text, subject): answer for text, answer in bundle.answers(activation).items()})

    def _ask(self, expression: str, scope: Scope, subject: str) -> Truth:
        condition = self._compiler.compile(expression, scope=scope)
        if not condition.uses_subject:
            if subject:
                return self.test(expression, scope, "")
            return condition.test(self._activations.deployment())
        return condition.test(self._subject(scope, subject))

    def _subject(self, scope: Scope, subject: str) -> CelActivation:
        key = (scope, subject)
        activation = self._subjects.get(key)
        if activation is None:
            message = next(each for each in getattr(self._messages, ASSET_FIELDS[scope]) if each.id == subject)
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
