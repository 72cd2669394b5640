"""A query over the team's own database gives what the same rows give as a file, and moves no row."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.collectors.table.telling import Option, collected, contract, csv, facts, value

from readygate_server.adapters.collectors.port import ArtefactError, OptionError
from readygate_server.domain.collected import Status

duckdb = pytest.importorskip("duckdb", reason="the extra collect-table is not installed")
ROWS = [
    ("1", "de", "29"),
    ("2", "fr", None),
    ("2", "de", "NA"),
    ("3", "de", "  "),
    (None, "it", "40"),
    ("5", "xx", "1"),
]
QUERY = "SELECT * FROM customers WHERE note <> ':x' -- all of them\n;"


def _sqlite(path: Path) -> Path:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE customers (id TEXT, country TEXT, age TEXT, note TEXT DEFAULT 'n', at TEXT)")
    connection.executemany("INSERT INTO customers (id, country, age) VALUES (?, ?, ?)", ROWS)
    connection.execute("UPDATE customers SET at = '2026-05-01 10:00:00'")
    connection.commit()
    connection.close()
    return path


def _query(folder: Path, text: str = QUERY) -> Path:
    path = folder / "customers.sql"
    path.write_text(text)
    return path


def test_sqlite_duckdb_and_csv_of_the_same_rows_give_the_same_facts(tmp_path: Path) -> None:
    """Completeness, keys and lists of values, whoever counts."""
    lite = _sqlite(tmp_path / "crm.sqlite")
    duck = tmp_path / "crm.duckdb"
    with duckdb.connect(str(duck)) as connection:
        connection.execute(
            "CREATE TABLE customers (id VARCHAR, country VARCHAR, age VARCHAR, note VARCHAR DEFAULT 'n')"
        )
        connection.executemany("INSERT INTO customers (id, country, age) VALUES (?, ?, ?)", ROWS)
    text = csv(
        tmp_path, "id,country,age\n" + "".join(f"{a or ''},{b},{c or ''}\n" for a, b, c in ROWS), "customers.csv"
    )
    stated = contract(
        tmp_path,
        {"name": "country", "quality": [{"metric": "invalidValues", "arguments": {"validValues": ["de", "fr", "it"]}}]},
    )
    told: dict[str, Option] = {"key": ("id",), "critical": ("age", "id"), "null_token": ("NA",)}
    for files in ((lite, _query(tmp_path)), (duck, _query(tmp_path)), (text,)):
        found = facts(*files, contract=stated, table="crm", **told)
        assert value(found["completeness"]) == 0.5
        assert value(found["uniqueness"]) == pytest.approx(4 / 6)
        assert value(found["validity"]) == pytest.approx(5 / 6)


def test_a_table_of_a_database_is_read_by_its_name(tmp_path: Path) -> None:
    """Without a query; what a column may hold is left to files, where one reader judges."""
    found = facts(_sqlite(tmp_path / "crm.db"), table="customers", key=("id",), critical=("age",))
    assert value(found["uniqueness"]) == pytest.approx(4 / 6)
    assert found["completeness"].status is Status.NOT_EVALUABLE


def test_the_latest_record_of_a_database_dates_the_facts(tmp_path: Path) -> None:
    """In the zone that is told."""
    found = facts(
        _sqlite(tmp_path / "crm.db"), table="customers", key=("id",), recorded_at="at", timezone="Europe/Berlin"
    )
    assert found["uniqueness"].as_of == datetime(2026, 5, 1, 8, tzinfo=UTC)


def test_the_url_of_a_database_is_never_told(tmp_path: Path) -> None:
    """It holds a password; a database that does not answer is told by the kind of its error alone."""
    url = tmp_path / "connection"
    url.write_text("postgresql+psycopg://bob:hunter2@127.0.0.1:1/crm?connect_timeout=1\n")
    with pytest.raises(ArtefactError) as caught:
        collected(_query(tmp_path), connection=str(url), key=("id",))
    assert "hunter2" not in str(caught.value)
    assert "bob" not in str(caught.value)
    assert "customers WHERE" not in str(caught.value)


@pytest.mark.parametrize("url", ["", "nonsense", "nosuchdb://host/x", "postgresql+nodriver://host/x"])
def test_what_is_no_url_is_refused(tmp_path: Path, url: str) -> None:
    """An empty file as well as an unknown dialect."""
    path = tmp_path / "connection"
    path.write_text(url)
    with pytest.raises(OptionError):
        collected(_query(tmp_path), connection=str(path), key=("id",))


def test_the_url_may_be_in_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As secrets are given in CI."""
    path = _sqlite(tmp_path / "crm.db")
    monkeypatch.setenv("CRM_URL", f"sqlite:///{path}")
    found = collected(_query(tmp_path), connection_variable="CRM_URL", key=("id",))
    assert [artefact.uri for artefact in found.artefacts] == ["customers.sql"]
    assert "rows: 6, columns: 5" in found.notes


@pytest.mark.parametrize(
    "query", ["DELETE FROM customers", "SELECT 1; DELETE FROM customers", "", "SELECT * FROM nowhere"]
)
def test_a_query_that_does_more_than_read_is_refused(tmp_path: Path, query: str) -> None:
    """One SELECT, and the database stays as it is."""
    path = _sqlite(tmp_path / "crm.db")
    before = path.read_bytes()
    with pytest.raises(ArtefactError):
        collected(path, _query(tmp_path, query), key=("id",))
    assert path.read_bytes() == before


def test_a_database_is_not_joined_with_a_file(tmp_path: Path) -> None:
    """And a lag is measured in files only."""
    path, other = _sqlite(tmp_path / "crm.db"), csv(tmp_path, "id\n1\n", "other.csv")
    with pytest.raises(OptionError, match="give both as files"):
        collected(path, other, table="customers", reference=("id=other.csv:id",))
    lag = facts(path, table="customers", recorded_at="at", loaded_at="at")["freshness_lag_p95"]
    assert lag.status is Status.NOT_EVALUABLE


def test_postgresql_counts_as_files_do(postgres_database: str, tmp_path: Path) -> None:
    """The aggregates are those of every dialect."""
    import sqlalchemy as sa

    url = tmp_path / "connection"
    address = postgres_database.replace("postgresql://", "postgresql+psycopg://")
    url.write_text(address)
    engine = sa.create_engine(address)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE customers (id text, country text, age text, born date)"))
        connection.execute(
            sa.text("INSERT INTO customers VALUES (:id, :country, :age, '2026-01-01')"),
            [{"id": a, "country": b, "age": c} for a, b, c in ROWS],
        )
    engine.dispose()
    query = _query(tmp_path, "SELECT id, country, age, born FROM customers WHERE country::text <> 'zz'")
    found = facts(query, connection=str(url), key=("id",), critical=("age", "born"), null_token=("NA",))
    assert value(found["completeness"]) == 0.5
    assert value(found["uniqueness"]) == pytest.approx(4 / 6)
