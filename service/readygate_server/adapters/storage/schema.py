"""The tables of the record, the same on both engines. Migrations make them; this is how they are spoken to.

Texts have no length: SQLite ignores it, and changing one later would copy the table and lose its triggers.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, Table, Text

METADATA: Final = MetaData()
INDEX: Final = BigInteger().with_variant(Integer, "sqlite")
"""Only under this name does SQLite make the key of a table the place of its row."""

ENTRY: Final = Table(
    "entry",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("recorded_at", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
DECISION: Final = Table(
    "decision",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("recorded_at", BigInteger, nullable=False),
    Column("proposal_id", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("gate", Integer, nullable=False),
    Column("tier", Integer, nullable=False),
    Column("as_of", Text, nullable=False),
    Column("ruleset_name", Text, nullable=False),
    Column("ruleset_version", Text, nullable=False),
    Column("ruleset_digest", Text, nullable=False),
    Column("ruleset_channel", Text, nullable=False),
    Column("ruleset_effective_from", Text, nullable=False),
    Column("ruleset_effective_until", Text, nullable=False),
    Column("ruleset_summary", Text, nullable=False),
    Column("rule_count", Integer, nullable=False),
    Column("engine_version", Text, nullable=False),
    Column("facts_digest", Text, nullable=False),
    Column("request_digest", Text, nullable=False),
    Column("waiver_ids", Text, nullable=False),
    Column("caller", Text, nullable=False),
    Column("caller_cipher", LargeBinary, nullable=False),
    Column("request_id", Text, nullable=False),
)
PAYLOAD: Final = Table(
    "payload",
    METADATA,
    Column("decision_id", Text, primary_key=True),
    Column("request", LargeBinary, nullable=False),
    Column("names", LargeBinary, nullable=False),
    Column("response", LargeBinary, nullable=False),
)
IDEMPOTENCY: Final = Table(
    "idempotency",
    METADATA,
    Column("caller", Text, primary_key=True),
    Column("request_id", Text, primary_key=True),
    Column("request_hash", LargeBinary, nullable=False),
    Column("decision_id", Text, nullable=False),
    sqlite_with_rowid=False,
)
PENDING: Final = Table(
    "pending",
    METADATA,
    Column("entry_id", Text, primary_key=True),
    sqlite_with_rowid=False,
)
"""Entries that the log has not taken in; on SQLite the writer takes them in at once, and nothing is ever in here."""
LOG_HEAD: Final = Table(
    "log_head",
    METADATA,
    Column("only", Integer, primary_key=True, autoincrement=False),
)
"""One row, whose lock elects the sequencer of a PostgreSQL."""
LOG_LEAF: Final = Table(
    "log_leaf",
    METADATA,
    Column("leaf_index", INDEX, primary_key=True, autoincrement=False),
    Column("entry_id", Text, nullable=False, unique=True),
    Column("leaf_hash", LargeBinary, nullable=False),
)
LOG_NODE: Final = Table(
    "log_node",
    METADATA,
    Column("level", Integer, primary_key=True),
    Column("node_index", BigInteger, primary_key=True),
    Column("hash", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""Complete subtrees from level 1 up; level 0 are the leaves."""
CHECKPOINT: Final = Table(
    "checkpoint",
    METADATA,
    Column("tree_size", INDEX, primary_key=True, autoincrement=False),
    Column("root", LargeBinary, nullable=False),
    Column("note", Text, nullable=False),
)
RETENTION: Final = Table(
    "retention",
    METADATA,
    Column("entry_id", Text, primary_key=True),
    Column("recorded_before", BigInteger, nullable=False),
)
"""Payloads recorded before these moments may be dropped."""
WAIVER_STEP: Final = Table(
    "waiver_step",
    METADATA,
    Column("waiver_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("entry_id", Text, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("action", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("facts_digest", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("actor_cipher", LargeBinary, nullable=False),
    Column("actor_commitment", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
RULESET_SOURCE: Final = Table(
    "ruleset_source",
    METADATA,
    Column("digest", Text, primary_key=True),
    Column("bundle", LargeBinary, nullable=False),
)
ASSET_REVISION: Final = Table(
    "asset_revision",
    METADATA,
    Column("scope", Text, primary_key=True),
    Column("asset_id", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("entry_id", Text, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("names", LargeBinary, nullable=False),
    Column("actor", Text, nullable=False),
    Column("actor_cipher", LargeBinary, nullable=False),
    Column("content_commitment", LargeBinary, nullable=False),
    Column("actor_commitment", LargeBinary, nullable=False),
)
ASSET_REQUEST: Final = Table(
    "asset_request",
    METADATA,
    Column("caller", Text, primary_key=True),
    Column("request_id", Text, primary_key=True),
    Column("request_hash", LargeBinary, nullable=False),
    Column("scope", Text, nullable=False),
    Column("asset_id", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("is_new", Integer, nullable=False),
    sqlite_with_rowid=False,
)
ASSET_USE: Final = Table(
    "asset_use",
    METADATA,
    Column("scope", Text, primary_key=True),
    Column("asset_id", Text, primary_key=True),
    Column("proposal_id", Text, primary_key=True),
    Column("noted_id", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""Proposals that referenced an asset at least once; `noted_id` orders them by when they first did."""
NOTICE_SOURCE: Final = Table(
    "notice_source",
    METADATA,
    Column("only", Integer, primary_key=True, autoincrement=False),
    Column("next_leaf", BigInteger, nullable=False),
    Column("first_leaf", BigInteger, nullable=False),
    Column("next_position", BigInteger, nullable=False),
)
"""One row: how far the log has been looked at for what others are told of."""
NOTICE: Final = Table(
    "notice",
    METADATA,
    Column("position", INDEX, primary_key=True, autoincrement=False),
    Column("event_id", Text, nullable=False, unique=True),
    Column("type", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
NOTICE_WATCH: Final = Table(
    "notice_watch",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("due_at", BigInteger, nullable=False),
    Column("notice", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""Moments that are waited for, such as the end of a decision."""
NOTICE_TOLD: Final = Table(
    "notice_told",
    METADATA,
    Column("decision_id", Text, primary_key=True),
    Column("verdict", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""Verdicts that were told because an asset changed."""
NOTICE_ENDPOINT: Final = Table(
    "notice_endpoint",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("url_digest", Text, nullable=False),
    Column("is_disabled", Integer, nullable=False),
    sqlite_with_rowid=False,
)
NOTICE_DELIVERY: Final = Table(
    "notice_delivery",
    METADATA,
    Column("endpoint", Text, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("subject", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("first_at", BigInteger, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Column("is_dead", Integer, nullable=False),
    Column("detail", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""What an endpoint has still to get; what it got is no row any more."""
