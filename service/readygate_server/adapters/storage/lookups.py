"""Questions about many keys at once whose text never changes, so that each is put together and prepared once."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Final

from sqlalchemy import Connection

from readygate_server.adapters.storage.pg_arrays import Texts, array

_PG_WITH_WAIVERS: Final = "SELECT DISTINCT facts_digest FROM waiver_step WHERE facts_digest = ANY(%s)"
_SQLITE_WITH_WAIVERS: Final = (
    "SELECT DISTINCT facts_digest FROM waiver_step WHERE facts_digest IN (SELECT value FROM json_each(?))"
)


def with_waivers(connection: Connection, facts_digests: Collection[str]) -> frozenset[str]:
    """Returns the digests of facts of which there are steps of waivers."""
    if not facts_digests:
        return frozenset()
    if connection.dialect.name == "postgresql":
        found = connection.exec_driver_sql(_PG_WITH_WAIVERS, (array(Texts, [*facts_digests]),))
    else:
        found = connection.exec_driver_sql(_SQLITE_WITH_WAIVERS, (json.dumps([*facts_digests]),))
    return frozenset(found.scalars())
