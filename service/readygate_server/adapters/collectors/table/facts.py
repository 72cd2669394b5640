"""Facts about a data source, made of what was counted in a table."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from readygate_server.adapters.collectors.port import Request
from readygate_server.adapters.collectors.table.contract import STATUSES, Contract
from readygate_server.adapters.collectors.table.counts import Absent, Column, Lag, Table
from readygate_server.adapters.collectors.table.declared import Declared, Key
from readygate_server.domain.collected import Coverage, Measured, Status
from readygate_server.domain.vocabulary import Grade

LAG_DAYS: Final = 14
"""Days that a lag is measured over, as the catalogue has it."""
NONE: Final = Coverage(0, 0)
_MOST_NOTES: Final = 20
"""Columns, keys and references that notes tell one by one."""


class Counted(NamedTuple):
    """One fact before it is dated: its value, or why there is none."""

    fact: str
    method: str
    value: bool | float | str | None = None
    status: Status = Status.STATED
    reason: str = ""
    coverage: Coverage = NONE
    grade: Grade = Grade.E2
    parameters: tuple[tuple[str, str], ...] = ()

    def dated(self, as_of: datetime | None, reading: tuple[tuple[str, str], ...]) -> Measured:
        """Returns the fact with the moment that it is of."""
        parameters = tuple(sorted((*reading, *self.parameters)))
        return Measured(
            self.fact, self.status, self.value, self.reason, self.grade, self.method, parameters, self.coverage, as_of
        )


def digest_of(*texts: str) -> str:
    """Returns a short digest of what a method was told, where the words themselves are not to be shown."""
    return hashlib.sha256("\x00".join(texts).encode()).hexdigest()[:16]


def completeness(table: Table, told: Declared, notes: list[str]) -> Counted:
    """Returns the least share of values that are there, over the critical columns."""
    fact, method = "source.completeness", "table.missing_values.v1"
    if not told.critical and not told.critical_absent:
        way_out = "no column is declared critical: --critical, or criticalDataElement in the contract"
        return Counted(fact, method, None, Status.NOT_STATED, way_out)
    if told.critical_absent:
        declared = told.critical_absent + len(told.critical)
        reason = f"{_of(told.critical_absent, declared)} critical columns are not in the table"
        return Counted(fact, method, None, Status.NOT_EVALUABLE, reason)
    counts = table.absent(told.critical)
    notes.extend(_absences(table.rows, counts))
    tokens = [each.tokens for each in told.critical]
    words = sorted({token for each in tokens for token in each or ()})
    parameters = (
        ("critical_columns", digest_of(*(each.column.name for each in told.critical))),
        ("null_tokens", f"{len(words)} declared, {digest_of(*words)}" if None not in tokens else "none declared"),
    )
    coverage = Coverage(table.rows * len(counts), 0)
    if not table.rows:
        return Counted(fact, method, None, Status.NOT_EVALUABLE, "the table has no rows", parameters=parameters)
    doubtful = sum(each.doubtful - each.missing for each in counts)
    if doubtful:
        least, most = (
            (table.rows - max(ways)) / table.rows
            for ways in zip(*((c.doubtful, c.missing) for c in counts), strict=True)
        )
        reason = (
            f"{doubtful} values read as if they stood for nothing (NA, null, \\N, - and the like): complete is"
            f" {least:.4f} or {most:.4f}; declare them with --null-token, or --no-null-tokens where they are values"
        )
        return Counted(fact, method, None, Status.NOT_EVALUABLE, reason, coverage, parameters=parameters)
    worst = max(each.missing for each in counts)
    return Counted(fact, method, (table.rows - worst) / table.rows, coverage=coverage, parameters=parameters)


def null_policy(critical: Sequence[tuple[str, ...] | None], absent: int, *, flagged: bool) -> Counted:
    """Returns true when it is declared for each critical column what stands for nothing; else it is not stated."""
    fact, method, grade = "source.null_policy_declared", "table.null_tokens.v1", Grade.E1
    if not critical or absent:
        reason = f"{absent} critical columns are not in the table" if absent else "no column is declared critical"
        status = Status.NOT_EVALUABLE if absent else Status.NOT_STATED
        return Counted(fact, method, None, status, reason, grade=grade)
    silent = sum(tokens is None for tokens in critical)
    coverage, parameters = Coverage(len(critical), 0), (("declared_by", "options" if flagged else "contract"),)
    if silent:
        where = f"{_of(silent, len(critical))} critical columns"
        reason = f"for {where} it is not declared what stands for nothing: --null-token"
        return Counted(fact, method, None, Status.NOT_STATED, reason, coverage, grade, parameters)
    return Counted(fact, method, True, coverage=coverage, grade=grade, parameters=parameters)


def _absences(rows: int, counts: list[Absent]) -> Iterator[str]:
    for place, each in list(enumerate(counts, 1))[:_MOST_NOTES]:
        yield (
            f"critical column {place} of {len(counts)}: nullValues {each.nulls}, missingValues {each.missing} of {rows}"
            + (f", and {each.doubtful - each.missing} that may be missing" if each.doubtful > each.missing else "")
        )


def uniqueness(table: Table, told: Declared, notes: list[str]) -> Counted:
    """Returns the least share of rows that a declared key tells apart: different whole keys by rows."""
    fact, method = "source.uniqueness", "table.duplicate_values.v1"
    if not told.keys:
        reason = "no key is declared: --key, or primaryKey in the contract"
        return Counted(fact, method, None, Status.NOT_STATED, reason)
    if any(len(key.columns) < key.width for key in told.keys):
        reason = "a column of a declared key is not in the table"
        return Counted(fact, method, None, Status.NOT_EVALUABLE, reason)
    named = ("header", "yes") in table.reading
    if any(key.is_row_number(named=named) for key in told.keys):
        reason = "the key holds the number that a library gave to each row, which is unique whatever the rows say"
        return Counted(fact, method, None, Status.NOT_EVALUABLE, reason)
    if not table.rows:
        return Counted(fact, method, None, Status.NOT_EVALUABLE, "the table has no rows")
    least, kept = 1.0, len(notes)
    for place, key in enumerate(told.keys, 1):
        found = table.keys(key.columns)
        least = min(least, found.distinct / table.rows)
        surplus = table.rows - found.incomplete - found.distinct
        notes.append(
            f"key {place} of {len(told.keys)}: {found.distinct} different in {table.rows} rows,"
            f" duplicateValues {surplus}, {found.incomplete} rows without a whole key"
        )
    parameters = (("keys", digest_of(*map(_key_text, told.keys))),)
    del notes[kept + _MOST_NOTES :]
    return Counted(fact, method, least, coverage=Coverage(table.rows, 0), parameters=parameters)


def _key_text(key: Key) -> str:
    return "\x01".join(each.column.name for each in key.columns)


def validity(table: Table, told: Declared, notes: list[str]) -> Counted:
    """Returns the least share of values that keep their domain, over the columns that have one declared."""
    fact, method = "source.validity", "table.invalid_values.v1"
    declared = len(told.domains) + told.domains_absent
    if not declared:
        return Counted(fact, method, None, Status.NOT_STATED, "no type or domain is declared: --contract")
    least, examined, unread, invalid = 1.0, 0, told.domains_absent, 0
    for column, domain in told.domains:
        found = table.invalid(column, domain)
        if found is None:
            unread += 1
            continue
        examined += found[0]
        invalid += found[1]
        least = min(least, (found[0] - found[1]) / found[0]) if found[0] else least
    notes.append(f"columns with a domain: {declared}; invalidValues {invalid} of {examined} values")
    parameters = (("domains", digest_of(*(f"{each.column.name}\x01{domain!r}" for each, domain in told.domains))),)
    coverage = Coverage(examined, unread, (f"{unread} columns not checked",) if unread else ())
    if unread:
        reason = (
            f"{_of(unread, declared)} columns with a declared type or domain are not in the table, or have one that is"
            " not checked here (format, multipleOf, look-around in a pattern)"
        )
        return Counted(fact, method, None, Status.NOT_EVALUABLE, reason, coverage, parameters=parameters)
    if not examined:
        reason = "the columns with a domain have no values"
        return Counted(fact, method, None, Status.NOT_EVALUABLE, reason, coverage, parameters=parameters)
    return Counted(fact, method, least, coverage=coverage, parameters=parameters)


def references(table: Table, told: Declared, views: Mapping[str, str], promised: int, notes: list[str]) -> Counted:
    """Returns the least share of references that lead somewhere."""
    fact, method = "source.referential_integrity", "table.references.v1"
    if not told.references:
        reason = f"the contract has {promised} relationships; name the files: --reference column=file:column"
        plain = "no reference is declared: --reference column=file:column"
        return Counted(fact, method, None, Status.NOT_STATED, reason if promised else plain)
    least, examined, kept = 1.0, 0, len(notes)
    for place, each in enumerate(told.references, 1):
        found = table.orphans(each.column, views[each.file], each.key)
        notes.append(f"reference {place}: {found.orphans} of {found.references} lead nowhere")
        examined += found.references
        least = min(least, (found.references - found.orphans) / found.references) if found.references else least
    del notes[kept + _MOST_NOTES :]
    parameters = (("references", digest_of(*(f"{e.column.column.name}={e.file}:{e.key}" for e in told.references))),)
    if not examined:
        return Counted(fact, method, None, Status.NOT_EVALUABLE, "no row refers to anything", parameters=parameters)
    return Counted(fact, method, least, coverage=Coverage(examined, 0), parameters=parameters)


def lag(table: Table, event: Column | None, arrival: Column | None, promises: int, notes: list[str]) -> Counted:
    """Returns how long 95 of 100 rows took to arrive, over the last 14 days."""
    fact, method = "source.freshness_lag_p95", "table.lag_p95.v1"
    if event is None or arrival is None:
        promise = f"; the contract promises {promises} service levels, which is no measurement" if promises else ""
        reason = f"no two columns say when something happened and when it arrived: --recorded-at, --loaded-at{promise}"
        return Counted(fact, method, None, Status.NOT_STATED, reason)
    found = table.lag(event, arrival, LAG_DAYS)
    if found is None:
        return Counted(fact, method, None, Status.NOT_EVALUABLE, "lags are measured in files only, not in a database")
    notes.append(f"rows of the last {LAG_DAYS} days: {found.rows}, on {found.days} days")
    parameters = (("days", str(LAG_DAYS)), ("columns", digest_of(event.name, arrival.name)))
    coverage = Coverage(
        found.rows, found.unread, (f"{found.unread} rows without both moments",) if found.unread else ()
    )
    reason = _lag_fault(found)
    if reason or found.p95_minutes is None:
        reason = reason or "no row has both moments"
        return Counted(fact, method, None, Status.NOT_EVALUABLE, reason, coverage, parameters=parameters)
    return Counted(fact, method, found.p95_minutes, coverage=coverage, parameters=parameters)


def _lag_fault(found: Lag) -> str:
    if found.mixed:
        return f"{found.mixed} rows state a zone in one of the two moments only"
    if found.negative:
        return (
            f"{found.negative} rows arrived before they happened, so the two columns are of different clocks or zones"
        )
    if found.days < LAG_DAYS:
        return (
            f"rows arrived on {found.days} days; the lag is asked over {LAG_DAYS}, and one load of everything has none"
        )
    return f"{found.unread} rows have not both moments, and they may be the late ones" if found.unread else ""


def contract_facts(contract: Contract, table: Table | None) -> Iterator[Counted]:
    """Returns what a contract states by being there: a document, so no measurement."""
    grade = Grade.E1
    if contract.status in STATUSES:
        yield Counted("source.contract_status", "odcs.status.v1", contract.status, grade=grade, coverage=Coverage(1, 0))
    else:
        status = Status.NOT_EVALUABLE if contract.status else Status.NOT_STATED
        reason = f"the status of the contract is none of {', '.join(STATUSES)}" if contract.status else "no status"
        yield Counted("source.contract_status", "odcs.status.v1", None, status, reason, grade=grade)
    yield _classified(contract, table)
    if table is None:
        critical = [each.null_tokens for each in contract.table.columns if each.critical] if contract.table else []
        yield null_policy(critical, 0, flagged=False)


def _classified(contract: Contract, table: Table | None) -> Counted:
    """Returns the share of fields with a classification: of the table's, where there is one."""
    fact, method, grade = "source.classification_coverage", "odcs.classification.v1", Grade.E1
    if contract.table is None:
        reason = "the contract describes no fields"
        return Counted(fact, method, None, Status.NOT_STATED, reason, grade=grade)
    classified = {name.strip().lower() for each in contract.table.columns if each.classified for name in each.names}
    if table is None:
        tagged, fields = sum(each.classified for each in contract.table.columns), len(contract.table.columns)
    else:
        tagged = sum(each.name.strip().lower() in classified for each in table.columns)
        fields = len(table.columns)
    if not tagged:
        reason = f"none of {fields} fields has a classification"
        return Counted(fact, method, None, Status.NOT_STATED, reason, Coverage(fields, 0), grade)
    return Counted(fact, method, tagged / fields, coverage=Coverage(fields, 0), grade=grade)


def measure(
    table: Table, told: Declared, request: Request, views: Mapping[str, str], contract: Contract | None,
    moments: tuple[Column | None, Column | None], notes: list[str],
) -> list[Counted]:  # fmt: skip
    """Returns what a table says, telling the progress; each step is one pass or more over the rows."""
    promised = contract.table.references if contract and contract.table else 0
    steps: Iterable[Callable[[], Counted]] = (
        lambda: completeness(table, told, notes),
        lambda: uniqueness(table, told, notes),
        lambda: validity(table, told, notes),
        lambda: references(table, told, views, promised, notes),
        lambda: lag(table, *moments, contract.promises if contract else 0, notes),
    )
    found = []
    for place, step in enumerate(steps):
        request.progress("counting", place, 5)
        found.append(step())
    flagged = bool(request.texts("null-token")) or request.flag("no-null-tokens")
    found.append(null_policy([each.tokens for each in told.critical], told.critical_absent, flagged=flagged))
    request.progress("counting", 5, 5)
    return found


def _of(part: int, whole: int) -> str:
    return f"{part} of {whole}"
