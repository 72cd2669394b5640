"""Opens the files of a table: what they are, how a CSV is read, and which view DuckDB counts."""

# ruff: noqa: S608 - names and texts are quoted by sqltext, and the connection reaches nothing but its files
from __future__ import annotations

import gzip
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from csv import Error as CsvError
from csv import reader as rows_of
from pathlib import Path
from typing import IO, Final, NamedTuple, cast

from readygate_server.adapters.collectors.artefacts import unreadable, uri_of
from readygate_server.adapters.collectors.port import ArtefactError, ArtefactFault, OptionError
from readygate_server.adapters.collectors.table.duck import SOURCE, DuckTable, Session, library, session
from readygate_server.adapters.collectors.table.sqltext import literal, quoted

CSV: Final = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".dat", ".txt")
PARQUET: Final = (".parquet", ".pq")
DUCKDB: Final = (".duckdb", ".ddb")
SQLITE: Final = (".sqlite", ".sqlite3")
DATABASES: Final = (*DUCKDB, *SQLITE, ".db")
_ENCODINGS: Final = ("utf-8", "utf-16", "latin-1")
_CHUNK: Final = 1 << 20
_DELIMITERS: Final = (",", ";", "\t", "|")


class CsvOptions(NamedTuple):
    """How a CSV file is told to be read."""

    header: bool = True
    delimiter: str = ""
    encoding: str = "utf-8"


def kind_of(path: Path) -> str:
    """Returns what a file is by its name: csv, parquet, database, query, contract, or nothing."""
    name = path.name.lower()
    kinds = (
        ("csv", CSV),
        ("parquet", PARQUET),
        ("database", DATABASES),
        ("query", (".sql",)),
        ("contract", (".yaml", ".yml", ".json")),
    )
    return next((kind for kind, endings in kinds if name.endswith(endings)), "")


@contextmanager
def open_files(files: tuple[Path, ...], others: Mapping[str, Path], csv: CsvOptions) -> Iterator[DuckTable]:
    """Opens files of one table and the files that it refers to, which become views by the names given."""
    with session((*files, *others.values())) as opened:
        notes, reading, repeated = _view(opened, SOURCE, files, csv)
        for name, path in others.items():
            _view(opened, name, (path,), csv._replace(header=True))
        yield DuckTable(opened, files[0], notes=notes, reading=reading, repeated=repeated)


@contextmanager
def open_query(database: Path, query: str, place: str) -> Iterator[DuckTable]:
    """Opens a DuckDB file read-only and counts what one SELECT gives."""
    reader = library()
    with session((), database) as opened:
        try:
            kinds = [each.type for each in reader.extract_statements(query)]
        except reader.Error:
            kinds = []
        if kinds != [reader.StatementType.SELECT]:
            fault = ArtefactFault(place, "the query is not one statement that reads", expected="one SELECT")
            raise ArtefactError(fault)
        opened.view(SOURCE, query, Path(place))
        yield DuckTable(opened, Path(place), reading=(("database", "duckdb"),))


def whole_table(name: str) -> str:
    """Returns the query that reads a table, which may be named with its schema."""
    return f"SELECT * FROM {'.'.join(map(quoted, name.split('.')))}"


_Reading = tuple[tuple[str, str], ...]


class _Viewed(NamedTuple):
    """What is to be said of a file that was read, how it was, and the names that several of its columns have."""

    notes: tuple[str, ...]
    reading: _Reading
    repeated: frozenset[str] = frozenset()


def _view(opened: Session, name: str, files: tuple[Path, ...], csv: CsvOptions) -> _Viewed:
    kinds = {kind_of(path) for path in files}
    links = ", ".join(literal(str(opened.links[path])) for path in files)
    if kinds == {"parquet"}:
        opened.view(name, f"SELECT * FROM read_parquet([{links}], hive_partitioning = false)", files[0])
        return _Viewed((), (("format", "parquet"),))
    if kinds != {"csv"}:
        fault = ArtefactFault(uri_of(files[0]), "the files of a table are of one kind", expected="CSV or Parquet")
        raise ArtefactError(fault)
    return _csv_view(opened, name, files, links, csv)


def _csv_view(opened: Session, name: str, files: tuple[Path, ...], links: str, csv: CsvOptions) -> _Viewed:
    """Makes the view of CSV files: strictly by RFC 4180, and leniently where that fails and rows stay rows.

    Every column is text, and all but the delimiter is as RFC 4180 has it. Left to find out for itself, DuckDB takes a
    file with one broken row for a table of one column, and lines that start with # for comments.
    """
    if csv.encoding not in _ENCODINGS:
        fault = ArtefactFault("--encoding", "this encoding is not read", expected=", ".join(_ENCODINGS))
        raise OptionError(fault)
    blank, first = _first_line(files[0], csv.encoding)
    delimiter = csv.delimiter or max(_DELIMITERS, key=first.count)
    repeated = _repeated(first, delimiter) if csv.header else frozenset()
    told = (
        f"all_varchar = true, header = {str(csv.header).lower()}, hive_partitioning = false, skip = {blank}"
        f", comment = '', quote = '\"', escape = '\"', delim = {literal(delimiter)}, encoding = {literal(csv.encoding)}"
    )
    reading = (
        ("delimiter", delimiter),
        ("encoding", csv.encoding),
        ("format", "csv"),
        ("header", "yes" if csv.header else "no"),
    )
    try:
        _make(opened, name, f"read_csv([{links}], {told}, strict_mode = true)", files[0], csv)
    except ArtefactError as strict:
        rows = _make(opened, name, f"read_csv([{links}], {told}, strict_mode = false)", files[0], csv)
        lines = sum(map(_lines, files)) - (len(files) if csv.header else 0)
        if rows != lines:
            raise ArtefactError(
                *(
                    fault._replace(message=f"{fault.message}; read leniently its lines are no rows")
                    for fault in strict.faults
                )
            ) from None
        note = f"the file is not CSV by RFC 4180 ({strict.faults[0].message}); it was read leniently, line by line"
        return _Viewed((note,), (*reading, ("strict", "no")), repeated)
    return _Viewed((), (*reading, ("strict", "yes")), repeated)


def _make(opened: Session, name: str, reading: str, path: Path, csv: CsvOptions) -> int:
    """Makes the view and reads all of the file; returns its rows."""
    columns = "*"
    if not csv.header:  # DuckDB calls the third of twenty column02
        named = opened.run(f"DESCRIBE SELECT * FROM {reading}", path)
        columns = ", ".join(f"{quoted(str(each[0]))} AS column{place}" for place, each in enumerate(named))
    opened.view(name, f"SELECT {columns} FROM {reading}", path)
    return int(opened.run(f"SELECT count(*) FROM {name}", path)[0][0])


def _repeated(header: str, delimiter: str) -> frozenset[str]:
    """Returns the names that several columns have; a header over more than one line has names that nobody asks for."""
    try:
        names = next(rows_of([header.rstrip("\r")], delimiter=delimiter), [])
    except CsvError:  # DuckDB says what is wrong with it
        return frozenset()
    return frozenset(name for name, count in Counter(names).items() if count > 1)


def _first_line(path: Path, encoding: str) -> tuple[int, str]:
    """Returns how many blank lines the file starts with, which DuckDB would take for a second header, and the next."""
    with _opened(path) as file:
        try:
            text = file.read(_CHUNK).decode(encoding, "replace").lstrip("\ufeff")
        except (EOFError, OSError, zlib.error):
            raise ArtefactError(ArtefactFault(uri_of(path), "the file can not be read, or unpacked")) from None
    rest = text.lstrip("\r\n")
    return text[: len(text) - len(rest)].count("\n"), rest.partition("\n")[0]


def _opened(path: Path) -> IO[bytes]:
    packed = path.name.lower().endswith(".gz")
    try:
        return cast("IO[bytes]", gzip.open(path, "rb") if packed else path.open("rb"))
    except OSError as error:
        raise unreadable(path, error) from None


def _lines(path: Path) -> int:
    """Counts the lines that hold anything."""
    count, blank = 0, True
    with _opened(path) as file:
        while chunk := file.read(_CHUNK):
            lines = chunk.replace(b"\r", b"").split(b"\n")
            for line in lines[:-1]:
                count += 0 if blank and not line else 1
                blank = True
            blank = blank and not lines[-1]
    return count + (0 if blank else 1)
