"""Compiles conditions and evaluates them in three values over the messages of a proposal."""

from __future__ import annotations

import re
from collections.abc import Mapping

from google.protobuf.message import Message

from readygate.v1 import proposal_pb2
from readygate_server.adapters.cel import library
from readygate_server.adapters.cel.diagnostics import faults_of
from readygate_server.adapters.cel.exchange import decode, encode
from readygate_server.adapters.cel.faults import ExpressionFaultsError, fault_at
from readygate_server.adapters.cel.lint import lint
from readygate_server.adapters.cel.plain import PlainTest, compile_plain
from readygate_server.adapters.cel.presence import Wrapped, wrap
from readygate_server.adapters.cel.reads import Read, missing_facts
from readygate_server.adapters.cel.syntax import CheckedExpression, Ident, walk
from readygate_server.adapters.cel.vocabulary import (
    ALL_VARIABLES,
    ASSET_IDS,
    CORPUS,
    LISTS,
    fact_messages,
    schema_faults,
    variables_of,
)
from readygate_server.adapters.proposals.vocabulary import is_plain_value
from readygate_server.domain.conditions import Truth, Unknown
from readygate_server.domain.errors import RuleFailedError
from readygate_server.domain.facts import FactRef
from readygate_server.domain.vocabulary import Scope

_ABSENT = "NOT_FOUND: Key not found in map : "
_OF_ELEMENT = re.compile(r"([a-z]+)\[(.*)\]\.([a-z0-9_.]+)", re.DOTALL)
_LISTED = frozenset(LISTS.values())


class CelActivation:
    """The variables of one request, with or without a subject. Belongs to one thread."""

    __slots__ = ("native", "proposal", "shared", "subject")

    def __init__(
        self,
        proposal: proposal_pb2.Proposal,
        shared: library.NativeActivation,
        native: library.NativeActivation,
        subject: Message | None,
    ) -> None:
        self.proposal = proposal
        self.shared = shared
        self.native = native
        self.subject = subject


class CelCondition:
    """A compiled condition."""

    def __init__(
        self, text: str, scope: Scope, native: library.NativeExpression, wrapped: Wrapped, variables: frozenset[str]
    ) -> None:
        self.text = text
        self.plain: PlainTest | None = None
        self.scope = scope
        self.variables = variables
        subjects = {variable.name for variable in variables_of(scope).values() if variable.subject}
        self.uses_subject = not variables.isdisjoint(subjects)
        self._native = native
        self._needed: frozenset[Read] = wrapped.needed
        self.facts = frozenset(read.fact for read in wrapped.needed | wrapped.asked)
        self.plain_facts = self._plain_facts(wrapped)
        self._of_subject = frozenset(read.fact for read in wrapped.needed if read.subject)
        self._of_elements = frozenset(read.fact for read in wrapped.needed if read.listed)
        self._of_deployment = {
            read.fact: Unknown((FactRef(read.fact),)) for read in wrapped.needed if not read.subject and not read.listed
        }

    def _plain_facts(self, wrapped: Wrapped) -> frozenset[str] | None:
        """Returns the facts that it reads, unless it reads of listed assets or what a plain value does not hold."""
        reads = wrapped.needed | wrapped.asked
        listed = any(read.listed for read in reads) or not self.variables.isdisjoint({ASSET_IDS, *_LISTED})
        plain = all(read.subject or is_plain_value(read.fact) for read in reads)
        return self.facts if plain and not listed else None

    def test(self, activation: CelActivation) -> Truth:
        """Returns true, false, or unknown with the leftmost missing fact; raises RuleFailedError for other errors."""
        try:
            value = self._native.eval(activation.native if self.uses_subject else activation.shared).value()
        except RuntimeError as error:
            raise RuleFailedError("", self.text, str(error)) from error
        if value is True:
            return True
        if value is False:
            return False
        return self._unknown(value, activation)

    def missing(self, activation: CelActivation) -> tuple[FactRef, ...]:
        """Returns every fact that the condition reads and that is absent, whether or not it decides; sorted."""
        return missing_facts(self._needed, activation.proposal, activation.subject)

    def _unknown(self, error: object, activation: CelActivation) -> Unknown:
        """Returns the unknown that an error stands for; an error that names no fact of this condition is a failure."""
        if isinstance(error, str) and error.startswith(_ABSENT):
            name = error[len(_ABSENT) + 1 : -1]
            if (known := self._of_deployment.get(name)) is not None:
                return known
            if name in self._of_subject and activation.subject is not None:
                return Unknown((FactRef(name, _id_of(activation.subject)),))
            match = _OF_ELEMENT.fullmatch(name)
            if match and (fact := f"{match[1]}.{match[3]}") in self._of_elements:
                return Unknown((FactRef(fact, match[2]),))
        raise RuleFailedError("", self.text, str(error))


class CelActivations:
    """Makes the activations of one request. Belongs to one thread: conversion runs under a lock of the library."""

    def __init__(
        self, environment: library.NativeEnvironment, proposal: proposal_pb2.Proposal, used: frozenset[str]
    ) -> None:
        self._environment = environment
        self._proposal = proposal
        self.bound = {name: _value_of(name, proposal) for name in used}
        self._deployment: CelActivation | None = None

    def deployment(self) -> CelActivation:
        """Returns the activation without a subject."""
        if self._deployment is None:
            native = self._environment.Activation(self.bound)
            self._deployment = CelActivation(self._proposal, native, native, None)
        return self._deployment

    def subject(self, scope: Scope, message: Message) -> CelActivation:
        """Returns a new activation for one data source, API or workflow; keep it for all conditions about it."""
        data = {**self.bound, scope.value: message}
        if scope is Scope.SOURCE:
            data[CORPUS] = getattr(message, CORPUS)
        shared = self.deployment().shared
        return CelActivation(self._proposal, shared, self._environment.Activation(data), message)


class CelCompiler:
    """Compiles the conditions of one ruleset."""

    def __init__(self) -> None:
        faults = schema_faults(fact_messages())
        if faults:
            raise TypeError("the contract is not fit for three-valued rules:\n" + "\n".join(faults))
        self._checkers = {scope: library.environment(variables_of(scope).values()) for scope in Scope}
        self._runtime = library.environment(ALL_VARIABLES)
        self._literals = library.literal_environment()
        self._conditions: dict[tuple[str, Scope], CelCondition] = {}
        self._used: frozenset[str] = frozenset()

    @property
    def conditions(self) -> Mapping[tuple[str, Scope], CelCondition]:
        """The conditions compiled so far, by text and scope."""
        return self._conditions

    def compile(self, text: str, *, scope: Scope) -> CelCondition:
        """Returns the condition that `text` states; raises ExpressionFaultsError with all its faults."""
        key = (text, scope)
        if key not in self._conditions:
            condition = self._compile(text, scope)
            self._used |= {name for name in condition.variables if name in variables_of(Scope.DEPLOYMENT)}
            self._conditions[key] = condition
        return self._conditions[key]

    def check(self, text: str, *, scope: Scope) -> CheckedExpression:
        """Returns the checked tree of a sound expression, as its author wrote it; raises ExpressionFaultsError."""
        variables = variables_of(scope)
        try:
            native = self._checkers[scope].compile(text)
        except RuntimeError as error:
            raise ExpressionFaultsError(text, faults_of(str(error), text, variables)) from error
        checked = decode(native.serialize())
        faults = lint(text, checked, variables, self._literals)
        if native.return_type() != library.BOOL:
            faults.append(fault_at(text, 0, "a condition is true or false; this is neither"))
        if faults:
            raise ExpressionFaultsError(text, faults)
        return checked

    def activations(self, proposal: proposal_pb2.Proposal) -> CelActivations:
        """Returns what binds the variables of one request; only those that some compiled condition reads."""
        return CelActivations(self._runtime, proposal, self._used)

    def _compile(self, text: str, scope: Scope) -> CelCondition:
        checked = self.check(text, scope=scope)
        variables = variables_of(scope)
        wrapped = wrap(checked, variables.values())
        native = self._runtime.deserialize(encode(checked, wrapped.root))
        names = frozenset(node.name for node in walk(checked.root) if isinstance(node, Ident))
        condition = CelCondition(text, scope, native, wrapped, names & set(variables))
        condition.plain = compile_plain(checked, scope)
        self._try_out(condition)
        return condition

    def _try_out(self, condition: CelCondition) -> None:
        """Evaluates once, because programs are planned at the first evaluation and their faults appear only then."""
        proposal = proposal_pb2.Proposal()
        subjects: dict[Scope, Message] = {
            Scope.SOURCE: proposal.data_sources.add(),
            Scope.API: proposal.apis.add(),
            Scope.WORKFLOW: proposal.workflows.add(),
        }
        activations = CelActivations(self._runtime, proposal, frozenset(variables_of(Scope.DEPLOYMENT)))
        subject = subjects.get(condition.scope)
        activation = activations.deployment() if subject is None else activations.subject(condition.scope, subject)
        try:
            condition.test(activation)
        except RuleFailedError as failure:
            fault = fault_at(
                condition.text, 0, "the condition fails on a proposal that states nothing", got=failure.detail
            )
            raise ExpressionFaultsError(condition.text, [fault]) from failure


def _value_of(name: str, proposal: proposal_pb2.Proposal) -> object:
    """Returns what a variable is bound to; an absent message is an empty one, whose facts are all absent.

    Assets are bound in the order of their ids, so that which of them is named as missing does not hang on a file.
    """
    if name == ASSET_IDS:
        return [asset.id for field in LISTS.values() for asset in getattr(proposal, field)]
    value: object = getattr(proposal, name)
    return sorted(getattr(proposal, name), key=_id_of) if name in _LISTED else value


def _id_of(subject: Message) -> str:
    name: str = getattr(subject, "id")  # noqa: B009  # every kind of subject has one
    return name
