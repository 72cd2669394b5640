"""Composes rulesets out of rule files, of a tiering, and of the ruleset that they extend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from readygate_server.adapters.rulefiles.compose import axes_of, narrowing_of, rule_of
from readygate_server.adapters.rulefiles.layering import Deviation, layer
from readygate_server.adapters.rulefiles.rule_faults import date_faults
from readygate_server.adapters.rulefiles.schema import RuleFile, RulesetFile, TieringFile
from readygate_server.adapters.rulefiles.sources import SourceFile
from readygate_server.adapters.rulefiles.work_faults import WorkNode, late_faults, node_of_rule
from readygate_server.adapters.yaml_text import Path
from readygate_server.domain.faults import Fault, suggest
from readygate_server.domain.rule import NarrowTo, Rule, Ruleset, RulesetIdentity, TierAxis
from readygate_server.domain.vocabulary import Tier

_SUFFIX = ".yaml"


@dataclass(frozen=True, slots=True)
class Tiering:
    """How the tier follows, and what proposals are narrowed to."""

    axes: tuple[TierAxis, ...]
    narrow_to: Mapping[Tier, tuple[NarrowTo, ...]]


@dataclass(frozen=True, slots=True)
class Parts:
    """What rulesets can be composed of: rules and tierings by their paths, rulesets by name and version."""

    rules: Mapping[str, Rule] = field(default_factory=dict)
    tierings: Mapping[str, Tiering] = field(default_factory=dict)
    rulesets: Mapping[str, Ruleset] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Composed:
    """A ruleset without its digest, and how it deviates from the one that it extends."""

    source: SourceFile
    ruleset: Ruleset
    deviations: tuple[Deviation, ...]


class Composer:
    """Composes the rulesets of one directory, over what lies below it; gathers faults instead of stopping at one."""

    def __init__(self, sources: list[SourceFile], faulty: frozenset[str], base: Parts) -> None:
        """Takes the files of the directory, and the paths of those that have faults."""
        self.faults: list[Fault] = []
        self._base = base
        self._files = {source.path: source for source in sources}
        flawless = [source for source in sources if source.path not in faulty]
        self.rules = _sound_rules(flawless)
        self.tierings = _sound_tierings(flawless)
        self._rulesets: dict[str, SourceFile] = {}
        self._done: dict[str, Composed | None] = {}
        for source in sources:
            if source.shape is RulesetFile:
                self._register(source)

    def compose(self) -> tuple[Composed, ...]:
        """Returns all rulesets that are sound, by name and version."""
        for name in sorted(self._rulesets):
            self._compose(name, ())
        return tuple(composed for _, composed in sorted(self._done.items()) if composed is not None)

    def _register(self, source: SourceFile) -> None:
        self.faults.extend(date_faults(source))
        name, version = source.data.get("name"), source.data.get("version")
        key = f"{name}@{version}" if source.sound("name") and source.sound("version") else source.path
        other = self._rulesets.setdefault(key, source)
        if other is not source:
            self.faults.append(
                source.document.fault(("version",), f"{other.path} has this name and version as well", got=key)
            )
        elif key in self._base.rulesets:
            message = "the rules below have a ruleset of this name and version already"
            self.faults.append(source.document.fault(("version",), message, got=key))

    def _compose(self, key: str, waiting: tuple[str, ...]) -> Composed | None:
        if key not in self._done:
            source = self._rulesets[key]
            file = _sound_part(source)
            self._done[key] = None if file is None else self._composed(source, file, (*waiting, key))
        return self._done[key]

    def _composed(self, source: SourceFile, file: RulesetFile, waiting: tuple[str, ...]) -> Composed | None:
        extended, sound = self._extended(source, file, waiting)
        if sound:
            self.faults.extend(self._taken_name(source, file))
        listed, complete = self._listed(source, file, extended)
        tiering = self._tiering(source, file, extended)
        days = self._valid_days(source, file, extended)
        complete = complete and sound
        layered = layer(source, file, listed, complete=complete)
        self.faults.extend(layered.faults)
        if complete and not layered.rules:
            self.faults.append(_fault(source, ("rules",), "the ruleset has no rules", expected="at least one rule"))
        self.faults.extend(_late(source, file, layered.rules))
        if not complete or tiering is None or days is None or source.model is None:
            return None
        identity = RulesetIdentity(
            name=file.name,
            version=file.version,
            digest="",
            channel=file.channel,
            effective_from=file.effective_from,
            effective_until=file.effective_until or "",
            summary=file.summary,
        )
        rules = tuple(rule for _, rule in sorted(layered.rules.items()))
        return Composed(source, Ruleset(identity, rules, tiering.axes, tiering.narrow_to, days), layered.deviations)

    def _extended(self, source: SourceFile, file: RulesetFile, waiting: tuple[str, ...]) -> tuple[Ruleset | None, bool]:
        """Returns the ruleset that is extended, if any, and whether all is well with it."""
        wanted = file.extends
        if wanted is None:
            return None, True
        if wanted in waiting:
            got = " extends ".join((*waiting[waiting.index(wanted) :], wanted))
            self.faults.append(_fault(source, ("extends",), "the ruleset extends itself", got=got))
        elif wanted in self._rulesets:
            composed = self._compose(wanted, waiting)
            return (composed.ruleset, True) if composed else (None, False)
        elif wanted in self._base.rulesets:
            return self._base.rulesets[wanted], True
        else:
            suggestion = suggest(wanted, [*self._rulesets, *self._base.rulesets])
            message = "there is no such ruleset"
            self.faults.append(_fault(source, ("extends",), message, got=wanted, suggestion=suggestion))
        return None, False

    def _taken_name(self, source: SourceFile, file: RulesetFile) -> Iterator[Fault]:
        """Yields a fault when a ruleset takes a name from below without resting on it: it would loosen unseen."""
        below = [key for key, ruleset in self._base.rulesets.items() if ruleset.identity.name == file.name]
        if below and self._foundation(file.extends or "") not in below:
            message = "a ruleset below has this name, and this one does not extend it"
            expected = f"a name of its own, or 'extends: {max(below, key=_version)}'"
            yield _fault(source, ("name",), message, got=file.name, expected=expected)

    def _foundation(self, key: str) -> str:
        """Returns the first ruleset outside of this directory that a ruleset extends, through others or not."""
        passed: set[str] = set()
        while key in self._rulesets and key not in passed:
            passed.add(key)
            key = str(self._rulesets[key].data.get("extends"))
        return key

    def _listed(self, source: SourceFile, file: RulesetFile, extended: Ruleset | None) -> tuple[dict[str, Rule], bool]:
        """Returns the rules of the ruleset before any adjustment, and whether none is left out for a fault."""
        rules = {rule.id: rule for rule in extended.rules} if extended else {}
        complete = True
        for index, reference in enumerate(file.rules):
            path: Path = ("rules", index)
            rule = self.rules.get(reference) or self._base.rules.get(reference)
            if rule is None:
                complete = False
                if f"{reference}{_SUFFIX}" not in self._files:
                    self.faults.append(self._no_such_file(source, path, reference))
            elif rule.id in rules:
                message = f"the ruleset has the rule {rule.id} already; 'adjust' changes it"
                self.faults.append(_fault(source, path, message, got=reference))
            else:
                rules[rule.id] = rule
        return rules, complete

    def _no_such_file(self, source: SourceFile, path: Path, reference: str) -> Fault:
        references = [*self.rules, *self._base.rules]
        suggestion = suggest(reference.removesuffix(_SUFFIX), references)
        expected = "a path without .yaml" if reference.endswith(_SUFFIX) else ""
        return _fault(
            source, path, "there is no such rule file", got=reference, expected=expected, suggestion=suggestion
        )

    def _tiering(self, source: SourceFile, file: RulesetFile, extended: Ruleset | None) -> Tiering | None:
        inherited = Tiering(extended.axes, extended.narrow_to) if extended else None
        if file.tiering is None:
            if file.extends is None:
                expected = "'tiering', the path of a tiering file"
                self.faults.append(_fault(source, (), "the ruleset has no tiering", expected=expected))
            return inherited
        found = self.tierings.get(file.tiering) or self._base.tierings.get(file.tiering)
        if found is None:
            if file.tiering not in self._files:
                suggestion = suggest(file.tiering, [*self.tierings, *self._base.tierings])
                message = "there is no such tiering file"
                self.faults.append(_fault(source, ("tiering",), message, got=file.tiering, suggestion=suggestion))
        elif inherited is not None and found != inherited and file.reason is None:
            message = "another tiering than that of the extended ruleset may loosen it"
            self.faults.append(_fault(source, ("tiering",), message, got=file.tiering, expected="a 'reason'"))
        return found

    def _valid_days(self, source: SourceFile, file: RulesetFile, extended: Ruleset | None) -> int | None:
        if file.verdict_valid_days is None:
            if file.extends is None:
                expected = "'verdict_valid_days'"
                self.faults.append(
                    _fault(source, (), "the ruleset does not say how long a verdict holds", expected=expected)
                )
            return extended.verdict_valid_days if extended else None
        if extended and file.verdict_valid_days > extended.verdict_valid_days and file.reason is None:
            message = "verdicts that hold for longer than those of the extended ruleset loosen it"
            got = f"{extended.verdict_valid_days} to {file.verdict_valid_days}"
            self.faults.append(_fault(source, ("verdict_valid_days",), message, got=got, expected="a 'reason'"))
        return file.verdict_valid_days


def with_digest(ruleset: Ruleset, digest: str) -> Ruleset:
    """Returns the ruleset with its digest."""
    return replace(ruleset, identity=replace(ruleset.identity, digest=digest))


def _version(key: str) -> tuple[int, ...]:
    return tuple(int(part) for part in key.rpartition("@")[2].split("."))


def _fault(
    source: SourceFile, path: Path, message: str, *, got: str = "", expected: str = "", suggestion: str = ""
) -> Fault:
    return source.document.fault(path, message, got=got, expected=expected, suggestion=suggestion)


def _sound_rules(sources: list[SourceFile]) -> dict[str, Rule]:
    return {
        source.path.removesuffix(_SUFFIX): rule_of(source.model)
        for source in sources
        if isinstance(source.model, RuleFile)
    }


def _sound_tierings(sources: list[SourceFile]) -> dict[str, Tiering]:
    return {
        source.path: Tiering(axes_of(source.model), narrowing_of(source.model))
        for source in sources
        if isinstance(source.model, TieringFile)
    }


def _sound_part(source: SourceFile) -> RulesetFile | None:
    """Returns the ruleset file, without those keys at fault that it can be read without."""
    if isinstance(source.model, RulesetFile):
        return source.model
    sound = {key: value for key, value in source.data.items() if source.sound(key)}
    required = {name for name, info in RulesetFile.model_fields.items() if info.is_required()}
    return RulesetFile.model_validate(sound) if required <= sound.keys() else None


def _late(source: SourceFile, file: RulesetFile, rules: Mapping[str, Rule]) -> Iterator[Fault]:
    """Yields the faults that adjusted gates and severities make of the order of work."""
    places: dict[str, Path] = {adjustment.rule: ("adjust", index) for index, adjustment in enumerate(file.adjust)}

    def node(rule: Rule, place: Path) -> WorkNode:
        def report(_: int, message: str, details: Mapping[str, Any]) -> Fault:
            return source.document.fault(place, f"{rule.id}: {message}", **details)

        return node_of_rule(rule, report)

    for rule in rules.values():
        for index, prerequisite in enumerate(rule.work.after):
            place = places.get(rule.id) or places.get(prerequisite)
            if place is not None and prerequisite in rules:
                yield from late_faults(node(rule, place), index, node(rules[prerequisite], place))
