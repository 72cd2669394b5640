"""Files that are made to hurt are refused in bounded time and memory, and nothing of them is told."""

from __future__ import annotations

import gzip
import os
import sqlite3
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from tests.collectors.table.telling import CRM, collected, contract, csv, facts, value

from readygate_server.adapters.collectors.limits import Limits
from readygate_server.adapters.collectors.port import ArtefactError, OptionError, ReaderMissingError
from readygate_server.adapters.collectors.registry import Entry
from readygate_server.adapters.collectors.runner import CollectorLimitError, Runner
from readygate_server.domain.collected import Status
from readygate_server.domain.errors import GateError

duckdb = pytest.importorskip("duckdb", reason="the extra collect-table is not installed")
QUOTED = "Ottilie-Quastenflosser"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PAR1",
        b"PAR1" + b"\x00" * 100 + b"PAR1",
        b"PAR1" + b"\xff" * 8 + b"PAR1",
        b"not parquet",
        os.urandom(4096),
    ],
)
def test_what_is_no_parquet_is_refused(tmp_path: Path, content: bytes) -> None:
    """Neither an empty footer nor one of 4 GB is read."""
    path = tmp_path / "crm.parquet"
    path.write_bytes(content)
    with pytest.raises(ArtefactError):
        collected(path, key=("id",))


def test_a_parquet_file_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    """Its footer is at the end."""
    path = tmp_path / "crm.parquet"
    duckdb.sql("SELECT range AS id FROM range(10000)").to_parquet(str(path))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ArtefactError, match="Parquet"):
        collected(path, key=("id",))


def test_a_damaged_parquet_file_ends_in_an_error_and_not_in_a_value(tmp_path: Path) -> None:
    """Bytes that were turned over in the data are found by the reader, or change no count that is stated as exact."""
    path = tmp_path / "crm.parquet"
    duckdb.sql("SELECT range AS id, 'x' || range AS name FROM range(20000)").to_parquet(str(path))
    whole = path.read_bytes()
    for place in range(50, len(whole) - 12, len(whole) // 20):
        path.write_bytes(whole[:place] + bytes(byte ^ 0xFF for byte in whole[place : place + 8]) + whole[place + 8 :])
        with suppress(GateError):
            assert len(Runner(Limits(cpu_seconds=20)).collect(TABLE, (path,), CRM, {"key": ("id",)}).facts) == 6


TABLE = Entry("table", "readygate_server.adapters.collectors.table:COLLECTOR", "readygate", "1")


def test_a_line_without_an_end_is_refused_early(tmp_path: Path) -> None:
    """300 MB of one letter, in 300 kB of gzip, are not unpacked into memory."""
    path = tmp_path / "crm.csv.gz"
    with gzip.open(path, "wb", compresslevel=9) as file:
        file.write(b"id,x\n")
        for _ in range(300):
            file.write(b"a" * (1 << 20))
    began = time.perf_counter()
    with pytest.raises(ArtefactError):
        collected(path, key=("id",))
    assert time.perf_counter() - began < 30


def test_gzip_that_is_none_or_cut_off_is_refused(tmp_path: Path) -> None:
    """The name says gzip and the bytes do not."""
    path = tmp_path / "crm.csv.gz"
    for content in (b"id,x\n1,2\n", gzip.compress(b"id,x\n" + b"1,2\n" * 100000)[:-2000]):
        path.write_bytes(content)
        with pytest.raises(ArtefactError):
            collected(path, key=("id",))


def test_two_thousand_columns_are_counted(tmp_path: Path) -> None:
    """A wide table is slow to nobody."""
    names = [f"c{number}" for number in range(2_000)]
    file = csv(tmp_path, ",".join(names) + "\n" + ",".join("1" for _ in names) + "\n")
    assert value(facts(file, key=("c1999",), critical=tuple(names[:300]))["completeness"]) == 1.0


@pytest.mark.parametrize("name", ['a"b', "a'b", "a;DROP TABLE x", "a--b", "é\u202e", "SELECT", " a "])
def test_names_of_columns_are_names_whatever_is_in_them(tmp_path: Path, name: str) -> None:
    """Quotes and SQL in a header, an option or a contract stay text."""
    header = '"' + name.replace('"', '""') + '"'
    file = csv(tmp_path, f"{header},x\n1,a\n2,b\n")
    stated = contract(tmp_path, {"name": name, "logicalType": "integer", "logicalTypeOptions": {"pattern": "'"}})
    found = facts(file, key=(name,), critical=(name,), null_token=("' OR '1'='1",), contract=stated)
    assert value(found["uniqueness"]) == 1.0
    assert value(found["completeness"]) == 1.0
    assert value(found["validity"]) == 0.0


def test_a_column_whose_name_another_has_is_not_guessed(tmp_path: Path) -> None:
    """Other columns are read; which of two is meant is asked back, for one may be a key and the other not."""
    table = csv(tmp_path, "id,id,name\n1,1,a\n2,1,b\n")
    assert value(facts(table, key=("name",))["uniqueness"]) == 1.0
    with pytest.raises(OptionError, match="the table has the column more than once"):
        facts(table, key=("id",))


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM 'https://example.com/x.parquet'",
        "COPY crm TO '/tmp/out.csv'",
        "ATTACH '/tmp/other.duckdb'",
        "INSTALL httpfs",
        "SELECT 1; SELECT 2",
        "DELETE FROM crm",
        "SET enable_external_access = true",
        "SELECT * FROM nowhere",
        "SELECT 'Ottilie-Quastenflosser'::INTEGER FROM crm",
        "SELEC 1",
        "",
    ],
)
def test_a_query_reaches_its_database_only(tmp_path: Path, query: str) -> None:
    """Neither other files nor the network nor a second statement; and the error does not tell the query."""
    database, file = tmp_path / "crm.duckdb", tmp_path / "crm.sql"
    with duckdb.connect(str(database)) as connection:
        connection.execute("CREATE TABLE crm AS SELECT 1 AS id")
    file.write_text(query)
    with pytest.raises(ArtefactError) as caught:
        collected(database, file, key=("id",))
    assert QUOTED not in str(caught.value)
    assert "passwd" not in str(caught.value)


def test_a_database_that_is_none_is_refused(tmp_path: Path) -> None:
    """By its bytes, whatever its name says."""
    path = tmp_path / "crm.duckdb"
    path.write_bytes(b"nothing of the kind" * 1000)
    with pytest.raises(ArtefactError):
        collected(path, table="crm")
    path.write_bytes(b"SQLite format 3\x00" + b"\xff" * 5000)
    with pytest.raises(ArtefactError):
        collected(path, table="crm")


def test_a_query_without_end_is_stopped_by_the_limits(tmp_path: Path) -> None:
    """A join of everything with everything ends with the processor time that the process has."""
    database, file = tmp_path / "crm.sqlite", tmp_path / "crm.sql"
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE crm (id)")
    connection.close()
    file.write_text("WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r) SELECT x FROM r")
    with pytest.raises(CollectorLimitError, match="processor time"):
        Runner(Limits(cpu_seconds=2, wall_seconds=20)).collect(TABLE, (database, file), CRM, {"key": ("x",)})


def test_what_was_put_aside_is_gone_when_the_process_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A count that spills to disk and is stopped leaves no values there."""
    aside = tmp_path / "aside"
    aside.mkdir()
    path = tmp_path / "crm.parquet"
    duckdb.sql("SELECT 'customer ' || hash(range) || hash(range + 1) AS id FROM range(6000000)").to_parquet(str(path))
    monkeypatch.setattr("tempfile.tempdir", str(aside))
    seen: list[Path] = []
    runner = Runner(Limits(wall_seconds=2), progress=lambda *_: seen.extend(aside.rglob("*")))
    with pytest.raises(CollectorLimitError):
        runner.collect(TABLE, (path,), CRM, {"key": ("id",)})
    assert seen
    assert list(aside.iterdir()) == []


def test_a_table_is_collected_in_a_process_of_its_own(tmp_path: Path) -> None:
    """Without a network and within limits, DuckDB counts, and its folder for what it puts aside is gone afterwards."""
    aside = tmp_path / "aside"
    aside.mkdir()
    runner = Runner(Limits(), environment={**os.environ, "TMPDIR": str(aside)})
    found = runner.collect(TABLE, (csv(tmp_path, "id,x\n1,a\n2,b\n"),), CRM, {"key": ("id",)})
    stated = [fact for fact in found.facts if fact.status is Status.STATED]
    assert [(fact.fact, fact.value) for fact in stated] == [("source.uniqueness", 1.0)]
    assert list(aside.iterdir()) == []


def test_without_the_reader_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is a command to copy."""
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(ReaderMissingError, match="collect-table"):
        collected(csv(tmp_path, "id\n1\n"), key=("id",))


@pytest.mark.parametrize("name", ["crm.xlsx", "crm", "crm.json.bak"])
def test_a_file_of_another_kind_is_told(tmp_path: Path, name: str) -> None:
    """What is read is listed."""
    with pytest.raises(ArtefactError, match="CSV, Parquet"):
        collected(csv(tmp_path, "id\n1\n", name))
