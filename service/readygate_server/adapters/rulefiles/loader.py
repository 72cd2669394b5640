"""Loads a directory of rules: every ruleset in it, or every fault of every file at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from readygate_server.adapters.cel.engine import CelCompiler
from readygate_server.adapters.expressions import expressions_of
from readygate_server.adapters.fact_catalogue import fact_catalogue
from readygate_server.adapters.rulefiles.condition_faults import condition_faults
from readygate_server.adapters.rulefiles.digest import digest_of
from readygate_server.adapters.rulefiles.drafts import RuleDraft, draft_of
from readygate_server.adapters.rulefiles.fact_faults import fact_faults
from readygate_server.adapters.rulefiles.layering import Deviation
from readygate_server.adapters.rulefiles.ledger import edited_faults, ledger_faults
from readygate_server.adapters.rulefiles.level_faults import level_faults
from readygate_server.adapters.rulefiles.rule_faults import repeated_rules, rule_faults
from readygate_server.adapters.rulefiles.rulesets import Composed, Composer, Parts, Tiering, with_digest
from readygate_server.adapters.rulefiles.schema import RuleFile, RuleTestFile, TieringFile
from readygate_server.adapters.rulefiles.sources import LEDGER, SourceFile, Texts, read_sources
from readygate_server.adapters.rulefiles.test_file_faults import test_file_faults
from readygate_server.adapters.rulefiles.tiering_faults import tiering_faults
from readygate_server.adapters.rulefiles.work_faults import node_of_draft, node_of_rule, work_faults
from readygate_server.adapters.yaml_text import Document
from readygate_server.domain.faults import Fault, FaultsError, few_suggestions
from readygate_server.domain.rule import Rule, Ruleset


@dataclass(frozen=True, slots=True)
class LoadedTest:
    """The test file of one rule, with the places of its parts."""

    file: RuleTestFile
    document: Document


@dataclass(frozen=True, slots=True)
class LoadedRules:
    """Everything that a rules directory holds, free of faults."""

    rulesets: tuple[Ruleset, ...]
    tests: Mapping[str, LoadedTest]
    rules: Mapping[str, Rule]
    """Rules by the path of their file, without `.yaml`."""
    tierings: Mapping[str, Tiering]
    documents: Mapping[str, Document]
    deviations: Mapping[str, tuple[Deviation, ...]] = field(default_factory=dict)
    """What each ruleset changes in rules that it did not write, by name and version."""
    base: LoadedRules | None = None
    texts: Texts = field(default_factory=dict)
    """The files of this directory as they were read."""
    compiler: CelCompiler = field(default_factory=CelCompiler)
    """What has compiled the conditions of this directory, so that nobody needs to do it again."""

    @property
    def all_rulesets(self) -> tuple[Ruleset, ...]:
        """The rulesets of this directory and those below it."""
        return (*self.rulesets, *(self.base.all_rulesets if self.base else ()))

    def ruleset(self, name: str, version: str) -> Ruleset:
        """Returns one ruleset of this directory or below it; KeyError when there is none."""
        return _parts_of(self).rulesets[f"{name}@{version}"]


@few_suggestions(100)
def load_rulesets(
    directory: Path | Texts, *, base: Path | Texts | LoadedRules | None = None, tests: bool = True
) -> LoadedRules:
    """Loads the rulesets of a directory, or of texts by their paths in one.

    `base` holds the rulesets that those of the directory may extend; its own rulesets are loaded but not repeated.
    Without `tests` the tests of rules are left out, which is for rules that have passed them, as those that ship.

    Raises:
      FaultsError: with every fault of all files, sorted by file, line and column.
    """
    below = base if base is None or isinstance(base, LoadedRules) else load_rulesets(base)
    sources, faults = read_sources(directory, tests=tests)
    compiler = CelCompiler()
    drafts = [draft_of(source) for source in sources if source.shape is RuleFile]
    parts = _parts_of(below)
    faults += _rule_faults(drafts, parts, compiler)
    if tests:
        faults += test_file_faults([source for source in sources if source.shape is RuleTestFile], drafts)
    for source in sources:
        if isinstance(source.model, TieringFile):
            faults += tiering_faults(source, source.model, compiler)
    composer = Composer(sources, frozenset(fault.file for fault in faults), parts)
    composed = _digested(composer.compose(), compiler)
    ledger = next((source for source in sources if source.path == LEDGER), None)
    faults += [*composer.faults, *ledger_faults(ledger)]
    faults += edited_faults(ledger, [(each.source, each.ruleset.identity) for each in composed])
    if faults:
        raise FaultsError(faults)
    return LoadedRules(
        rulesets=tuple(each.ruleset for each in composed),
        tests=dict(_tests(sources)),
        rules=composer.rules,
        tierings=composer.tierings,
        documents={source.path: source.document for source in sources},
        deviations={_key(each.ruleset): each.deviations for each in composed},
        base=below,
        texts={source.path: source.text for source in sources},
        compiler=compiler,
    )


def _rule_faults(drafts: list[RuleDraft], parts: Parts, compiler: CelCompiler) -> Iterator[Fault]:
    for draft in drafts:
        yield from rule_faults(draft)
        yield from fact_faults(draft)
        yield from level_faults(draft)
        yield from condition_faults(draft, compiler)
    yield from repeated_rules(drafts)
    known = {rule.id: node_of_rule(rule, _nothing_to_report) for rule in parts.rules.values()}
    yield from work_faults([node_of_draft(draft) for draft in drafts if draft.id], known)


def _nothing_to_report(_: int, message: str, __: Mapping[str, str]) -> Fault:
    raise AssertionError(f"the rules below are sound, and yet: {message}")


def _digested(composed: Iterable[Composed], compiler: CelCompiler) -> tuple[Composed, ...]:
    return tuple(
        Composed(each.source, with_digest(each.ruleset, _digest(each.ruleset, compiler)), each.deviations)
        for each in composed
    )


def _digest(ruleset: Ruleset, compiler: CelCompiler) -> str:
    facts = {check.fact for rule in ruleset.rules for check in rule.checks}
    for expression, scope in expressions_of(ruleset):
        facts |= compiler.compile(expression, scope=scope).facts
    return digest_of(ruleset, facts, fact_catalogue())


def _tests(sources: list[SourceFile]) -> Iterator[tuple[str, LoadedTest]]:
    for source in sources:
        if isinstance(source.model, RuleTestFile):
            yield source.model.rule, LoadedTest(source.model, source.document)


def _parts_of(loaded: LoadedRules | None) -> Parts:
    """Returns everything of a directory and of those below it; what is nearer hides what is further."""
    if loaded is None:
        return Parts()
    further = _parts_of(loaded.base)
    return Parts(
        {**further.rules, **loaded.rules},
        {**further.tierings, **loaded.tierings},
        {**further.rulesets, **{_key(ruleset): ruleset for ruleset in loaded.rulesets}},
    )


def _key(ruleset: Ruleset) -> str:
    return f"{ruleset.identity.name}@{ruleset.identity.version}"
