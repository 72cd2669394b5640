"""The record: entries, decisions with their payloads, and the log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_INDEX = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Makes the tables. The triggers are made at every start."""
    _entries()
    _decisions()
    _log()
    op.create_table(
        "retention",
        sa.Column("entry_id", sa.Text, primary_key=True),
        sa.Column("recorded_before", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "ruleset_source",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("bundle", sa.LargeBinary, nullable=False),
    )


def _entries() -> None:
    op.create_table(
        "entry",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table("pending", sa.Column("entry_id", sa.Text, primary_key=True), sqlite_with_rowid=False)


def _decisions() -> None:
    words = ("name", "version", "digest", "channel", "effective_from", "effective_until", "summary")
    op.create_table(
        "decision",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("proposal_id", sa.Text, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("gate", sa.Integer, nullable=False),
        sa.Column("tier", sa.Integer, nullable=False),
        sa.Column("as_of", sa.Text, nullable=False),
        *(sa.Column(f"ruleset_{word}", sa.Text, nullable=False) for word in words),
        sa.Column("rule_count", sa.Integer, nullable=False),
        sa.Column("engine_version", sa.Text, nullable=False),
        sa.Column("facts_digest", sa.Text, nullable=False),
        sa.Column("request_digest", sa.Text, nullable=False),
        sa.Column("waiver_ids", sa.Text, nullable=False),
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("caller_cipher", sa.LargeBinary, nullable=False),
        sa.Column("request_id", sa.Text, nullable=False),
    )
    for column in ("proposal_id", "verdict", "ruleset_name", "ruleset_digest", "caller"):
        op.create_index(f"decision_by_{column}", "decision", [column, "id"])
    op.create_table(
        "payload",
        sa.Column("decision_id", sa.Text, primary_key=True),
        sa.Column("request", sa.LargeBinary, nullable=False),
        sa.Column("names", sa.LargeBinary, nullable=False),
        sa.Column("response", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "idempotency",
        sa.Column("caller", sa.Text, primary_key=True),
        sa.Column("request_id", sa.Text, primary_key=True),
        sa.Column("request_hash", sa.LargeBinary, nullable=False),
        sa.Column("decision_id", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )


def _log() -> None:
    head = op.create_table("log_head", sa.Column("only", sa.Integer, primary_key=True, autoincrement=False))
    op.bulk_insert(head, [{"only": 1}])
    op.create_table(
        "log_leaf",
        sa.Column("leaf_index", _INDEX, primary_key=True, autoincrement=False),
        sa.Column("entry_id", sa.Text, nullable=False, unique=True),
        sa.Column("leaf_hash", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "log_node",
        sa.Column("level", sa.Integer, primary_key=True),
        sa.Column("node_index", sa.BigInteger, primary_key=True),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "checkpoint",
        sa.Column("tree_size", _INDEX, primary_key=True, autoincrement=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
