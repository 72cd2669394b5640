"""The PostgreSQL for tests does what the tests of storage rely on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from tests import postgres
from tests.postgres import Cluster, PostgresError

ROOT = Path(__file__).parents[2]
PUT_OFF = {"synchronous_commit": "off", "wal_writer_delay": "10s"}
"""Settings under which a commit is acknowledged up to seconds before it is written."""


def run(url: str, statement: str) -> list[tuple[object, ...]]:
    """Runs one statement in a transaction of its own and returns its rows."""
    with psycopg.connect(url) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def folder_of(url: str) -> Path:
    """Returns the folder that a server started here keeps everything in."""
    return Path(parse_qs(urlsplit(url).query)["host"][0])


def row_after_crash(cluster: Cluster) -> bool:
    """Says whether a row whose commit was acknowledged is there after the server was killed and started again."""
    run(cluster.url, "CREATE TABLE kept (id int)")
    run(cluster.url, "CHECKPOINT")
    run(cluster.url, "INSERT INTO kept VALUES (1)")
    cluster.kill()
    assert not cluster.is_running
    cluster.start()
    return run(cluster.url, "SELECT id FROM kept") == [(1,)]


def test_a_row_survives_a_killed_server(postgres_cluster: Cluster) -> None:
    """A commit that was acknowledged is there after all processes of the server were killed at once."""
    assert row_after_crash(postgres_cluster)


def test_a_kill_is_a_crash_and_no_shutdown() -> None:
    """A server told to write commits later loses one when it is killed, so the kill leaves it no time to tidy up."""
    with postgres.private_cluster(PUT_OFF) as cluster:
        assert not row_after_crash(cluster)


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_has_a_database_of_its_own(postgres_database: str, turn: int) -> None:
    """Two tests make the same table in the database that each of them got, and find only their own row."""
    run(postgres_database, "CREATE TABLE mine (turn int)")
    with psycopg.connect(postgres_database) as connection:
        connection.execute("INSERT INTO mine VALUES (%s)", [turn])

    assert run(postgres_database, "SELECT turn FROM mine") == [(turn,)]


def test_a_database_is_copied_and_dropped(postgres_url: str, postgres_database: str) -> None:
    """A database made like another has its tables, changes without it, and is gone when its block is left."""
    run(postgres_database, "CREATE TABLE shape (id int)")
    with postgres.fresh_database(postgres_url, like=postgres_database) as copy:
        run(copy, "INSERT INTO shape VALUES (1)")

    assert run(postgres_database, "SELECT count(*) FROM shape") == [(0,)]
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        run(copy, "SELECT 1")


def test_a_stopped_server_refuses_and_a_started_one_answers(postgres_cluster: Cluster) -> None:
    """Stopping ends the connections and refuses new ones until the server is started; a second start is refused."""
    postgres_cluster.stop()
    with pytest.raises(psycopg.OperationalError):
        run(postgres_cluster.url, "SELECT 1")

    postgres_cluster.start()

    assert run(postgres_cluster.url, "SELECT 1") == [(1,)]
    with pytest.raises(PostgresError, match="is running"):
        postgres_cluster.start()


@pytest.mark.parametrize("from_pip", [False, True])
def test_a_server_syncs_and_is_reached_through_a_socket_only(from_pip: bool) -> None:
    """The machine's PostgreSQL and the one that pip installed sync what they commit and listen on no network."""
    with postgres.private_cluster(from_pip=from_pip) as cluster:
        assert run(cluster.url, "SHOW fsync") == [("on",)]
        assert run(cluster.url, "SHOW synchronous_commit") == [("on",)]
        assert run(cluster.url, "SHOW listen_addresses") == [("",)]
        assert folder_of(cluster.url).stat().st_mode & 0o077 == 0


def test_a_failing_test_leaves_no_server_behind() -> None:
    """An exception inside the block ends the server and removes its data."""
    with pytest.raises(ZeroDivisionError), postgres.private_cluster() as cluster:
        raise ZeroDivisionError

    assert not cluster.is_running
    assert not folder_of(cluster.url).exists()


def test_a_killed_test_run_leaves_no_server_behind() -> None:
    """When the process that started a server is killed, the server ends and its data is removed all the same."""
    code = "from tests import postgres; c = postgres.Cluster(); c.start(); print(c.url, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        folder = folder_of(owner.stdout.readline())
        server = int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        owner.send_signal(signal.SIGKILL)

    deadline = time.monotonic() + 30
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.05)

    assert not folder.exists()
    assert not is_alive(server)


def is_alive(process: int) -> bool:
    """Says whether a process is there and is no zombie, which only its new parent could remove."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def test_the_environment_names_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address in the environment is used as it is, and nothing is started."""
    monkeypatch.setenv(postgres.URL_VARIABLE, "postgresql://somebody@somewhere/maintenance")

    with postgres.shared_server() as url:
        assert url == "postgresql://somebody@somewhere/maintenance"
