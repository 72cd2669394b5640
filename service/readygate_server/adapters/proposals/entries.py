"""Entries of evidence and statements, each read once: what the digest is over, and what judging needs of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from readygate.v1 import evidence_pb2
from readygate_server.adapters.proposals.canonical import canonical_json
from readygate_server.adapters.proposals.personal import shown
from readygate_server.adapters.proposals.values import from_wire
from readygate_server.domain.evidence import Evidence, evidence_entry
from readygate_server.domain.facts import parent_of
from readygate_server.domain.vocabulary import Grade

_SECONDS_A_DAY: Final = 86_400
_EPOCH_ORDINAL: Final = 719_163
"""Ordinal of 1970-01-01."""
_GRADES: Final = dict(enumerate(Grade, 1))
"""Grades by their numbers in the contract; others are none, as parts are read before they are checked."""

Entry = list[Any]
"""What an entry says. Its items have the same types in every entry, so that entries can be sorted.

How it came about is a last item that only those have that say it; digests of others are as they were before it.
"""


def entry_of(entry: evidence_pb2.Evidence) -> Entry:
    """Reads an entry of evidence. Of whoever collects or attests only remains that there is one."""
    facts, has = entry.facts[:], entry.HasField  # a slice is a list, made in half the time
    said = [
        sorted(facts) if len(facts) > 1 else facts,
        entry.subject,
        entry.grade,
        entry.source_uri,
        entry.source_digest,
        entry.collector != "",
        entry.collector_version,
        [(at := entry.collected_at).seconds, at.nanos] if has("collected_at") else [],
        [(at := entry.as_of).seconds, at.nanos] if has("as_of") else [],
        [(at := entry.expires_at).seconds, at.nanos] if has("expires_at") else [],
        entry.attested_by != "",
        _value(facts[0] if facts else "", entry.value) if has("value") else "",
    ]
    if entry.method or entry.parameters_digest or has("coverage"):
        looked = entry.coverage
        counts = [looked.examined, looked.skipped, sorted(looked.reasons)] if has("coverage") else []
        said.append([entry.method, entry.parameters_digest, counts])
    return said


def statement_of(statement: evidence_pb2.FactStatement) -> Entry:
    """Reads what is said instead of a value. Who says it is left out, as with evidence, but not that somebody does."""
    return [statement.fact, statement.subject, statement.kind, statement.reason, statement.stated_by != ""]


def evidence_of(entries: Iterable[Entry]) -> tuple[Evidence, ...]:
    """Returns entries of evidence as far as judging needs them."""
    return tuple([_judged(entry) for entry in entries])


def _judged(entry: Entry) -> Evidence:
    facts, as_of, expires_at = entry[0], entry[8], entry[9]
    as_of_day = as_of[0] // _SECONDS_A_DAY + _EPOCH_ORDINAL if as_of else None
    last_day = expires_at[0] // _SECONDS_A_DAY + _EPOCH_ORDINAL if expires_at else None
    whole: tuple[str, ...]
    if len(facts) == 1 and facts[0].count(".") == 1:  # nearly all are about one fact that is whole
        whole = (facts[0],)
    else:
        whole = tuple([parent_of(fact) if fact.count(".") > 1 else fact for fact in facts])
    return evidence_entry((whole, entry[1], _GRADES.get(entry[2]), as_of_day, last_day, entry[3]))


def _value(fact: str, value: evidence_pb2.FactValue) -> str:
    plain = from_wire(value)
    if isinstance(plain, str):
        plain = shown(fact, plain)
    return canonical_json(sorted(plain) if isinstance(plain, tuple) else plain).decode()
