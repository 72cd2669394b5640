"""The keys of persons in a database of their own, apart from the record, so that backups of it can be short-lived."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    Column,
    Connection,
    LargeBinary,
    MetaData,
    Table,
    Text,
    create_engine,
    delete,
    event,
    insert,
    make_url,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from readygate_server.adapters.durable import sync_path
from readygate_server.adapters.storage.bulk import insert_rows
from readygate_server.adapters.storage.errors import StoreRefusedError
from readygate_server.adapters.storage.pg_arrays import teach
from readygate_server.domain.errors import RecordUnavailableError

FILE: Final = "names.db"
SCHEMA: Final = "readygate_names"
_FORMAT: Final = b"1"
_AT_ONCE: Final = 500
"""Values in one question; SQLite takes 32,766."""
_LOCK: Final = 0x7264_6761_6E61_6D65
"""Number of the lock under which replicas set up the schema."""

_METADATA: Final = MetaData()
_PERSON: Final = Table(
    "person",
    _METADATA,
    Column("ref", Text, primary_key=True),
    Column("lookup", LargeBinary, nullable=False, unique=True),
    Column("wrapped", LargeBinary, nullable=False),
)
_ERASED: Final = Table(
    "erased",
    _METADATA,
    Column("ref", Text, primary_key=True),
    Column("reason", Text, nullable=False),
)
"""Erasures, which the log has to know of."""
_SETTING: Final = Table(
    "setting",
    _METADATA,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
_LOOKUP: Final = itemgetter(1)
"""Persons are added in one order everywhere, so that two servers never wait for each other."""
_Insert = postgresql.Insert | sqlite.Insert
_OPTIONS: Final = ("journal_mode=TRUNCATE", "synchronous=FULL", "secure_delete=ON", "trusted_schema=OFF")
_EXPECTED: Final = {"journal_mode": "truncate", "synchronous": 2, "secure_delete": 1}


class NamesDatabase:
    """The rows behind a vault. Every method raises RecordUnavailableError."""

    def __init__(self, url: str) -> None:
        """Connects to a PostgreSQL, or to an SQLite file that is there."""
        self._is_postgresql = make_url(url).get_backend_name() == "postgresql"
        if self._is_postgresql:
            options = {"schema_translate_map": {None: SCHEMA}}
            self._engine = create_engine(
                url, pool_pre_ping=True, pool_size=2, execution_options=options, hide_parameters=True
            )
            event.listen(self._engine, "connect", lambda connection, _record: teach(connection))
        else:
            lite = {"timeout": 10.0, "isolation_level": None}
            self._engine = create_engine(url, connect_args=lite, pool_size=2, hide_parameters=True)
            event.listen(self._engine, "connect", _set_up)
            event.listen(self._engine, "begin", _begin)
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Lets go of the database."""
        self._engine.dispose()

    @property
    def is_empty(self) -> bool:
        """True while no key was ever kept here, so that none can be lost."""
        return self.setting("kek") is None

    def setting(self, name: str) -> bytes | None:
        """Returns a setting, or None."""
        with self._reading() as connection:
            return _setting(connection, name)

    def begin(self, settings: Mapping[str, bytes]) -> None:
        """Keeps the first settings; those of another process stay when it was faster."""
        values = [{"name": name, "value": value} for name, value in settings.items()]
        with self._changing() as connection:
            connection.execute(self._insert(_SETTING).on_conflict_do_nothing(index_elements=["name"]), values)

    def by_lookup(self, lookups: Sequence[bytes]) -> dict[bytes, tuple[str, bytes]]:
        """Returns reference and wrapped key by lookup value."""
        with self._reading() as connection:
            return _by_lookup(connection, lookups)

    def by_reference(self, references: Sequence[str]) -> dict[str, bytes]:
        """Returns wrapped keys by reference."""
        found: dict[str, bytes] = {}
        with self._reading() as connection:
            for start in range(0, len(references), _AT_ONCE):
                some = references[start : start + _AT_ONCE]
                rows = connection.execute(select(_PERSON.c.ref, _PERSON.c.wrapped).where(_PERSON.c.ref.in_(some)))
                found.update((ref, bytes(wrapped)) for ref, wrapped in rows)
        return found

    @contextmanager
    def adding(self) -> Iterator[tuple[str, _Adding]]:
        """Yields the id of the wrapping key in use, which can not change meanwhile, and what adds persons."""
        with self._changing() as connection:
            if self._is_postgresql:
                connection.execute(select(_SETTING).where(_SETTING.c.name == "kek").with_for_update(read=True))
            kek = _setting(connection, "kek")
            assert kek is not None, "settings are kept before anybody is added"
            yield kek.decode(), _Adding(connection, f"{SCHEMA}.person" if self._is_postgresql else "person")

    def erase(self, lookup: bytes, reason: str) -> str | None:
        """Deletes a person's row and notes that it was erased, both or neither; returns the reference."""
        with self._changing() as connection:
            row = connection.execute(select(_PERSON.c.ref).where(_PERSON.c.lookup == lookup)).first()
            if row is None:
                return None
            connection.execute(insert(_ERASED), {"ref": row.ref, "reason": reason})
            connection.execute(delete(_PERSON).where(_PERSON.c.ref == row.ref))
        self._scrub()
        return str(row.ref)

    def erased(self) -> list[tuple[str, str]]:
        """Returns reference and reason of all erasures."""
        with self._reading() as connection:
            return [(row.ref, row.reason) for row in connection.execute(select(_ERASED).order_by(_ERASED.c.ref))]

    def remove(self, erasures: Sequence[tuple[str, str]]) -> int:
        """Deletes the rows of persons who were erased elsewhere, and notes it; returns how many there were."""
        removed = 0
        known = {reference for reference, _ in self.erased()}
        with self._changing() as connection:
            for reference, reason in erasures:
                removed += connection.execute(delete(_PERSON).where(_PERSON.c.ref == reference)).rowcount
                if reference not in known:
                    note = self._insert(_ERASED).on_conflict_do_nothing(index_elements=["ref"])
                    connection.execute(note, {"ref": reference, "reason": reason})
        if removed:
            self._scrub()
        return removed

    @contextmanager
    def rewrapping(self) -> Iterator[_Rewrapping]:
        """Yields what replaces all wrapped keys, all or none."""
        with self._changing() as connection:
            if self._is_postgresql:
                connection.execute(select(_SETTING).where(_SETTING.c.name == "kek").with_for_update())
            yield _Rewrapping(connection)
        self._scrub()

    def _prepare(self) -> None:
        with self._changing() as connection:
            if self._is_postgresql:
                connection.execute(text("select pg_advisory_xact_lock(:number)"), {"number": _LOCK})
                connection.execute(text(f"create schema if not exists {SCHEMA}"))
            _METADATA.create_all(connection)
            _check_format(connection)

    def _insert(self, table: Table) -> _Insert:
        return postgresql.insert(table) if self._is_postgresql else sqlite.insert(table)

    def _scrub(self) -> None:
        """Asks PostgreSQL to overwrite deleted rows soon; SQLite has overwritten them with zeros in the same commit."""
        if self._is_postgresql:
            with self._reading() as connection:
                connection.execute(text(f"vacuum {SCHEMA}.person"))

    @contextmanager
    def _changing(self) -> Iterator[Connection]:
        with _as_outage(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with _as_outage(), self._engine.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")


class _Adding:
    """Adds persons within a transaction."""

    def __init__(self, connection: Connection, table: str) -> None:
        self._connection = connection
        self._table = table

    def add(self, rows: Sequence[tuple[str, bytes, bytes]]) -> dict[bytes, tuple[str, bytes]]:
        """Adds reference, lookup value and wrapped key; returns what holds, which another process may have added."""
        unless = "ON CONFLICT (lookup) DO NOTHING"
        added = insert_rows(self._connection, _PERSON, sorted(rows, key=_LOOKUP), into=self._table, unless=unless)
        if added == len(rows):
            return {lookup: (ref, wrapped) for ref, lookup, wrapped in rows}
        return _by_lookup(self._connection, [lookup for _, lookup, _ in rows])


class _Rewrapping:
    """Replaces wrapped keys within a transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def setting(self, name: str) -> bytes | None:
        """Returns a setting."""
        return _setting(self._connection, name)

    def set(self, name: str, value: bytes) -> None:
        """Replaces a setting."""
        self._connection.execute(update(_SETTING).where(_SETTING.c.name == name).values(value=value))

    def rows(self) -> list[tuple[str, bytes]]:
        """Returns reference and wrapped key of everybody."""
        return [(row.ref, row.wrapped) for row in self._connection.execute(select(_PERSON.c.ref, _PERSON.c.wrapped))]

    def replace(self, reference: str, wrapped: bytes) -> None:
        """Replaces a wrapped key."""
        self._connection.execute(update(_PERSON).where(_PERSON.c.ref == reference).values(wrapped=wrapped))


def open_database(place: Path | str) -> NamesDatabase:
    """Opens the database in a directory or at a PostgreSQL URL; makes it when it is not there.

    Raises:
      RecordUnavailableError: when it can not be reached.
      StoreRefusedError: when it is of a newer version.
    """
    if isinstance(place, str):
        return NamesDatabase(place)
    path = place / FILE
    try:
        # Made before SQLite does, which would let others read it.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        database = NamesDatabase(f"sqlite:///{path}")
        sync_path(place)
    except OSError as error:
        raise RecordUnavailableError(f"{path}: {error.strerror}") from error
    return database


@contextmanager
def _as_outage() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        raise RecordUnavailableError(f"names: {error}") from error


def _set_up(connection: Any, _record: object) -> None:
    for option in _OPTIONS:
        connection.execute(f"PRAGMA {option}")
    for name, expected in _EXPECTED.items():
        (found,) = connection.execute(f"PRAGMA {name}").fetchone()
        if found != expected:
            raise RecordUnavailableError(f"names: {name} is {found}, expected {expected}")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _check_format(connection: Connection) -> None:
    found = _setting(connection, "format")
    if found is None:
        connection.execute(insert(_SETTING), {"name": "format", "value": _FORMAT})
    elif found != _FORMAT:
        raise StoreRefusedError(
            f"the format of the names is {found.decode()}, this version reads {_FORMAT.decode()}; "
            "start the version that was used last, or a newer one"
        )


def _setting(connection: Connection, name: str) -> bytes | None:
    row = connection.execute(select(_SETTING.c.value).where(_SETTING.c.name == name)).first()
    return bytes(row.value) if row is not None else None


def _by_lookup(connection: Connection, lookups: Sequence[bytes]) -> dict[bytes, tuple[str, bytes]]:
    found: dict[bytes, tuple[str, bytes]] = {}
    for start in range(0, len(lookups), _AT_ONCE):
        some = lookups[start : start + _AT_ONCE]
        rows = connection.execute(
            select(_PERSON.c.lookup, _PERSON.c.ref, _PERSON.c.wrapped).where(_PERSON.c.lookup.in_(some))
        )
        found.update({bytes(lookup): (ref, bytes(wrapped)) for lookup, ref, wrapped in rows})
    return found
