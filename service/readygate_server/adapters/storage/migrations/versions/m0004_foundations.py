"""Revisions of assets, the requests that registered them, and the proposals that reference assets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables. The triggers are made at every start."""
    op.create_table(
        "asset_revision",
        sa.Column("scope", sa.Text, primary_key=True),
        sa.Column("asset_id", sa.Text, primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("entry_id", sa.Text, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("names", sa.LargeBinary, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("actor_cipher", sa.LargeBinary, nullable=False),
        sa.Column("content_commitment", sa.LargeBinary, nullable=False),
        sa.Column("actor_commitment", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "asset_request",
        sa.Column("caller", sa.Text, primary_key=True),
        sa.Column("request_id", sa.Text, primary_key=True),
        sa.Column("request_hash", sa.LargeBinary, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("asset_id", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("is_new", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "asset_use",
        sa.Column("scope", sa.Text, primary_key=True),
        sa.Column("asset_id", sa.Text, primary_key=True),
        sa.Column("proposal_id", sa.Text, primary_key=True),
        sa.Column("noted_id", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("asset_use_in_order", "asset_use", ["scope", "asset_id", "noted_id"])
