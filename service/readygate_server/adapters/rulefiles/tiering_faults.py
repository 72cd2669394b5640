"""Faults of a tiering: its conditions, their order, and what proposals are narrowed to."""

from __future__ import annotations

from collections.abc import Iterator

from readygate_server.adapters.cel.engine import CelCompiler
from readygate_server.adapters.proposals.vocabulary import Kind
from readygate_server.adapters.rulefiles.condition_faults import compile_faults
from readygate_server.adapters.rulefiles.fact_faults import threshold_faults
from readygate_server.adapters.rulefiles.known_facts import facts_of_scope, known_facts
from readygate_server.adapters.rulefiles.schema import Axis, NarrowTo, TieringFile
from readygate_server.adapters.rulefiles.shape_faults import show
from readygate_server.adapters.rulefiles.sources import SourceFile
from readygate_server.adapters.yaml_text import Path
from readygate_server.domain.faults import Fault, suggest
from readygate_server.domain.vocabulary import Scope, Tier


def tiering_faults(source: SourceFile, tiering: TieringFile, compiler: CelCompiler) -> Iterator[Fault]:
    """Yields the faults of one tiering file."""
    seen: set[str] = set()
    for index, axis in enumerate(tiering.axes):
        if axis.id in seen:
            yield source.document.fault(("axes", index, "id"), "another axis has this id", got=axis.id)
        seen.add(axis.id)
        yield from _axis_faults(source, ("axes", index, "levels"), axis, compiler)
    for tier, steps in tiering.narrow_to.items():
        if Tier[tier] is max(Tier):
            yield source.document.fault(("narrow_to", tier), "nothing is narrowed to the highest tier", at_key=True)
        for index, step in enumerate(steps):
            yield from _step_faults(source, ("narrow_to", tier, index), step)


def _axis_faults(source: SourceFile, path: Path, axis: Axis, compiler: CelCompiler) -> Iterator[Fault]:
    for index, level in enumerate(axis.levels):
        place = (*path, index)
        if Tier[level.tier] is min(Tier):
            yield source.document.fault((*place, "tier"), "T1 needs no condition; it is what is left", got=level.tier)
        elif index and axis.levels[index - 1].tier <= level.tier:
            yield source.document.fault(
                (*place, "tier"),
                "the levels of an axis go from the highest tier down, each once",
                got=level.tier,
                expected=f"below {axis.levels[index - 1].tier}",
            )
        yield from compile_faults(source, (*place, "when"), level.when, Scope.DEPLOYMENT, compiler)


def _step_faults(source: SourceFile, path: Path, step: NarrowTo) -> Iterator[Fault]:
    known = known_facts().get(step.fact)
    names = facts_of_scope(Scope.DEPLOYMENT)
    if known is None or step.fact not in names:
        message = "there is no fact of the deployment of this name"
        yield source.document.fault((*path, "fact"), message, got=step.fact, suggestion=suggest(step.fact, names))
        return
    if known.kind not in (Kind.CHOICE, Kind.CHOICES):
        yield source.document.fault((*path, "fact"), "only facts that hold names can be narrowed", got=step.fact)
        return
    yield from threshold_faults(source.document, (*path, "from"), known, "one_of", step.narrowed_from)
    if isinstance(step.to, list) is not (known.kind is Kind.CHOICES):
        expected = "a list" if known.kind is Kind.CHOICES else "one name"
        message = f"{known.name} is narrowed to something of another kind"
        yield source.document.fault((*path, "to"), message, got=show(step.to), expected=expected)
        return
    comparator = "one_of" if isinstance(step.to, list) else "equals"
    yield from threshold_faults(source.document, (*path, "to"), known, comparator, step.to)
