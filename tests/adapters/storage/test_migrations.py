"""Databases are brought to the newest tables by whoever opens them first."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine, MetaData, NullPool, create_engine, event, inspect, text
from sqlalchemy.exc import OperationalError

from readygate_server.adapters.storage import StoreRefusedError, postgres, sqlite
from readygate_server.adapters.storage.guards import missing_guards
from readygate_server.adapters.storage.migrations import migrate
from readygate_server.adapters.storage.schema import METADATA

PROCESSES = 8
MIGRATE = """
import sys
from pathlib import Path
from readygate_server.adapters.storage import postgres, sqlite
from readygate_server.adapters.storage.migrations import migrate
place = sys.argv[1]
if "://" in place:
    engine = postgres.engine_for(postgres.database_url(place), connections=1)
else:
    engine = sqlite.writing_engine(Path(place))
print("ready", flush=True)
sys.stdin.readline()
with engine.begin() as connection:
    migrate(connection)
"""


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database: the path of a file, or a URL."""
    if request.param == "sqlite":
        sqlite.create_file(tmp_path / "record.db")
        return str(tmp_path / "record.db")
    url: str = request.getfixturevalue("postgres_database")
    return url


def engine_of(place: str) -> Engine:
    """Returns an engine that may write."""
    if "://" in place:
        return postgres.engine_for(postgres.database_url(place), connections=1)
    return sqlite.writing_engine(Path(place))


def test_eight_processes_migrate_once(place: str) -> None:
    """Of 8 processes that open an empty database at once all succeed, and every table and trigger is there."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", MIGRATE, place], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(PROCESSES)
    ]
    for each in started:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    for each in started:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.close()
    codes = [each.wait() for each in started]
    for each in started:
        assert each.stdout is not None
        each.stdout.close()
    engine = engine_of(place)
    with engine.begin() as connection:
        tables = set(inspect(connection).get_table_names())
        versions = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
        missing = missing_guards(connection)
    engine.dispose()

    assert codes == [0] * PROCESSES
    assert len(versions) == 1
    assert set(METADATA.tables) <= tables
    assert missing == set()


def test_without_a_lock_the_second_of_two_fails(tmp_path: Path) -> None:
    """It is the lock that lets several migrate: of two that only read at first, as is usual, one can not write."""
    path = tmp_path / "record.db"
    sqlite.create_file(path)
    engine = create_engine("sqlite://", creator=lambda: sqlite.connect(path, mode="rw"), poolclass=NullPool)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    with engine.connect() as first, engine.connect() as second:
        assert inspect(first).get_table_names() == inspect(second).get_table_names() == []
        migrate(first)
        first.commit()
        with pytest.raises(OperationalError, match="locked"):
            migrate(second)


def test_the_tables_are_those_that_are_spoken_to(place: str) -> None:
    """The migrations make the columns that the code knows, no more and no fewer."""
    engine = engine_of(place)
    with engine.begin() as connection:
        migrate(connection)
        made = MetaData()
        made.reflect(connection)
    engine.dispose()
    columns = {
        name: {(column.name, bool(column.nullable), bool(column.primary_key)) for column in table.c}
        for name, table in made.tables.items()
        if name in METADATA.tables
    }

    assert columns == {
        name: {(column.name, bool(column.nullable), bool(column.primary_key)) for column in table.c}
        for name, table in METADATA.tables.items()
    }


def test_the_database_of_a_newer_version_is_refused(place: str) -> None:
    """A database with migrations that this version does not know is left alone."""
    engine = engine_of(place)
    with engine.begin() as connection:
        migrate(connection)
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreRefusedError, match="9999"), engine.begin() as connection:
        migrate(connection)
    engine.dispose()
