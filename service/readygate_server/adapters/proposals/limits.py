"""Limits that every proposal keeps, so that a request stays small whoever sends it."""

from __future__ import annotations

from typing import Final

MAX_ASSETS: Final = 200
MAX_EVIDENCE: Final = 5_000
MAX_STATEMENTS: Final = 1_000
MAX_NAMES: Final = 1_000
MAX_TEXT: Final = 4_000
LONGEST_ID: Final = 63
USE_CASE_LENGTH: Final = 1_000
LIST_LIMITS: Final = {
    "data_sources": MAX_ASSETS,
    "apis": MAX_ASSETS,
    "workflows": MAX_ASSETS,
    "evidence": MAX_EVIDENCE,
    "statements": MAX_STATEMENTS,
    "assets": MAX_ASSETS,
}
