"""Proposals and values to test with."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from readygate.v1.evidence_pb2 import Evidence
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.paths import set_fact
from readygate_server.adapters.proposals.values import bounds_of, to_wire
from readygate_server.adapters.proposals.vocabulary import UNKNOWN, FactField, Kind, fact_fields
from readygate_server.domain.facts import FactRef, FactValue
from readygate_server.domain.vocabulary import Scope

SUBJECTS = {Scope.DEPLOYMENT: "", Scope.SOURCE: "crm", Scope.API: "orders", Scope.WORKFLOW: "refunds"}
VALUED = [
    field for field in fact_fields().values() if field.in_proposal and field.kind not in (Kind.WHOLE, Kind.MOMENT)
]
"""Everything that can have a value of its own: facts, parts and attributes."""

_WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=12)
_IDS = st.text("abcdefghijklmnopqrstuvwxyz0123456789._-", min_size=1, max_size=63)


def bare_proposal() -> Proposal:
    """Returns a proposal with one data source, one API and one workflow that states no fact."""
    proposal = Proposal(id="refund-agent", title="Refund agent")
    proposal.data_sources.add(id="crm", title="Customer records")
    proposal.apis.add(id="orders", title="Order API")
    proposal.workflows.add(id="refunds", title="Refunds")
    return proposal


def ref_of(field: FactField) -> FactRef:
    """Returns the fact for the asset that `bare_proposal` has."""
    return FactRef(field.name, SUBJECTS[field.scope])


def values_of(field: FactField) -> st.SearchStrategy[Any]:
    """Returns values that a fact may have, in the form the evaluator uses."""
    bounds = bounds_of(field)
    match field.kind:
        case Kind.NUMBER:
            return st.floats(bounds.minimum, bounds.maximum, allow_nan=False, allow_infinity=False)
        case Kind.INTEGER:
            low, high = bounds.minimum, bounds.maximum
            return st.integers(0 if low is None else int(low), 2**31 - 1 if high is None else int(high))
        case Kind.FLAG:
            return st.booleans()
        case Kind.CHOICE:
            return st.sampled_from([name for name in field.choices if name != UNKNOWN])
        case Kind.CHOICES:
            return _sorted_sets(st.sampled_from(list(field.choices)))
        case Kind.IDS | Kind.METRICS:
            return _sorted_sets(_IDS)
        case _ if bounds.is_day:
            return st.dates().map(lambda day: day.isoformat())
        case _:
            return st.sampled_from(["EUR", "SEK"]) if bounds.is_currency else _WORDS


def _sorted_sets(names: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.sets(names, max_size=4).map(lambda found: tuple(sorted(found)))


@st.composite
def stated_facts(draw: st.DrawFn, *, max_size: int = 12) -> list[tuple[FactRef, FactValue]]:
    """Draws different facts with values."""
    fields = draw(st.lists(st.sampled_from(VALUED), unique_by=lambda field: field.name, max_size=max_size))
    return [(ref_of(field), draw(values_of(field))) for field in fields]


def proposal_with(facts: list[tuple[FactRef, FactValue]]) -> Proposal:
    """Returns the bare proposal with facts set."""
    proposal = bare_proposal()
    for ref, value in facts:
        set_fact(proposal, ref, value)
    return proposal


def observation(
    *facts: str,
    subject: str = "",
    grade: int = 0,
    as_of: int = 0,
    collected_at: int = 0,
    value: FactValue | None = None,
    source_uri: str = "",
) -> Evidence:
    """Returns an evidence entry; times are in seconds, and what is 0 or None is left out."""
    entry = Evidence(facts=facts, subject=subject, source_uri=source_uri)
    if grade:
        entry.grade = grade  # type: ignore[assignment]  # numbers of grades, as they come over the wire
    if as_of:
        entry.as_of.seconds = as_of
    if collected_at:
        entry.collected_at.seconds = collected_at
    if value is not None:
        entry.value.CopyFrom(to_wire(value))
    return entry
