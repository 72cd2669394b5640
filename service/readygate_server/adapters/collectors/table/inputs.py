"""Sorts what a run was given: the files of the table, a database, a query, a contract, files that it refers to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final, NamedTuple

from readygate_server.adapters.collectors.artefacts import artefact_of, read_whole, uri_of
from readygate_server.adapters.collectors.port import ArtefactError, ArtefactFault, OptionError, Request
from readygate_server.adapters.collectors.table.counts import Table
from readygate_server.adapters.collectors.table.files import (
    CsvOptions,
    kind_of,
    open_files,
    open_query,
    whole_table,
)
from readygate_server.domain.collected import Artefact

_MAX_QUERY: Final = 1 << 20
_SQLITE: Final = b"SQLite format 3\x00"
_DATA: Final = ("csv", "parquet")


class Inputs(NamedTuple):
    """What a run reads, by what it is for."""

    data: tuple[Path, ...]
    database: Path | None
    query: Path | None
    contract: Path | None
    others: dict[str, Path]
    """Files that references lead into, by the name that the option has for them."""

    @property
    def has_table(self) -> bool:
        """True when there is more than a contract."""
        return bool(self.data or self.database or self.query)

    def artefacts(self, request: Request) -> tuple[Artefact, ...]:
        """Returns name and digest of everything that is read, telling the progress."""
        read = (*self.data, *self.others.values(), *filter(None, (self.database, self.query, self.contract)))
        total = sum(path.stat().st_size for path in read if path.exists())
        found: list[Artefact] = []

        def progress(size: int) -> None:
            request.progress("reading", sum(each.size for each in found) + size, total)

        found.extend(artefact_of(path, progress) for path in dict.fromkeys(read))
        return tuple(sorted(found))


def sort_inputs(request: Request) -> Inputs:
    """Sorts the artefacts of a request.

    Raises:
      ArtefactError: with everything that is not clear.
    """
    paths = [each for path in request.artefacts for each in _expanded(path)]
    by_kind: dict[str, list[Path]] = {}
    for path in paths:
        by_kind.setdefault(kind_of(path), []).append(path)
    faults = [
        ArtefactFault(uri_of(path), "this kind of file is not read", expected="CSV, Parquet, .sql, .duckdb, .sqlite")
        for path in by_kind.get("", ())
    ]
    contract = request.text("contract")
    contracts = [*by_kind.get("contract", ()), *([Path(contract)] if contract else ())]
    for kind, found in (("contract", contracts), *((k, by_kind.get(k, [])) for k in ("database", "query"))):
        if len(found) > 1:
            faults.append(ArtefactFault(uri_of(found[1]), f"a run reads one {kind}", got=str(len(found))))
    tables = [path for kind in _DATA for path in by_kind.get(kind, ())]
    others = dict(_others(request, tables, faults))
    if faults:
        raise ArtefactError(*faults)
    return Inputs(
        data=tuple(path for path in tables if path not in others.values()),
        database=next(iter(by_kind.get("database", ())), None),
        query=next(iter(by_kind.get("query", ())), None),
        contract=contracts[0] if contracts else None,
        others=others,
    )


def _expanded(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from sorted(each for each in path.rglob("*") if each.is_file() and kind_of(each) in _DATA)
    else:
        yield path


def _others(request: Request, tables: list[Path], faults: list[ArtefactFault]) -> Iterator[tuple[str, Path]]:
    for text in request.texts("reference"):
        name = text.partition("=")[2].rpartition(":")[0]
        found = [path for path in tables if name and name in (path.as_posix(), path.name, uri_of(path))]
        if len(found) == 1:
            yield name, found[0]
        else:
            way_out = "give it among the artefacts, and name it as it is named there"
            faults.append(ArtefactFault("--reference", "the file of a reference is not known", way_out=way_out))


def open_table(inputs: Inputs, request: Request) -> AbstractContextManager[Table]:
    """Opens the table of the inputs.

    Raises:
      ArtefactError: when it is not clear what the table is.
    """
    if inputs.data:
        if inputs.database or inputs.query:
            fault = ArtefactFault(uri_of(inputs.data[0]), "a run reads files or a database, not both")
            raise ArtefactError(fault)
        csv = CsvOptions(
            header=not request.flag("no-header"),
            delimiter=request.text("delimiter"),
            encoding=request.text("encoding", "utf-8").lower(),
        )
        views = {view_of(place): path for place, path in enumerate(inputs.others.values())}
        return open_files(inputs.data, views, csv)
    url = _url(request)
    if inputs.database is None and not url:
        fault = ArtefactFault("--connection", "the query has no database", way_out="name a file with its URL")
        raise OptionError(fault)
    return _open_query(inputs, request, url)


def view_of(place: int) -> str:
    """Returns the name of the view of a file that is referred to."""
    return f"readygate_other_{place}"


def _open_query(inputs: Inputs, request: Request, url: str) -> AbstractContextManager[Table]:
    query, place = _query(inputs, request)
    if inputs.database is None:
        from readygate_server.adapters.collectors.table.database import open_database

        return open_database(url, query, place)
    try:
        with inputs.database.open("rb") as file:
            is_sqlite = file.read(len(_SQLITE)) == _SQLITE
    except OSError:
        is_sqlite = False
    if is_sqlite:
        from readygate_server.adapters.collectors.table.database import open_database, sqlite_url

        return open_database(sqlite_url(inputs.database), query, place)
    return open_query(inputs.database, query, place)


def _query(inputs: Inputs, request: Request) -> tuple[str, str]:
    """Returns the query and the name that faults have for it."""
    if inputs.query is not None:
        artefact, data = read_whole(inputs.query, _MAX_QUERY)
        try:
            return data.decode("utf-8-sig"), artefact.uri
        except UnicodeDecodeError:
            raise ArtefactError(ArtefactFault(artefact.uri, "the query is not UTF-8")) from None
    name = request.text("table")
    if not name:
        fault = ArtefactFault("--table", "a database has many tables", way_out="name one, or give a query: FILE.sql")
        raise OptionError(fault)
    return whole_table(name), "--table"


def _url(request: Request) -> str:
    """Returns the URL of the team's database, from a file or a variable: never from the command line, which is seen."""
    variable, file = request.text("connection-variable"), request.text("connection")
    if variable:
        return os.environ.get(variable, "").strip()
    if not file:
        return ""
    return read_whole(Path(file), _MAX_QUERY)[1].decode("utf-8", "replace").strip()
