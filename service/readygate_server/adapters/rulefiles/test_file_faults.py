"""Faults of rule tests that show without running them: which rule they are of, and what they name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Final

from readygate_server.adapters.rulefiles.drafts import RuleDraft
from readygate_server.adapters.rulefiles.schema import RuleTestFile
from readygate_server.adapters.rulefiles.sources import SourceFile
from readygate_server.adapters.yaml_text import Path
from readygate_server.domain.faults import Fault, suggest

_ENDING: Final = ".yaml"
_SUFFIX: Final = "_test"


def test_file_faults(tests: Sequence[SourceFile], drafts: Sequence[RuleDraft]) -> Iterator[Fault]:
    """Yields a fault for each rule without a test, and what is wrong with those that there are."""
    rules = {draft.id: draft for draft in drafts}
    # A rule whose id is wrong is at fault itself; its test then is not.
    beside_rules = {draft.source.path.removesuffix(_ENDING) + f"{_SUFFIX}{_ENDING}" for draft in drafts}
    places = {source.path for source in tests}
    for draft in drafts:
        beside = draft.source.path.removesuffix(_ENDING) + f"{_SUFFIX}{_ENDING}"
        if beside not in places:
            yield Fault(draft.source.path, 1, 1, "the rule has no test", expected=beside)
    for source in tests:
        yield from _file_faults(source, rules, has_rule=source.path in beside_rules)


def _file_faults(source: SourceFile, rules: Mapping[str, RuleDraft], *, has_rule: bool) -> Iterator[Fault]:
    stem = PurePosixPath(source.path).stem.removesuffix(_SUFFIX)
    rule_id = source.data.get("rule")
    if isinstance(rule_id, str) and source.sound("rule") and rule_id != stem:
        yield source.document.fault(("rule",), "the test is not named after its rule", got=rule_id, expected=stem)
    elif rule_id == stem and rule_id not in rules and not has_rule:
        suggestion = suggest(stem, rules)
        yield source.document.fault(("rule",), "there is no such rule", got=stem, suggestion=suggestion)
    if isinstance(source.model, RuleTestFile) and source.model.rule in rules:
        yield from _threshold_faults(source, source.model, rules[source.model.rule])
        yield from _repeated_cases(source, source.model)


def _threshold_faults(source: SourceFile, test: RuleTestFile, draft: RuleDraft) -> Iterator[Fault]:
    checks = {placed.item.id: placed.item for placed in draft.checks}
    if draft.source.model is None and not (checks and draft.source.sound("checks")):
        return
    for index, entry in enumerate(test.thresholds):
        if entry.check not in checks:
            path: Path = ("thresholds", index, "check")
            yield source.document.fault(
                path, "the rule has no such check", got=entry.check, suggestion=suggest(entry.check, checks)
            )


def _repeated_cases(source: SourceFile, test: RuleTestFile) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, case in enumerate(test.cases):
        if case.name in seen:
            yield source.document.fault(("cases", index, "name"), "another case has this name", got=case.name)
        seen.add(case.name)
