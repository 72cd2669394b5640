"""Joins files with evidence to a proposal: facts where it has none, and a conflict where both speak and differ.

What is joined is the same whatever the order of the files, and joining a file again changes nothing. Which of several
values is in use is settled later, as it is for every proposal; here each only gets the evidence that speaks for it.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

from readygate.v1.evidence_pb2 import FACT_STATEMENT_KIND_NOT_STATED, FactStatement
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.evidence_files.entries import add_entries, narrow_entries
from readygate_server.adapters.evidence_files.reader import EvidenceFile
from readygate_server.adapters.evidence_files.refusals import refusals
from readygate_server.adapters.evidence_files.values import (
    AssetKey,
    Said,
    Values,
    assets_of,
    disputed_among,
    is_metrics,
    subjects_of,
    values_of,
)
from readygate_server.adapters.proposals.limits import MAX_TEXT
from readygate_server.adapters.proposals.paths import has_fact, set_fact
from readygate_server.adapters.proposals.personal import NAMED
from readygate_server.adapters.proposals.validation import validate_proposal
from readygate_server.adapters.proposals.vocabulary import ASSET_FIELDS, parts_of
from readygate_server.domain.facts import FactRef, FactValue
from readygate_server.domain.faults import Fault, FaultsError


def with_evidence(
    proposal: Proposal, files: Sequence[EvidenceFile], *, elsewhere: Container[AssetKey] = frozenset()
) -> Proposal:
    """Returns a validated proposal joined with what files say of its assets.

    What is said of assets in `elsewhere`, which other proposals name, is left out; of any other asset that the proposal
    does not name it is a fault, since an observation under a misspelt name would be lost.

    Raises:
      FaultsError: with every fault, each at its place in a file.
    """
    if faults := refusals(proposal, files, elsewhere):
        raise FaultsError(faults)
    subjects = subjects_of(proposal)
    own = values_of(proposal, subjects)
    said = [Said(file, subjects, values_of(file.said, subjects)) for file in files]
    disputed = disputed_among(own, said)
    merged = Proposal()
    merged.CopyFrom(proposal)
    _place(merged, files)
    filled = _fill(merged, own, said, disputed)
    narrow_entries(merged, own, filled)
    add_entries(merged, said, disputed)
    _join_statements(merged, files)
    if late := validate_proposal(merged):
        raise FaultsError(
            Fault(files[0].document.file, 0, 0, f"{each.path}: {each.message}", each.got, each.expected)
            for each in late
        )
    return merged


def _place(merged: Proposal, files: Iterable[EvidenceFile]) -> None:
    """Gives registered assets that a file speaks of a place, for what it says of them."""
    known = assets_of(merged)
    for scope, field in ASSET_FIELDS.items():
        held = getattr(merged, field)
        for asset in (asset for file in files for asset in getattr(file.said, field)):
            if (scope, asset.id) in known and all(each.id != asset.id for each in held):
                held.add(id=asset.id)


def _fill(merged: Proposal, own: Values, said: Iterable[Said], disputed: frozenset[FactRef]) -> frozenset[FactRef]:
    """Sets what the proposal does not state and the files agree on; returns what was set."""
    absent: dict[FactRef, list[tuple[FactValue, EvidenceFile]]] = {}
    for file, _, values in said:
        for ref, value in values.items():
            if ref not in own and ref not in disputed:
                absent.setdefault(ref, []).append((value, file))
    for ref, found in absent.items():
        value, file = min(found, key=lambda each: (each[0] == NAMED, str(each[0])))
        if is_metrics(ref):
            merged.value.guardrails.members.extend(file.said.value.guardrails.members)
        else:
            set_fact(merged, ref, list(value) if isinstance(value, tuple) else value)
    return frozenset(absent)


def _join_statements(merged: Proposal, files: Iterable[EvidenceFile]) -> None:
    """Keeps what is said instead of values, once for each fact; where there is a value now, nothing is said."""
    subjects = subjects_of(merged)
    held: dict[FactRef, FactStatement] = {FactRef(each.fact, each.subject): each for each in merged.statements}
    theirs: dict[FactRef, list[FactStatement]] = {}
    for file in files:
        for each in file.said.statements:
            if each.subject in subjects:
                theirs.setdefault(FactRef(each.fact, each.subject), []).append(each)
    joined = {ref: _one_statement(found) for ref, found in theirs.items() if not _is_known(merged, ref)}
    kept = [
        each for ref, each in held.items() if each.kind != FACT_STATEMENT_KIND_NOT_STATED or not _is_known(merged, ref)
    ]
    kept += [joined[ref] for ref in sorted(joined) if ref not in held]
    copies = [FactStatement.FromString(each.SerializeToString()) for each in kept]
    del merged.statements[:]
    merged.statements.extend(copies)


def _one_statement(statements: Sequence[FactStatement]) -> FactStatement:
    """Returns one statement for several about the same fact, with the reasons of all."""
    first = min(statements, key=lambda each: (each.kind, each.reason, each.stated_by))
    reasons = dict.fromkeys(sorted(each.reason for each in statements if each.kind == first.kind))
    joined = FactStatement()
    joined.CopyFrom(first)
    joined.reason = "; ".join(reasons)[:MAX_TEXT]
    return joined


def _is_known(proposal: Proposal, ref: FactRef) -> bool:
    names = {ref.fact, *parts_of(ref.fact)}
    return has_fact(proposal, ref) or any(
        entry.HasField("value") and entry.subject == ref.subject and names.intersection(entry.facts)
        for entry in proposal.evidence
    )
