"""The words of `adapters.words`, under the name by which commands know them."""

from __future__ import annotations

from readygate_server.adapters.words import (
    UNITS_LEFT_OUT,
    counted,
    effort_text,
    fact_path,
    gate_name,
    outcome_name,
    tier_name,
    tier_word,
    value_text,
    verdict_name,
    weeks_text,
    without_subject,
)

__all__ = [
    "UNITS_LEFT_OUT",
    "counted",
    "effort_text",
    "fact_path",
    "gate_name",
    "outcome_name",
    "tier_name",
    "tier_word",
    "value_text",
    "verdict_name",
    "weeks_text",
    "without_subject",
]
