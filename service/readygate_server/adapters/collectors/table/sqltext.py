"""Names, texts and column types as DuckDB's SQL has them."""

from __future__ import annotations

from typing import Final

_WHOLE: Final = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
_FLOATS: Final = ("FLOAT", "DOUBLE")


def quoted(name: str) -> str:
    """Returns an identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Returns a text."""
    return "'" + text.replace("'", "''") + "'"


def listed(texts: tuple[str, ...]) -> str:
    """Returns texts to stand between brackets."""
    return ", ".join(map(literal, texts))


def is_text(kind: str) -> bool:
    """True for a column of texts."""
    return kind == "VARCHAR"


def is_float(kind: str) -> bool:
    """True for a column that can hold what is no number."""
    return kind in _FLOATS


def is_whole(kind: str) -> bool:
    """True for a column of whole numbers."""
    return kind in _WHOLE or kind == "UHUGEINT"


def is_number(kind: str) -> bool:
    """True for a column of numbers."""
    return is_whole(kind) or is_float(kind) or kind.startswith("DECIMAL")


def is_moment(kind: str) -> bool:
    """True for a column of moments."""
    return kind.startswith("TIMESTAMP")


def is_nested(kind: str) -> bool:
    """True for a column whose values have parts."""
    return kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION", "LIST"))
