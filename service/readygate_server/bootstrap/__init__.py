"""Wires ports to adapters; nothing else names both."""

from __future__ import annotations

from readygate_server.bootstrap.local import (
    DEFAULT_RULESET,
    LocalGate,
    Snapshot,
    asked_gate,
    fact_directory,
    load_rules,
    load_snapshot,
    local_gate,
    rule_judge,
    settle_heap,
    snapshot_of,
)

__all__ = [
    "DEFAULT_RULESET",
    "LocalGate",
    "Snapshot",
    "asked_gate",
    "fact_directory",
    "load_rules",
    "load_snapshot",
    "local_gate",
    "rule_judge",
    "settle_heap",
    "snapshot_of",
]
