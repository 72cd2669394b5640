"""Evidence of a proposal and of files, each entry left to the values that it speaks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from readygate.v1.evidence_pb2 import Evidence
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.evidence_files.values import Said, Values, compared
from readygate_server.adapters.proposals.values import check_value, from_wire, to_wire
from readygate_server.adapters.proposals.vocabulary import fact_fields, parts_of
from readygate_server.domain.backing import group_of
from readygate_server.domain.facts import FactRef, FactValue, parent_of


def narrow_entries(merged: Proposal, own: Values, filled: frozenset[FactRef]) -> None:
    """Leaves the proposal's evidence to what the proposal itself states; what a file filled in has its own."""
    if not any(_covers_any(entry, filled) for entry in merged.evidence):
        return
    kept = []
    for entry in merged.evidence:
        copy = Evidence()
        copy.CopyFrom(entry)
        if _covers_any(entry, filled):
            names = {name for each in entry.facts for name in _own_names(each, entry.subject, own, filled)}
            del copy.facts[:]
            copy.facts.extend(sorted(names))
        if copy.facts:
            kept.append(copy)
    del merged.evidence[:]
    merged.evidence.extend(kept)


def _covers_any(entry: Evidence, refs: Iterable[FactRef]) -> bool:
    if entry.HasField("value"):
        return False
    return any(ref.subject == entry.subject and _covers(entry, ref.fact) for ref in refs)


def _own_names(name: str, subject: str, own: Values, filled: frozenset[FactRef]) -> list[str]:
    """Returns what a name in an entry of the proposal stands for, without what was filled in."""
    about = [ref.fact for ref in own if ref.subject == subject]
    if name.endswith(".*"):
        return [fact for fact in about if group_of(fact) == name]
    names = {name, *parts_of(name)}
    taken = any(ref.subject == subject and ref.fact in names for ref in filled)
    return [fact for fact in about if fact in names] if taken else [name]


def add_entries(merged: Proposal, said: Iterable[Said], disputed: frozenset[FactRef]) -> None:
    """Adds the evidence of the files, each piece once."""
    there = {entry.SerializeToString(deterministic=True) for entry in merged.evidence}
    for each in said:
        for entry in _entries(each, disputed):
            if (text := entry.SerializeToString(deterministic=True)) not in there:
                there.add(text)
                merged.evidence.append(entry)


def _entries(said: Said, disputed: frozenset[FactRef]) -> Iterator[Evidence]:
    """Yields the evidence of a file: for disputed facts with the value that it speaks for, else as backing."""
    file, subjects, values = said
    contested = [ref for ref in values if ref in disputed and compared(ref, values[ref])]
    bare = set(contested)
    for entry in file.said.evidence:
        if entry.subject not in subjects:
            continue
        copy = Evidence()
        copy.CopyFrom(entry)
        copy.source_uri = entry.source_uri or file.name
        if entry.HasField("value"):
            if _is_stated(entry, values):  # said twice in the file: the value stands with the asset
                copy.ClearField("value")
            else:
                yield copy
                continue
        spoken_for = [ref for ref in contested if ref.subject == entry.subject and _covers(entry, ref.fact)]
        bare.difference_update(spoken_for)
        names = _undisputed(entry, values, frozenset(spoken_for))
        if names:
            del copy.facts[:]
            copy.facts.extend(names)
            yield copy
        for ref in spoken_for:
            yield _with_value(copy, ref, values[ref])
    for ref in sorted(bare):  # stated without evidence: a claim of the file, of no grade
        yield _with_value(Evidence(subject=ref.subject, source_uri=file.name), ref, values[ref])


def _is_stated(entry: Evidence, values: Values) -> bool:
    """True when the value that an entry carries is the one that its file states."""
    ref = FactRef(entry.facts[0], entry.subject)
    return ref in values and values[ref] == check_value(fact_fields()[ref.fact], from_wire(entry.value))


def _covers(entry: Evidence, fact: str) -> bool:
    return any(name in entry.facts for name in (fact, parent_of(fact), group_of(fact)))


def _undisputed(entry: Evidence, values: Values, disputed: frozenset[FactRef]) -> list[str]:
    """Returns the names that an entry goes on backing; a group stands for what its file states, and no more."""
    taken = {ref.fact for ref in disputed}
    stated = [ref.fact for ref in values if ref.subject == entry.subject]
    names: list[str] = []
    for name in entry.facts:
        if name.endswith(".*"):
            names += [fact for fact in stated if group_of(fact) == name and fact not in taken]
        elif taken.intersection(parts_of(name)):
            names += [fact for fact in stated if fact in parts_of(name) and fact not in taken]
        else:
            names.append(name)
    return sorted(set(names))


def _with_value(entry: Evidence, ref: FactRef, value: FactValue) -> Evidence:
    copy = Evidence()
    copy.CopyFrom(entry)
    del copy.facts[:]
    copy.facts.append(ref.fact)
    copy.value.CopyFrom(to_wire(value))
    return copy
