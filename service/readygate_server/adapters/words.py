"""Words for parts of a reply: verdicts, gates, tiers, ranges, values and facts, as people write them."""

from __future__ import annotations

from readygate.v1 import decision_pb2 as pb
from readygate.v1 import evidence_pb2, gate_pb2, ruleset_pb2

_THOUSAND = 1_000
UNITS_LEFT_OUT = frozenset({"ratio", "date"})
"""Units that say nothing that the value does not."""


def ways_title(verdict: int) -> str:
    """Returns what stands over the ways to a yes; who has one is told what more there is."""
    is_yes = verdict in (pb.VERDICT_GO, pb.VERDICT_GO_WITH_CONDITIONS)
    return "What else passes as things stand, or after work" if is_yes else "The way to yes"


def verdict_name(verdict: int) -> str:
    """Returns GO, GO_WITH_CONDITIONS, NO_GO or UNDETERMINED."""
    return pb.Verdict.Name(verdict).removeprefix("VERDICT_")  # type: ignore[arg-type]  # any number of the enum


def outcome_name(outcome: int) -> str:
    """Returns violated, unknown, stale and so on."""
    return pb.Outcome.Name(outcome).removeprefix("OUTCOME_").lower()  # type: ignore[arg-type]  # any number of the enum


def gate_name(gate: int) -> str:
    """Returns commit, pilot or production."""
    return gate_pb2.Gate.Name(gate).removeprefix("GATE_").lower()  # type: ignore[arg-type]  # any number of the enum


def tier_word(tier: int) -> str:
    """Returns a tier with its word, such as `T3 act`."""
    name = ruleset_pb2.Tier.Name(tier).removeprefix("TIER_")  # type: ignore[arg-type]  # any number of the enum
    number, _, word = name.partition("_")
    return f"{number} {word.lower()}"


def tier_name(tier: pb.TierAssignment) -> str:
    """Returns the tier and what set it; says when it is only a floor."""
    least = "at least " if tier.is_floor else ""
    return f"{least}tier {tier_word(tier.tier)} (set by {', '.join(tier.set_by)})"


def effort_text(effort: ruleset_pb2.EffortRange) -> str:
    """Returns a range of person-weeks, such as `2-8`."""
    return _range(effort.min_person_weeks, effort.max_person_weeks)


def weeks_text(weeks: ruleset_pb2.WaitRange) -> str:
    """Returns a range of weeks."""
    return _range(weeks.min_weeks, weeks.max_weeks)


def _range(low: float, high: float) -> str:
    return _number(low) if low == high else f"{_number(low)}-{_number(high)}"


def _number(number: float) -> str:
    """Returns three digits; all of those before the point, as nobody reads 1.68e+03 weeks."""
    return f"{number:.3g}" if number < _THOUSAND else f"{number:,.0f}"


def counted(number: int, word: str) -> str:
    """Returns a number with its word, such as `1 wave` or `2 waves`."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def value_text(value: evidence_pb2.FactValue, unit: str = "") -> str:
    """Returns a fact value as people write it, with its unit where that says something."""
    said = f" {unit}" if unit and unit not in UNITS_LEFT_OUT else ""
    return _bare_value(value) + said


def _bare_value(value: evidence_pb2.FactValue) -> str:
    kind = value.WhichOneof("kind")
    if kind == "names":
        return ", ".join(value.names.members) or "none"
    if kind == "flag":
        return "true" if value.flag else "false"
    return f"{value.number:.10g}" if kind == "number" else str(getattr(value, kind)) if kind else "unknown"


def fact_path(fact: str, subject: str) -> str:
    """Returns a fact with its asset, such as `source[crm].completeness`."""
    group, _, rest = fact.partition(".")
    return f"{group}[{subject}].{rest}" if subject else fact


def without_subject(text: str, subject: str) -> str:
    """Returns a text in which facts of the asset are written without it: what surrounds the text names the asset."""
    return text.replace(f"[{subject}].", ".") if subject else text
