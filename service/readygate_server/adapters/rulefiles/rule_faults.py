"""Faults of a rule file that concern neither facts nor tiers: name, ids, dates, effort, waivers."""

from __future__ import annotations

from collections.abc import Container, Iterator
from datetime import date
from pathlib import PurePosixPath
from typing import get_args

from readygate_server.adapters.rulefiles.drafts import RuleDraft
from readygate_server.adapters.rulefiles.schema import EvidenceDemand, TierName
from readygate_server.adapters.rulefiles.shape_faults import show
from readygate_server.adapters.rulefiles.sources import SourceFile
from readygate_server.domain.faults import Fault


def rule_faults(draft: RuleDraft) -> Iterator[Fault]:
    """Yields the plain faults of one rule file."""
    stem = PurePosixPath(draft.source.path).stem
    if draft.id and draft.id != stem:
        yield draft.fault(("id",), "the id is not the name of the file", got=draft.id, expected=stem)
    yield from _repeated_parts(draft)
    yield from date_faults(draft.source)
    for key in ("effort", "wait_weeks"):
        low, high = draft.value("work", key, "min"), draft.value("work", key, "max")
        if isinstance(low, (int, float)) and isinstance(high, (int, float)) and low > high:
            yield draft.fault(("work", key), "the range ends before it begins", got=f"{low:g} to {high:g}")
    if draft.value("waivable") is False:
        for key, what in (("maximum_waiver_days", "longest waiver"), ("waiver_quorum", "quorum")):
            if draft.value(key) is not None:
                yield draft.fault((key,), f"a rule that can not be waived has no {what}", got="waivable: false")
    yield from _evidence_faults(draft)


def repeated_rules(drafts: list[RuleDraft]) -> Iterator[Fault]:
    """Yields a fault for every file but the first that has the id of another."""
    first: dict[str, RuleDraft] = {}
    for draft in drafts:
        if draft.id and first.setdefault(draft.id, draft) is not draft:
            other = first[draft.id].source.path
            yield draft.fault(
                ("id",), f"the rule {draft.id} is also in {other}", got=draft.id, expected="an id of its own"
            )


def date_faults(source: SourceFile) -> Iterator[Fault]:
    """Yields the faults of the days from which and until which a rule or ruleset is in force."""
    days: dict[str, date] = {}
    for key in ("effective_from", "effective_until"):
        text = source.data.get(key)
        if not isinstance(text, str) or not source.sound(key):
            continue
        try:
            days[key] = date.fromisoformat(text)
        except ValueError:
            yield source.document.fault((key,), "there is no such day", got=show(text), expected="a day as YYYY-MM-DD")
    if len(days) == 2 and days["effective_until"] < days["effective_from"]:
        yield source.document.fault(
            ("effective_until",),
            "it ends before it begins",
            got=days["effective_until"].isoformat(),
            expected=f"{days['effective_from'].isoformat()} or later",
        )


def _repeated_parts(draft: RuleDraft) -> Iterator[Fault]:
    seen: set[str] = set()
    for part in draft.parts:
        if part.item.id in seen:
            yield draft.fault((*part.path, "id"), "another part of the rule has this id", got=part.item.id)
        seen.add(part.item.id)


def _evidence_faults(draft: RuleDraft) -> Iterator[Fault]:
    value = draft.value("evidence")
    if value is None:
        return
    demand = EvidenceDemand.model_validate(value)
    yield from _absent_tiers(draft, ("minimum_grade",), demand.minimum_grade)
    for ages_as in ("measured", "test", "document", "declared"):
        path = ("maximum_age_days", ages_as)
        if ages_as in demand.maximum_age_days:
            yield from _absent_tiers(draft, path, demand.maximum_age_days[ages_as])
        elif ages_as != "declared":  # what a proposer decides needs no evidence
            message = f"no greatest age for facts that are {ages_as}"
            yield draft.fault(("evidence", "maximum_age_days"), message, at_key=True)


def _absent_tiers(draft: RuleDraft, path: tuple[str, ...], levels: Container[TierName]) -> Iterator[Fault]:
    if absent := [name for name in get_args(TierName) if name not in levels]:
        yield draft.fault(
            ("evidence", *path), f"nothing is asked for {', '.join(absent)}", expected="T1 to T4", at_key=True
        )
