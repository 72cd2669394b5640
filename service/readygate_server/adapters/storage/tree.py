"""The Merkle log in its tables: its edge, what an append adds to it, and its nodes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, bindparam, func, select

from readygate_server.adapters.storage.bulk import insert_rows
from readygate_server.adapters.storage.schema import CHECKPOINT, LOG_LEAF, LOG_NODE
from readygate_server.application.record_ports import CheckpointSigner
from readygate_server.domain.merkle import NodeId, extend, frontier, leaf_hash, root_of
from readygate_server.domain.record import TreeHead

_LEAVES: Final = select(LOG_LEAF.c.leaf_index, LOG_LEAF.c.leaf_hash).where(
    LOG_LEAF.c.leaf_index.in_(bindparam("indexes", expanding=True))
)
_NODES: Final = select(LOG_NODE).where(
    LOG_NODE.c.level.in_(bindparam("levels", expanding=True)),
    LOG_NODE.c.node_index.in_(bindparam("indexes", expanding=True)),
)


@dataclass(frozen=True, slots=True)
class Edge:
    """What an append reads of a tree."""

    size: int = 0
    nodes: Mapping[NodeId, bytes] = field(default_factory=dict)


def read_size(connection: Connection) -> int:
    """Returns the number of leaves."""
    last = connection.execute(select(func.max(LOG_LEAF.c.leaf_index))).scalar_one()
    return 0 if last is None else last + 1


def read_edge(connection: Connection) -> Edge:
    """Returns the edge of the tree as it is."""
    size = read_size(connection)
    return Edge(size, read_nodes(connection, frontier(size)))


def read_nodes(connection: Connection, ids: Iterable[NodeId]) -> dict[NodeId, bytes]:
    """Returns the hashes of nodes that there are."""
    wanted = frozenset(ids)
    leaves = {"indexes": [index for level, index in wanted if level == 0]}
    # Every level with every index, and no pairs, for which SQLite would read the whole table. A proof names few.
    inner = {
        "levels": list({level for level, _index in wanted if level}),
        "indexes": list({index for level, index in wanted if level}),
    }
    found = {(0, index): bytes(hashed) for index, hashed in connection.execute(_LEAVES, leaves)}
    for level, index, hashed in connection.execute(_NODES, inner):
        if (level, index) in wanted:
            found[level, index] = bytes(hashed)
    return found


def read_head(connection: Connection) -> TreeHead | None:
    """Returns the newest signed tree."""
    newest = select(CHECKPOINT).order_by(CHECKPOINT.c.tree_size.desc()).limit(1)
    row = connection.execute(newest).one_or_none()
    return None if row is None else TreeHead(row.tree_size, bytes(row.root), row.note)


def lengthen(
    connection: Connection, edge: Edge, entries: Sequence[tuple[str, bytes]], signer: CheckpointSigner
) -> tuple[Edge, TreeHead]:
    """Appends entries, by id and bytes, to the tree and signs it; returns its new edge and head."""
    hashes = [leaf_hash(body) for _id, body in entries]
    fresh = extend(edge.size, hashes, edge.nodes)
    size = edge.size + len(entries)
    ids = [id_ for id_, _body in entries]
    insert_rows(connection, LOG_LEAF, list(zip(range(edge.size, size), ids, hashes, strict=True)))
    insert_rows(connection, LOG_NODE, [(*node, hashed) for node, hashed in fresh.items() if node[0]])
    known = {**edge.nodes, **fresh}
    grown = Edge(size, {node: known[node] for node in frontier(size)})
    root = root_of(size, grown.nodes)
    head = TreeHead(size, root, signer.sign(size, root))
    insert_rows(connection, CHECKPOINT, [(size, root, head.note)])
    return grown, head
