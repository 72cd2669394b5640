"""Short ways to compile and ask conditions."""

from __future__ import annotations

from collections.abc import Iterable

from readygate.v1 import proposal_pb2
from readygate_server.adapters.cel import CelActivation, CelCompiler, CelCondition, ExpressionFaultsError
from readygate_server.domain.conditions import Truth, Unknown
from readygate_server.domain.faults import Fault
from readygate_server.domain.vocabulary import Scope

_LISTS = {Scope.SOURCE: "data_sources", Scope.API: "apis", Scope.WORKFLOW: "workflows"}


def compiled(text: str, scope: Scope = Scope.DEPLOYMENT) -> tuple[CelCompiler, CelCondition]:
    """Returns a new compiler and the condition that it made of `text`."""
    compiler = CelCompiler()
    return compiler, compiler.compile(text, scope=scope)


def activation_of(compiler: CelCompiler, proposal: proposal_pb2.Proposal, scope: Scope) -> CelActivation:
    """Returns the activation of the first subject of `scope`."""
    activations = compiler.activations(proposal)
    if scope is Scope.DEPLOYMENT:
        return activations.deployment()
    return activations.subject(scope, getattr(proposal, _LISTS[scope])[0])


def ask(text: str, proposal: proposal_pb2.Proposal, scope: Scope = Scope.DEPLOYMENT) -> Truth:
    """Returns the truth of `text` for a proposal, about its first subject where it has one."""
    compiler, condition = compiled(text, scope)
    return condition.test(activation_of(compiler, proposal, scope))


def missing(text: str, proposal: proposal_pb2.Proposal, scope: Scope = Scope.DEPLOYMENT) -> list[str]:
    """Returns the names of all absent facts that `text` reads."""
    compiler, condition = compiled(text, scope)
    return names(condition.missing(activation_of(compiler, proposal, scope)))


def names(truth: Truth | Iterable[object]) -> list[str]:
    """Returns the names of the missing facts of an unknown, or of a list of facts."""
    if isinstance(truth, bool):
        return []
    return [str(fact) for fact in (truth.missing if isinstance(truth, Unknown) else truth)]


def faults_in(text: str, scope: Scope = Scope.DEPLOYMENT) -> tuple[Fault, ...]:
    """Returns why `text` is refused; nothing when it is sound."""
    try:
        CelCompiler().compile(text, scope=scope)
    except ExpressionFaultsError as error:
        return error.faults
    return ()
