"""Adjusts rules that somebody else wrote: tightening is free, loosening needs a recorded reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from readygate_server.adapters.rulefiles.compose import plain_value, provenance_of
from readygate_server.adapters.rulefiles.drafts import severities
from readygate_server.adapters.rulefiles.easing import easing_severities, easing_thresholds
from readygate_server.adapters.rulefiles.fact_faults import threshold_faults
from readygate_server.adapters.rulefiles.known_facts import known_facts
from readygate_server.adapters.rulefiles.schema import RuleAdjustment, RulesetFile
from readygate_server.adapters.rulefiles.sources import SourceFile
from readygate_server.adapters.yaml_text import Path
from readygate_server.domain.comparators import show
from readygate_server.domain.faults import Fault, suggest
from readygate_server.domain.rule import Check, Provenance, Requirement, Rule, Threshold
from readygate_server.domain.ruleset_diff import Change, ChangeKind, diff_rules
from readygate_server.domain.vocabulary import Gate, Tier


@dataclass(frozen=True, slots=True)
class Deviation:
    """What an adjustment changed, and why it was allowed to."""

    rule_id: str
    changes: tuple[Change, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Layered:
    """Rules after all adjustments, and what is wrong with those."""

    rules: Mapping[str, Rule]
    deviations: tuple[Deviation, ...]
    faults: tuple[Fault, ...]


def layer(source: SourceFile, file: RulesetFile, rules: Mapping[str, Rule], *, complete: bool) -> Layered:
    """Applies the adjustments of a ruleset file, one after the other.

    Where `complete` is false rules are left out for faults of their own, so that a rule that is not there may be one.
    """
    layered, deviations, faults = dict(rules), [], []
    for index, adjustment in enumerate(file.adjust):
        editor = _Editor(source, file, ("adjust", index), adjustment)
        rule = layered.get(adjustment.rule)
        if rule is None:
            if complete:
                faults.append(editor.no_such_rule(layered))
            continue
        after = editor.apply(rule)
        changes = _changes(rule, after)
        faults += [*editor.faults, *_unexplained(editor, changes)]
        deviations.append(Deviation(rule.id, changes, adjustment.reason or ""))
        if after is None:
            del layered[rule.id]
        else:
            layered[rule.id] = after
    return Layered(layered, tuple(deviations), tuple(faults))


class _Editor:
    """Applies one adjustment to one rule."""

    _WAIVING = ("waivable", "maximum_waiver_days", "waiver_quorum")

    def __init__(self, source: SourceFile, file: RulesetFile, path: Path, adjustment: RuleAdjustment) -> None:
        self.faults: list[Fault] = []
        self.adjustment = adjustment
        self._source = source
        self._path = path
        self._by = f"{file.name}@{file.version}"

    def fault(self, message: str, *below: str | int, got: str = "", expected: str = "", suggestion: str = "") -> Fault:
        """Returns a fault at a place of the adjustment."""
        document = self._source.document
        return document.fault((*self._path, *below), message, got=got, expected=expected, suggestion=suggestion)

    def no_such_rule(self, rules: Mapping[str, Rule]) -> Fault:
        """Returns the fault of an adjustment of a rule that is not there."""
        wanted = self.adjustment.rule
        return self.fault("the ruleset has no such rule", "rule", got=wanted, suggestion=suggest(wanted, rules))

    def apply(self, rule: Rule) -> Rule | None:
        """Returns the adjusted rule, or None when it is removed; what is at fault is left out."""
        wanted = self.adjustment
        judging = wanted.thresholds is not None or wanted.severity is not None or wanted.due is not None
        changed = judging or self._changes_waivers or bool(wanted.authors)
        if changed == (wanted.remove is True):
            got = "both" if changed else "neither"
            expected = "'thresholds', 'severity', 'due', something about waivers, or else 'remove: true'"
            self.faults.append(self.fault("an adjustment changes or removes", got=got, expected=expected))
            return rule
        rule = replace(rule, authors=rule.authors | set(wanted.authors))
        if wanted.check is None:
            return None if wanted.remove else self._waiving(self._whole(rule))
        for key in self._WAIVING:
            if getattr(wanted, key) is not None:
                self.faults.append(self.fault("a waiver is for a whole rule", key, expected="no 'check'"))
        return self._part(rule, wanted.check) if judging or wanted.remove else rule

    def _whole(self, rule: Rule) -> Rule:
        wanted = self.adjustment
        if wanted.thresholds is not None:
            names = " or ".join(check.id for check in rule.checks)
            self.faults.append(self.fault("thresholds belong to a check", "thresholds", expected=f"'check': {names}"))
        if wanted.severity is not None:
            rule = replace(rule, severity={**rule.severity, **severities(wanted.severity)})
            if rule.monotone:
                self._no_easing_severity(rule)
        if wanted.due is not None:
            rule = replace(rule, due=dict.fromkeys(Tier, Gate[wanted.due.upper()]))
        return rule

    @property
    def _changes_waivers(self) -> bool:
        return any(getattr(self.adjustment, key) is not None for key in self._WAIVING)

    def _waiving(self, rule: Rule) -> Rule:
        """Returns the rule with what the adjustment says of its waivers; what can not be waived never can again."""
        wanted = self.adjustment
        rule = replace(rule, waivable=rule.waivable and wanted.waivable is None)
        if not rule.waivable:
            for key in self._WAIVING[1:]:
                if getattr(wanted, key) is not None:
                    message = "the rule can not be waived, so there is nothing to adjust"
                    self.faults.append(self.fault(message, key, got=rule.id))
            return rule
        return replace(
            rule,
            maximum_waiver_days=wanted.maximum_waiver_days or rule.maximum_waiver_days,
            waiver_quorum=wanted.waiver_quorum or rule.waiver_quorum,
        )

    def _part(self, rule: Rule, part_id: str) -> Rule:
        ids = [*(check.id for check in rule.checks), *(part.id for part in rule.requirements)]
        if part_id not in ids:
            suggestion = suggest(part_id, ids)
            self.faults.append(self.fault("the rule has no such check", "check", got=part_id, suggestion=suggestion))
            return rule
        if self.adjustment.remove and len(ids) == 1:
            self.faults.append(self.fault("nothing would be left of the rule; remove the rule", "check", got=part_id))
            return rule
        checks = [check if check.id != part_id else self._check(check, rule) for check in rule.checks]
        requirements = [part if part.id != part_id else self._requirement(part) for part in rule.requirements]
        return replace(
            rule,
            checks=tuple(check for check in checks if check is not None),
            requirements=tuple(part for part in requirements if part is not None),
        )

    def _check(self, check: Check, rule: Rule) -> Check | None:
        wanted = self.adjustment
        if wanted.remove:
            return None
        if wanted.thresholds is not None:
            check = self._with_thresholds(check)
            if rule.monotone:
                self._no_easing_thresholds(check)
        if wanted.severity is not None:
            check = replace(check, severity={**(check.severity or {}), **severities(wanted.severity)})
        return replace(check, due=Gate[wanted.due.upper()]) if wanted.due else check

    def _requirement(self, requirement: Requirement) -> Requirement | None:
        wanted = self.adjustment
        if wanted.remove:
            return None
        if wanted.thresholds is not None:
            self.faults.append(self.fault("a requirement has no thresholds", "thresholds", got=requirement.id))
        if wanted.severity is not None:
            levels = {**(requirement.severity or {}), **severities(wanted.severity)}
            requirement = replace(requirement, severity=levels)
        return replace(requirement, due=Gate[wanted.due.upper()]) if wanted.due else requirement

    def _with_thresholds(self, check: Check) -> Check:
        known, document = known_facts()[check.fact], self._source.document
        limits = dict(check.thresholds)
        for tier, value in (self.adjustment.thresholds or {}).items():
            place = (*self._path, "thresholds", tier)
            faults = list(threshold_faults(document, place, known, check.comparator, value))
            self.faults += faults
            if not faults:
                limits[Tier[tier]] = Threshold(plain_value(value), self._provenance())
        return replace(check, thresholds=dict(sorted(limits.items())))

    def _provenance(self) -> Provenance:
        """Who chose the number: what is stated, else the reason, else the ruleset that tightened it."""
        if self.adjustment.provenance is not None:
            return provenance_of(self.adjustment.provenance)
        return Provenance(judgement=self.adjustment.reason or f"Tightened by {self._by}.")

    def _no_easing_thresholds(self, check: Check) -> None:
        limits = {tier: limit.value for tier, limit in check.thresholds.items()}
        for lower, higher in easing_thresholds(check.comparator, limits):
            got = f"{show(limits[lower])} at {lower.name}, {show(limits[higher])} at {higher.name}"
            message = f"the threshold eases from {lower.name} to {higher.name}"
            self.faults.append(self.fault(message, "thresholds", got=got))

    def _no_easing_severity(self, rule: Rule) -> None:
        for lower, higher in easing_severities(rule.severity):
            got = f"{rule.severity[lower].name.lower()} at {lower.name}, {rule.severity[higher].name.lower()}"
            message = f"the severity eases from {lower.name} to {higher.name}"
            self.faults.append(self.fault(message, "severity", got=f"{got} at {higher.name}"))


def _changes(before: Rule, after: Rule | None) -> tuple[Change, ...]:
    if after is None:
        return (Change(before.id, "", before.title, "", ChangeKind.LOOSENED),)
    return diff_rules(before, after)


def _unexplained(editor: _Editor, changes: tuple[Change, ...]) -> Iterator[Fault]:
    if editor.adjustment.reason is not None:
        return
    for change in changes:
        if change.kind in (ChangeKind.LOOSENED, ChangeKind.MIXED):
            does = "loosens" if change.kind is ChangeKind.LOOSENED else "may loosen"
            yield editor.fault(
                f"this {does} {change.rule_id}{f' {change.path}' if change.path else ''}",
                *_place(editor.adjustment, change),
                got=f"{change.before} to {change.after or 'nothing'}",
                expected="a 'reason'",
            )


def _place(adjustment: RuleAdjustment, change: Change) -> tuple[str, ...]:
    """Returns the key of the adjustment that caused a change."""
    last = change.path.rpartition(".")[2]
    if adjustment.remove:
        return ("remove",)
    if change.path in ("maximum_waiver_days", "waiver_quorum"):
        return (change.path,)
    if "severity." in change.path:
        return ("severity", last)
    return ("thresholds", last) if adjustment.thresholds and last in adjustment.thresholds else ("due",)
