"""Erasures that the log knows of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the table. The triggers are made at every start."""
    op.create_table(
        "erasure",
        sa.Column("person_ref", sa.Text, primary_key=True),
        sa.Column("entry_id", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
