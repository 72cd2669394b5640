"""The collector of tables."""

from __future__ import annotations

from datetime import UTC, datetime
from glob import escape
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from readygate_server.adapters.collectors.port import ArtefactFault, Option, OptionError, Recognition, Request
from readygate_server.adapters.collectors.table.contract import KIND, Contract, read_contract
from readygate_server.adapters.collectors.table.counts import Column, Table
from readygate_server.adapters.collectors.table.declared import declared
from readygate_server.adapters.collectors.table.facts import Counted, contract_facts, measure
from readygate_server.adapters.collectors.table.files import kind_of
from readygate_server.adapters.collectors.table.inputs import Inputs, open_table, sort_inputs, view_of
from readygate_server.domain.collected import Collected
from readygate_server.domain.vocabulary import Scope

_PARQUET: Final = b"PAR1"
_OPTIONS: Final = (
    Option("contract", "ODCS 3 contract that declares keys, critical columns, domains and null tokens", kind="path"),
    Option("table", "table to read: of the contract where it has several, or of the database"),
    Option("key", "column of the key that each row has once; repeat it for a key of several columns", repeatable=True),
    Option("critical", "column whose values the deployment can not do without", repeatable=True),
    Option("null-token", "text that stands for nothing, such as NA", repeatable=True),
    Option("no-null-tokens", "NA, null, - and the like are values here; only empty is missing", kind="flag"),
    Option("reference", "column=file:column, a column whose values another of the artefacts has", repeatable=True),
    Option("recorded-at", "column with the moment that a row is of; the latest dates the facts"),
    Option("as-of", "day or moment that the table is of, such as that of its export, where no column says it"),
    Option("loaded-at", "column with the moment from which a row could be read"),
    Option("timezone", "zone of moments that state none, such as Europe/Berlin"),
    Option("no-header", "the first line of the CSV is a row; columns are column0, column1 and so on", kind="flag"),
    Option(
        "delimiter",
        "what divides the values of the CSV, where it is not the most frequent of , ; | and tab in the first line",
    ),
    Option("encoding", "of the CSV: utf-8 unless told, or utf-16, latin-1"),
    Option(
        "connection",
        "file with the SQLAlchemy URL of the database that a query (.sql) is put to",
        kind="path",
        network=True,
    ),
    Option("connection-variable", "environment variable with that URL", network=True),
)


class TableCollector:
    """Counts a table: what is missing, what is there twice, what breaks its domain, how late it is."""

    name: Final = "table"
    version: Final = "1"
    scope: Final = Scope.SOURCE
    options: Final = _OPTIONS

    def recognises(self, path: Path, head: bytes) -> Recognition | None:
        """Knows Parquet and ODCS contracts by their bytes, CSV and databases by their names."""
        kind = kind_of(path)
        stem = path.name.partition(".")[0]
        if kind == "parquet" and head.startswith(_PARQUET):
            return Recognition("Parquet", stem, confidence="low", needs=("critical", "key"))
        if kind == "csv" and b"\x00" not in head[:1024]:
            return Recognition("CSV", stem, confidence="low", needs=("critical", "key"))
        if kind == "contract" and _is_contract(head):
            beside = sorted(
                each for each in path.parent.glob(f"{escape(stem)}.*") if kind_of(each) in ("csv", "parquet")
            )
            return Recognition("ODCS contract", stem, confidence="high", along=tuple(beside[:1]))
        if kind == "database" and (head.startswith(b"SQLite format 3\x00") or head[8:12] == b"DUCK"):
            return Recognition("database file", stem, confidence="low", needs=("table", "critical", "key"))
        return None

    def collect(self, request: Request) -> Collected:
        """Returns the facts of a table, of a contract, or of both."""
        inputs = sort_inputs(request)
        artefacts = inputs.artefacts(request)
        stems = tuple(path.name.partition(".")[0] for path in inputs.data)
        contract = read_contract(inputs.contract, _wanted(request, inputs), stems) if inputs.contract else None
        notes: list[str] = []
        if contract and contract.members:
            notes.append(
                f"the contract names {contract.members} members of a team; who owns the data is asked elsewhere"
            )
        if not inputs.has_table:
            if contract is None:
                raise OptionError(ArtefactFault("table", "there is neither a table nor a contract to read"))
            facts = [each.dated(_stated(request), ()) for each in contract_facts(contract, None)]
        else:
            zone = _zone(request)
            with open_table(inputs, request) as table:
                counted, as_of = _count(table, request, inputs, contract, zone, notes)
                facts = [each.dated(as_of, table.reading) for each in counted]
                if contract is not None:
                    facts += [each.dated(_stated(request), ()) for each in contract_facts(contract, table)]
        return Collected(self.name, self.version, request.subject, artefacts, tuple(sorted(facts)), tuple(notes))


def _count(
    table: Table, request: Request, inputs: Inputs, contract: Contract | None, zone: str, notes: list[str]
) -> tuple[list[Counted], datetime | None]:
    told = declared(request, contract, table.columns)
    notes.append(f"rows: {table.rows}, columns: {len(table.columns)}")
    notes.extend(table.notes)
    event, arrival = (_named(table, request, option) for option in ("recorded-at", "loaded-at"))
    as_of = _stated(request) or (table.latest(event, zone) if event else None)
    if as_of is None:
        notes.append("nothing says of when the table is: --as-of, or --recorded-at with --timezone where needed")
    views = {name: view_of(place) for place, name in enumerate(inputs.others)}
    return measure(table, told, request, views, contract, (event, arrival), notes), as_of


def _stated(request: Request) -> datetime | None:
    """Returns the moment that the caller states; a day without a zone is one of UTC."""
    text = request.text("as-of")
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        fault = ArtefactFault("--as-of", "this is no day or moment", expected="such as 2026-11-23 or 2026-11-23T06:00Z")
        raise OptionError(fault) from None


def _named(table: Table, request: Request, option: str) -> Column | None:
    name = request.text(option)
    if not name:
        return None
    found = [each for each in table.columns if each.name == name]
    if not found:
        raise OptionError(ArtefactFault(f"--{option}", "the table has no such column"))
    return found[0]


def _wanted(request: Request, inputs: Inputs) -> str:
    """Returns the table of the contract that is asked for; beside a database the name is first of all one of its."""
    name = request.text("table")
    return name if not inputs.database else name.rpartition(".")[2]


def _zone(request: Request) -> str:
    zone = request.text("timezone")
    if zone:
        try:
            ZoneInfo(zone).utcoffset(datetime(2000, 1, 1, tzinfo=UTC))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            fault = ArtefactFault("--timezone", "this zone is not known", expected="a name such as Europe/Berlin")
            raise OptionError(fault) from None
    return zone


def _is_contract(head: bytes) -> bool:
    return f"kind: {KIND}".encode() in head or f'"kind": "{KIND}"'.encode() in head


COLLECTOR: Final = TableCollector()
