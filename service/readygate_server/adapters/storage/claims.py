"""Who was first with a request id. A claim is written in the transaction of its decision, so both are there or none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, select

from readygate_server.adapters.storage.bulk import insert_rows
from readygate_server.adapters.storage.pg_arrays import arrays, unnested
from readygate_server.adapters.storage.schema import IDEMPOTENCY, PAYLOAD

# Statements are put together once, since that takes as long as running one.
_CLAIMS: Final = IDEMPOTENCY.c
_READ: Final = (
    select(_CLAIMS.request_id, _CLAIMS.request_hash, _CLAIMS.decision_id, PAYLOAD.c.response)
    .select_from(IDEMPOTENCY.outerjoin(PAYLOAD, PAYLOAD.c.decision_id == _CLAIMS.decision_id))
    .where(_CLAIMS.caller == bindparam("caller"), _CLAIMS.request_id.in_(bindparam("request_ids", expanding=True)))
)
_CLAIM_UNLESS_TAKEN: Final = " ".join(
    (
        "INSERT INTO idempotency (caller, request_id, request_hash, decision_id) SELECT * FROM",
        unnested(IDEMPOTENCY),
        "ON CONFLICT DO NOTHING RETURNING caller, request_id",
    )
)


class Key(NamedTuple):
    """A request id; each caller has its own."""

    caller: str
    request_id: str


class Claim(NamedTuple):
    """What a request id stands for."""

    request_hash: bytes
    decision_id: str
    response: bytes
    """Empty when retention has dropped it."""


def read_claims(connection: Connection, keys: Collection[Key]) -> dict[Key, Claim]:
    """Returns the claims among keys."""
    # A question per caller, because for pairs of columns SQLite reads the whole table.
    by_caller: dict[str, list[str]] = {}
    for caller, request_id in keys:
        by_caller.setdefault(caller, []).append(request_id)
    return {
        Key(caller, row.request_id): Claim(bytes(row.request_hash), row.decision_id, bytes(row.response or b""))
        for caller, request_ids in by_caller.items()
        for row in connection.execute(_READ, {"caller": caller, "request_ids": request_ids})
    }


def claim_keys(connection: Connection, claims: Mapping[Key, tuple[bytes, str]]) -> frozenset[Key]:
    """Claims keys by request hash and decision id; returns those that somebody else has."""
    if not claims:
        return frozenset()
    # The same order everywhere, so that two servers never wait for each other.
    rows = [(*key, *claims[key]) for key in sorted(claims)]
    if connection.dialect.name != "postgresql":
        insert_rows(connection, IDEMPOTENCY, rows)
        return frozenset()
    claimed = connection.exec_driver_sql(_CLAIM_UNLESS_TAKEN, arrays(IDEMPOTENCY, rows))
    return frozenset(claims) - {Key(*each) for each in claimed}
