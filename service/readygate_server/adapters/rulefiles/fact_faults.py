"""Faults of checks: facts that do not exist or belong elsewhere, and thresholds that do not fit them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from readygate_server.adapters.proposals.vocabulary import Kind, all_facts
from readygate_server.adapters.rulefiles.drafts import Placed, RuleDraft
from readygate_server.adapters.rulefiles.known_facts import KnownFact, facts_of_scope, known_facts, parts_or_none
from readygate_server.adapters.rulefiles.schema import Check
from readygate_server.adapters.rulefiles.shape_faults import alternatives, show
from readygate_server.adapters.yaml_text import Document, Path
from readygate_server.domain.facts import scope_of
from readygate_server.domain.faults import Fault, suggest
from readygate_server.domain.vocabulary import Scope

_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
_COUNTS: Final[Mapping[str, int]] = {"count_at_least": 1, "at_most_days_ago": 0, "at_most_days_ahead": 0}


def fact_faults(draft: RuleDraft) -> Iterator[Fault]:
    """Yields the faults of a rule that follow from what facts there are."""
    checks = draft.source.data.get("checks")
    for index, item in enumerate(checks if isinstance(checks, list) else []):
        if isinstance(item, dict) and isinstance(item.get("fact"), str):
            yield from _name_faults(draft, ("checks", index, "fact"), item["fact"])
    for placed in draft.checks:
        yield from _check_faults(draft, placed)
    for index, name in enumerate(draft.value("may_be_not_applicable") or ()):
        if name not in known_facts() and not parts_or_none(name):
            yield _unknown(draft, ("may_be_not_applicable", index), name, (*all_facts(), *known_facts()))
    yield from _placeholder_faults(draft)


def threshold_faults(
    document: Document, path: Path, known: KnownFact, comparator: str, value: object
) -> Iterator[Fault]:
    """Yields the faults of one threshold."""
    if comparator in ("one_of", "none_of", "includes"):
        yield from _names_faults(document, path, known, value)
    elif comparator == "stated":
        if value is not True:
            yield document.fault(path, "a fact can only be asked to be stated", got=show(value), expected="true")
    elif comparator in _COUNTS:
        least = _COUNTS[comparator]
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            expected = f"a whole number, at least {least}"
            yield document.fault(path, f"{comparator} takes a count", got=show(value), expected=expected)
    elif known.kind in (Kind.NUMBER, Kind.INTEGER):
        yield from _number_faults(document, path, known, value)
    elif known.kind is Kind.FLAG:
        if not isinstance(value, bool):
            yield document.fault(path, f"{known.name} is true or false", got=show(value), expected="true or false")
    else:
        yield from _name_fault(document, path, known, value)


def _name_faults(draft: RuleDraft, path: Path, name: str) -> Iterator[Fault]:
    if parts := parts_or_none(name):
        yield draft.fault(path, f"{name} has parts; name one of them", got=name, expected=alternatives(parts))
    elif name not in known_facts():
        yield _unknown(draft, path, name, facts_of_scope(draft.scope) if draft.scope else known_facts())
    elif draft.scope and scope_of(name) not in (draft.scope, Scope.DEPLOYMENT):
        of_its_own = "" if draft.scope is Scope.DEPLOYMENT else f" of the {draft.scope.value} or"
        yield draft.fault(
            path,
            f"a rule of the scope {draft.scope.value} can not check a fact of one {scope_of(name).value}",
            got=name,
            expected=f"a fact{of_its_own} of the deployment",
        )


def _unknown(draft: RuleDraft, path: Path, name: str, names: Iterable[str]) -> Fault:
    return draft.fault(path, "there is no fact of this name", got=name, suggestion=suggest(name, names))


def _check_faults(draft: RuleDraft, placed: Placed[Check]) -> Iterator[Fault]:
    check, path = placed.item, (*placed.path, placed.item.comparator)
    known = known_facts().get(check.fact)
    if known is None:
        return
    if check.comparator not in known.comparators:
        yield draft.fault(
            path,
            f"{check.comparator} does not fit {known.name}, which is {known.described}",
            got=check.comparator,
            expected=alternatives(known.comparators),
            at_key=True,
        )
        return
    value = getattr(check, check.comparator)
    for key, threshold in value.items() if isinstance(value, dict) else (("", value),):
        place = (*path, key) if key else path
        yield from threshold_faults(draft.source.document, place, known, check.comparator, threshold)


def _names_faults(document: Document, path: Path, known: KnownFact, value: object) -> Iterator[Fault]:
    if not isinstance(value, list) or not value:
        yield document.fault(path, "a list of names is needed", got=show(value), expected="at least one name")
        return
    for index, name in enumerate(value):
        if name in value[:index]:
            yield document.fault((*path, index), "the name stands in the list twice", got=show(name))
        yield from _name_fault(document, (*path, index), known, name)


def _name_fault(document: Document, path: Path, known: KnownFact, value: object) -> Iterator[Fault]:
    if not isinstance(value, str):
        expected = alternatives(known.choices) or "text"
        yield document.fault(path, f"{known.name} holds names", got=show(value), expected=expected)
    elif known.choices and value not in known.choices:
        yield document.fault(
            path,
            f"{known.name} never has this value",
            got=show(value),
            expected=alternatives(known.choices),
            suggestion=suggest(value, known.choices),
        )


def _number_faults(document: Document, path: Path, known: KnownFact, value: object) -> Iterator[Fault]:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        yield document.fault(path, f"{known.name} is a number", got=show(value), expected=known.unit or "a number")
        return
    low = known.minimum is not None and value < known.minimum
    high = known.maximum is not None and value > known.maximum
    if low or high:
        yield document.fault(
            path, f"{known.name} never has this value", got=show(value), expected=_range(known.minimum, known.maximum)
        )


def _range(low: float | None, high: float | None) -> str:
    if low is None:
        return f"at most {high:g}"
    return f"at least {low:g}" if high is None else f"{low:g} to {high:g}"


def _placeholder_faults(draft: RuleDraft) -> Iterator[Fault]:
    """An exit criterion names its number by the fact; a fact that no check holds to a limit has none."""
    text = draft.text("work", "done_when") or ""
    names = [placed.item.fact for placed in draft.checks]
    if not draft.source.sound("checks") or not known_facts().keys() >= set(names):
        return
    for found in _PLACEHOLDER.finditer(text):
        if found[1] not in names:
            yield draft.fault(
                ("work", "done_when"),
                "the exit criterion names a fact that no check of this rule holds to a threshold",
                got=found[0],
                expected=alternatives(tuple(f"{{{name}}}" for name in dict.fromkeys(names))),
                suggestion=suggest(found[1], names),
            )
