"""Who of several processes tells others: one at a time, and another one when that has ended."""

from __future__ import annotations

import asyncio
import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy import Connection, Engine, NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError

from readygate_server.adapters.storage.postgres import database_url

_KEY: Final = 0x72656164796E7463
"""Key of the lock in a PostgreSQL, the same for every version."""


class NoticeTurn(Protocol):
    """A lock that ends with the process or the connection that has it."""

    async def held(self) -> bool:
        """Returns whether this process has it, after trying to get it."""
        ...

    async def close(self) -> None:
        """Lets go of it."""
        ...


class FileTurn:
    """The lock of a data directory."""

    def __init__(self, directory: Path) -> None:
        """Takes the directory that the processes share."""
        self._file = os.open(directory / "webhooks.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    async def held(self) -> bool:
        """Returns whether this process has it."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    async def close(self) -> None:
        """Lets go of it."""
        os.close(self._file)


class DatabaseTurn:
    """The lock of a PostgreSQL, on a connection of its own."""

    def __init__(self, url: str) -> None:
        """Takes the address of the database."""
        self._engine: Engine = create_engine(database_url(url), hide_parameters=True, poolclass=NullPool)
        self._connection: Connection | None = None

    async def held(self) -> bool:
        """Returns whether this process has it; a connection that died has taken it along."""
        return await asyncio.to_thread(self._held)

    async def close(self) -> None:
        """Lets go of it."""
        await asyncio.to_thread(self._drop)
        self._engine.dispose()

    def _held(self) -> bool:
        try:
            if self._connection is not None:
                self._connection.execute(text("SELECT 1"))
                return True
            connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            self._connection = connection
            if connection.execute(text(f"SELECT pg_try_advisory_lock({_KEY})")).scalar_one():
                return True
        except DBAPIError:
            pass
        self._drop()
        return False

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(DBAPIError):
                connection.close()
