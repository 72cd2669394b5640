"""Findings for people: observed against required, what it rests on, and who chose the threshold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from readygate.v1 import decision_pb2 as pb
from readygate.v1.ruleset_pb2 import Provenance, Severity
from readygate_server.adapters.words import gate_name, outcome_name, value_text, without_subject
from readygate_server.web.report.evidence import Backing

_MARKS: Final = {
    pb.OUTCOME_SATISFIED: ("met", "✔", "holds"),
    pb.OUTCOME_VIOLATED: ("failed", "✖", "fails"),
    pb.OUTCOME_UNKNOWN: ("unknown", "?", "not known"),
    pb.OUTCOME_STALE: ("unknown", "⌛", "evidence too old"),
    pb.OUTCOME_WAIVED: ("waived", "⚑", "waived"),
    pb.OUTCOME_NOT_APPLICABLE: ("off", "⊘", "does not apply"),
    pb.OUTCOME_NOT_DUE: ("off", "→", "due later"),
}
_WORST_FIRST: Final = (pb.OUTCOME_VIOLATED, pb.OUTCOME_UNKNOWN, pb.OUTCOME_STALE, pb.OUTCOME_SATISFIED)


class Mark(NamedTuple):
    """An outcome as a class of the style sheet, a character and a word, so that no colour is needed to tell it."""

    kind: str
    sign: str
    word: str


class Comparison(NamedTuple):
    """A comparison with what was required, of all facts of a finding for which it came out alike."""

    mark: Mark
    facts: tuple[str, ...]
    observed: str
    required: str
    rests_on: str
    due: str
    chosen: str
    """`source` or `judgement`; empty when nobody says."""
    chosen_by: str
    citation: str


class ItemLink(NamedTuple):
    """The work item that closes a finding."""

    id: str
    anchor: str


class FindingView(NamedTuple):
    """Outcome of one rule for one subject."""

    anchor: str
    rule_id: str
    subject: str
    title: str
    mark: Mark
    severity: str
    due: str
    foundation: str
    message: str
    comparisons: tuple[Comparison, ...]
    missing: tuple[str, ...]
    references: tuple[str, ...]
    waiver_id: str
    item: ItemLink | None


class Findings(NamedTuple):
    """All findings, each in one place."""

    blocks: tuple[FindingView, ...]
    conditions: tuple[FindingView, ...]
    advises: tuple[FindingView, ...]
    other: tuple[FindingView, ...]
    """Failed or unknown, and yet without an effect: what rests on it has the effect."""
    met: tuple[FindingView, ...]
    not_due: tuple[FindingView, ...]
    not_applicable: tuple[FindingView, ...]


def findings_view(
    decision: pb.Decision, items: Mapping[tuple[str, str], ItemLink], backing: Backing, key: str
) -> Findings:
    """Returns the findings by what they do to the verdict."""
    shown = [
        (finding, _finding(finding, f"{key}-f{number}", items, backing))
        for number, finding in enumerate(decision.findings, 1)
    ]

    def those(which: Callable[[pb.Finding], bool]) -> tuple[FindingView, ...]:
        return tuple(view for finding, view in shown if which(finding))

    return Findings(
        those(lambda each: each.effect == pb.EFFECT_BLOCKS),
        those(lambda each: each.effect == pb.EFFECT_CONDITIONS),
        those(lambda each: each.effect == pb.EFFECT_ADVISES),
        those(lambda each: each.effect not in _EFFECTIVE and each.outcome not in _SETTLED),
        those(lambda each: each.effect not in _EFFECTIVE and each.outcome == pb.OUTCOME_SATISFIED),
        those(lambda each: each.effect not in _EFFECTIVE and each.outcome == pb.OUTCOME_NOT_DUE),
        those(lambda each: each.effect not in _EFFECTIVE and each.outcome == pb.OUTCOME_NOT_APPLICABLE),
    )


_EFFECTIVE: Final = (pb.EFFECT_BLOCKS, pb.EFFECT_CONDITIONS, pb.EFFECT_ADVISES)
_SETTLED: Final = (pb.OUTCOME_SATISFIED, pb.OUTCOME_NOT_DUE, pb.OUTCOME_NOT_APPLICABLE)


def _finding(
    finding: pb.Finding, anchor: str, items: Mapping[tuple[str, str], ItemLink], backing: Backing
) -> FindingView:
    return FindingView(
        anchor,
        finding.rule_id,
        finding.subject,
        finding.title,
        mark_of(finding.outcome),
        Severity.Name(finding.severity).removeprefix("SEVERITY_").lower(),
        gate_name(finding.due),
        finding.foundation,
        finding.message,
        tuple(_comparisons(finding, backing)),
        tuple(_missing(finding)),
        tuple(finding.references),
        finding.waiver_id,
        items.get((finding.rule_id, finding.subject)),
    )


def _missing(finding: pb.Finding) -> Iterable[str]:
    """Returns the facts that are missing and that no comparison names."""
    compared = {each.fact for each in finding.observations}
    missing = dict.fromkeys(without_subject(path, finding.subject) for path in finding.missing_facts)
    return (path for path in missing if path not in compared)


def mark_of(outcome: int) -> Mark:
    """Returns how an outcome is shown."""
    found = _MARKS.get(outcome)  # type: ignore[call-overload]  # any number
    return Mark(*found) if found else Mark("unknown", "?", outcome_name(outcome))


def _comparisons(finding: pb.Finding, backing: Backing) -> Iterable[Comparison]:
    """Yields comparisons, what fails first; those that differ in nothing but the fact stand together."""
    ranks = {outcome: rank for rank, outcome in enumerate(_WORST_FIRST)}
    alike: dict[Comparison, dict[str, None]] = {}
    for each in sorted(finding.observations, key=lambda each: ranks.get(each.outcome, len(ranks))):
        facts = alike.setdefault(_comparison(each, finding.subject, backing), {})
        facts.update({each.fact: None} if each.fact else {})
    return (compared._replace(facts=tuple(facts)) for compared, facts in alike.items())


def _comparison(each: pb.Observation, subject: str, backing: Backing) -> Comparison:
    """Returns a comparison without its fact."""
    return Comparison(
        mark_of(each.outcome),
        (),
        value_text(each.observed, each.unit) if each.HasField("observed") else "not known" if each.fact else "",
        each.required,
        backing.of(each.fact, subject) if each.HasField("observed") else "",
        gate_name(each.due),
        *_chosen(each.provenance),
    )


def _chosen(provenance: Provenance) -> tuple[str, str, str]:
    kind = provenance.WhichOneof("origin") or ""
    return kind, getattr(provenance, kind) if kind else "", provenance.citation
