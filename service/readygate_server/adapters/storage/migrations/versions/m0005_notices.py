"""What others are told of, who has got it, and what is waited for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables. They are no part of the record: what is told follows from the log, so rows come and go."""
    op.create_table(
        "notice_source",
        sa.Column("only", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("next_leaf", sa.BigInteger, nullable=False),
        sa.Column("first_leaf", sa.BigInteger, nullable=False),
        sa.Column("next_position", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "notice",
        sa.Column(
            "position", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False
        ),
        sa.Column("event_id", sa.Text, nullable=False, unique=True),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "notice_watch",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("notice", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("notice_watch_in_order", "notice_watch", ["due_at"])
    op.create_table(
        "notice_told",
        sa.Column("decision_id", sa.Text, primary_key=True),
        sa.Column("verdict", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "notice_endpoint",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("url_digest", sa.Text, nullable=False),
        sa.Column("is_disabled", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "notice_delivery",
        sa.Column("endpoint", sa.Text, primary_key=True),
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("first_at", sa.BigInteger, nullable=False),
        sa.Column("next_at", sa.BigInteger, nullable=False),
        sa.Column("is_dead", sa.Integer, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
