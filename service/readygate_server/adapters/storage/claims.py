"""Who was first with a request id. A claim is written in the transaction of its decision, so both are there or none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from sqlalchemy import Connection, insert, select, tuple_
from sqlalchemy.dialects import postgresql

from readygate_server.adapters.storage.schema import IDEMPOTENCY, PAYLOAD


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
    if not keys:
        return {}
    claim = IDEMPOTENCY.c
    query = (
        select(claim.caller, claim.request_id, claim.request_hash, claim.decision_id, PAYLOAD.c.response)
        .select_from(IDEMPOTENCY.outerjoin(PAYLOAD, PAYLOAD.c.decision_id == claim.decision_id))
        .where(tuple_(claim.caller, claim.request_id).in_(keys))
    )
    return {
        Key(caller, request_id): Claim(bytes(request_hash), decision_id, bytes(response or b""))
        for caller, request_id, request_hash, decision_id, response in connection.execute(query)
    }


def claim_keys(connection: Connection, claims: Mapping[Key, tuple[bytes, str]]) -> frozenset[Key]:
    """Claims keys by request hash and decision id; returns those that somebody else has."""
    if not claims:
        return frozenset()
    rows = [
        {
            "caller": key.caller,
            "request_id": key.request_id,
            "request_hash": claims[key][0],
            "decision_id": claims[key][1],
        }
        for key in sorted(claims)  # the same order everywhere, so that two servers never wait for each other
    ]
    if connection.dialect.name != "postgresql":
        connection.execute(insert(IDEMPOTENCY), rows)
        return frozenset()
    claimed = connection.execute(
        postgresql.insert(IDEMPOTENCY)
        .on_conflict_do_nothing()
        .returning(IDEMPOTENCY.c.caller, IDEMPOTENCY.c.request_id),
        rows,
    )
    return frozenset(claims) - {Key(caller, request_id) for caller, request_id in claimed}
