"""Brings a database to the tables that this version needs, safely when several servers start at once."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from readygate_server.adapters.storage.errors import StoreRefusedError
from readygate_server.adapters.storage.guards import restore_guards

_HERE: Final = Path(__file__).parent
_ALEMBIC: Final = threading.Lock()
"""Alembic keeps what it is doing in a global."""
_LOCK: Final = 0x7265616479676174
"""Key of the lock, the same for every version."""


def migrate(connection: Connection) -> None:
    """Brings the database to the newest tables and their triggers, within the transaction of a connection.

    On SQLite the transaction itself keeps others out from its beginning, on PostgreSQL a lock that ends with it.

    Raises:
      StoreRefusedError: when a newer version has been at work on it.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0"))
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    config = Config()
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    newest = ScriptDirectory.from_config(config).get_current_head()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    found = MigrationContext.configure(connection).get_current_revision()
    if found is not None and found not in known:
        raise StoreRefusedError(
            f"the database is at migration {found}, this version knows none after {newest}; "
            "start the version that was used last, or a newer one"
        )
    if found != newest:
        with _ALEMBIC:
            command.upgrade(config, "head")
    restore_guards(connection)
