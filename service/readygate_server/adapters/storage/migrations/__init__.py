"""Brings a database to the tables that this version needs, safely when several servers start at once."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from readygate_server.adapters.storage.errors import StoreRefusedError
from readygate_server.adapters.storage.guards import restore_guards

_HERE: Final = Path(__file__).parent


def migrate(connection: Connection) -> None:
    """Brings the database to the newest tables, in the transaction of a connection that keeps others out.

    Raises:
      StoreRefusedError: when a newer version has been at work on it.
    """
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
        command.upgrade(config, "head")
    restore_guards(connection)
