"""Faults of what a rule says per tier: gaps, numbers without provenance, and demands that ease as the stakes rise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from readygate_server.adapters.rulefiles.compose import thresholds_by_tier
from readygate_server.adapters.rulefiles.drafts import Placed, RuleDraft, severities
from readygate_server.adapters.rulefiles.easing import easing_severities, easing_thresholds
from readygate_server.adapters.rulefiles.schema import Check, Provenance, Requirement
from readygate_server.adapters.rulefiles.shape_faults import show
from readygate_server.adapters.yaml_text import Path
from readygate_server.domain.faults import Fault
from readygate_server.domain.ruleset_diff import ChangeKind, compare_thresholds
from readygate_server.domain.vocabulary import Gate, Severity, Tier


def level_faults(draft: RuleDraft) -> Iterator[Fault]:
    """Yields the faults of severities, gates, thresholds and provenance per tier."""
    yield from _gaps(draft)
    for part in draft.parts:
        yield from _part_faults(draft, part)
    for placed in draft.checks:
        yield from _provenance_faults(draft, placed)
    if draft.value("monotone") is not False:
        yield from _easing(draft)


def _gaps(draft: RuleDraft) -> Iterator[Fault]:
    severity, due = draft.severity, draft.due
    if severity is not None and (absent := [tier.name for tier in Tier if tier not in severity]):
        expected = "a severity for each of T1 to T4"
        yield draft.fault(("severity",), f"no severity for {', '.join(absent)}", expected=expected, at_key=True)
    if due is not None and severity is not None:
        asked = [tier for tier in Tier if severity.get(tier, Severity.NONE) is not Severity.NONE]
        if absent := [tier.name for tier in asked if tier not in due]:
            yield draft.fault(("due",), f"no gate for {', '.join(absent)}", at_key=True)


def _part_faults(draft: RuleDraft, part: Placed[Check] | Placed[Requirement]) -> Iterator[Fault]:
    own = Gate[part.item.due.upper()] if part.item.due else None
    if own is not None and draft.due and own < min(draft.due.values()):
        first = min(draft.due.values()).name.lower()
        yield draft.fault(
            (*part.path, "due"),
            "a part can not be due before its rule",
            got=own.name.lower(),
            expected=f"{first} or later",
        )
    if isinstance(part.item, Requirement) and not part.item.tiers:
        yield draft.fault((*part.path, "tiers"), "the requirement is asked at no tier")


def _provenance_faults(draft: RuleDraft, placed: Placed[Check]) -> Iterator[Fault]:
    provenance = placed.item.provenance
    if isinstance(provenance, Provenance) or "default" in provenance:
        return
    unfounded = [tier.name for tier in thresholds_by_tier(placed.item) if tier.name not in provenance]
    if unfounded:
        yield draft.fault(
            (*placed.path, "provenance"),
            f"no provenance for the threshold of {', '.join(unfounded)}",
            expected="'source' with 'citation', or 'judgement', for each tier or as 'default'",
            at_key=True,
        )


def _easing(draft: RuleDraft) -> Iterator[Fault]:
    if draft.severity is not None:
        yield from _easing_severities(draft, ("severity",), draft.severity)
    for item in draft.severity_when:
        yield from _easing_severities(draft, (*item.path, "severity"), severities(item.item.severity))
    for part in draft.parts:
        if part.item.severity is not None:
            yield from _easing_severities(draft, (*part.path, "severity"), severities(part.item.severity))
    for placed in draft.checks:
        yield from _easing_thresholds(draft, placed)


def _easing_severities(draft: RuleDraft, path: Path, levels: Mapping[Tier, Severity]) -> Iterator[Fault]:
    for lower, higher in easing_severities(levels):
        yield draft.fault(
            (*path, higher.name),
            f"the severity eases from {lower.name} to {higher.name}",
            got=levels[higher].name.lower(),
            expected=f"at least {levels[lower].name.lower()}, or 'monotone: false'",
        )


def _easing_thresholds(draft: RuleDraft, placed: Placed[Check]) -> Iterator[Fault]:
    check, limits = placed.item, thresholds_by_tier(placed.item)
    path = (*placed.path, check.comparator)
    for lower, higher in easing_thresholds(check.comparator, limits):
        yield draft.fault(
            (*path, higher.name),
            f"the threshold eases from {lower.name} to {higher.name}",
            got=show(limits[higher]),
            expected=f"{show(limits[lower])} or stricter, or 'monotone: false'",
        )
    tiers = sorted(limits)
    for tier in Tier:
        if (
            tiers
            and tier > tiers[0]
            and tier not in limits
            and _asked(draft, tier)
            and not _replaced(draft, check, tier)
        ):
            yield draft.fault(
                path,
                f"{check.fact} is held to a threshold at {tiers[0].name} and to none at {tier.name}",
                expected=f"a threshold for {tier.name}, or 'monotone: false'",
                at_key=True,
            )


def _asked(draft: RuleDraft, tier: Tier) -> bool:
    return draft.severity is not None and draft.severity.get(tier, Severity.NONE) is not Severity.NONE


def _replaced(draft: RuleDraft, check: Check, tier: Tier) -> bool:
    """True when another check holds the fact at least as tight, or a requirement takes over; it can not be compared."""
    limits = thresholds_by_tier(check)
    last = limits[max(each for each in limits if each < tier)]
    others = [each.item for each in draft.checks if each.item is not check and each.item.fact == check.fact]
    at_tier = [limits[tier] for limits in map(thresholds_by_tier, others) if tier in limits]
    if any(compare_thresholds(check.comparator, last, limit) is not ChangeKind.LOOSENED for limit in at_tier):
        return True
    first = min(limits).name
    return any(tier.name in placed.item.tiers and first not in placed.item.tiers for placed in draft.requirements)
