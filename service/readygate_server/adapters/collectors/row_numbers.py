"""Columns in which libraries number the rows: unique in any table, whatever the rows say."""

from __future__ import annotations

from typing import Final

ROW_NUMBERS: Final = frozenset({"__index_level_0__", "unnamed: 0"})
"""As pandas calls them in Parquet and in CSV, without capitals."""

UNNAMED: Final = "column0"
"""What DuckDB calls the first column of a CSV whose header has no name for it."""
