"""The domain of a column as a condition in DuckDB's SQL: true for a value that keeps it.

A text keeps the type `integer` when it is written as one: DuckDB's own cast makes 2 of `1.5`, reads `epoch` and `inf`
as days, and drops the offset of a moment.
"""

from __future__ import annotations

import math
from typing import Final

from readygate_server.adapters.collectors.table.contract import Domain
from readygate_server.adapters.collectors.table.counts import Column
from readygate_server.adapters.collectors.table.sqltext import (
    is_moment,
    is_nested,
    is_number,
    is_text,
    is_whole,
    listed,
    literal,
    quoted,
)

_DAY: Final = r"\s*\d{4}-\d{2}-\d{2}\s*"
_TIME: Final = r"\s*\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?\s*"
_MOMENT: Final = r"\s*\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?\s?(Z|[+-]\d{2}(:?\d{2})?)?)?\s*"
_NUMBER: Final = r"\s*[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d{1,3})?\s*"
_INTEGER: Final = r"\s*[-+]?\d+\s*"
_BOOLEANS: Final = ("true", "false", "t", "f", "yes", "no", "y", "n", "1", "0")
_KNOWN: Final = ("string", "integer", "number", "boolean", "date", "timestamp", "time", "object", "array")


def conforms(column: Column, domain: Domain) -> str | None:
    """Returns the condition; None when a part of the domain can not be checked."""
    if domain.unread or (domain.type and domain.type not in _KNOWN):
        return None
    parts = (_type(column, domain.type), _values(column, domain), _pattern(column, domain), *_bounds(column, domain))
    lengths = (f"length({quoted(column.name)}::VARCHAR) {sign} {number}" for sign, number in domain.lengths)
    conditions = [*parts, *lengths]
    return None if None in conditions else " AND ".join(f"({each})" for each in conditions if each) or "true"


def moment(column: Column) -> str:
    """Returns the moment that a value states, as a timestamp without a zone in UTC or in its own; null for none."""
    name = quoted(column.name)
    if column.type == "TIMESTAMP WITH TIME ZONE":
        return f"timezone('UTC', {name})"
    if is_moment(column.type) or column.type == "DATE":
        return f"{name}::TIMESTAMP"
    if not is_text(column.type):
        return "NULL::TIMESTAMP"
    zoned = f"timezone('UTC', try_cast({name} AS TIMESTAMPTZ))"
    return f"CASE WHEN regexp_full_match({name}, {literal(_MOMENT)}) THEN {zoned} END"


def offset_stated(column: Column) -> str:
    """Returns the condition that a value says how far it is from UTC."""
    if column.type == "TIMESTAMP WITH TIME ZONE":
        return "true"
    return (
        f"regexp_matches({quoted(column.name)}, '\\d(Z|[+-]\\d{{2}}(:?\\d{{2}})?)\\s*$')"
        if is_text(column.type)
        else "false"
    )


def _type(column: Column, logical: str) -> str | None:
    name, kind = quoted(column.name), column.type
    if logical in ("", "string"):
        return "" if not is_nested(kind) or not logical else "false"
    if logical in ("object", "array"):
        return None if is_text(kind) else str(is_nested(kind) and kind.endswith("]") is (logical == "array")).lower()
    return _text_type(name, logical) if is_text(kind) else _typed(name, kind, logical)


def _text_type(name: str, logical: str) -> str:
    """Returns the condition that a text is written as a value of the type."""
    if logical == "boolean":
        return f"lower(trim({name})) IN ({listed(_BOOLEANS)})"
    pattern, cast = {
        "integer": (_INTEGER, ""),
        "number": (_NUMBER, "isfinite(try_cast({} AS DOUBLE))"),
        "date": (_DAY, "try_cast({} AS DATE) IS NOT NULL"),
        "time": (_TIME, "try_cast({} AS TIME) IS NOT NULL"),
        "timestamp": (_MOMENT, "try_cast({} AS TIMESTAMPTZ) IS NOT NULL"),
    }[logical]
    written = f"regexp_full_match({name}, {literal(pattern)})"
    return f"{written} AND {cast.format(name)}" if cast else written


def _typed(name: str, kind: str, logical: str) -> str:
    """Returns the condition that a column of a type of its own holds values of another."""
    if logical == "integer" and is_number(kind) and not is_whole(kind):
        return f"{name} = floor({name})"
    fits = {
        "integer": is_whole(kind),
        "number": is_number(kind),
        "boolean": kind == "BOOLEAN",
        "date": kind == "DATE",
        "time": kind.startswith("TIME") and not is_moment(kind),
        "timestamp": is_moment(kind) or kind == "DATE",
    }
    return str(fits[logical]).lower()


def _values(column: Column, domain: Domain) -> str | None:
    if not domain.values:
        return ""
    name = quoted(column.name)
    if is_number(column.type):
        numbers = [each for each in domain.values if _is_number(each)]
        return f"{name} IN ({', '.join(numbers)})" if len(numbers) == len(domain.values) else None
    return f"{name}::VARCHAR IN ({listed(domain.values)})"


def _pattern(column: Column, domain: Domain) -> str:
    return f"regexp_matches({quoted(column.name)}::VARCHAR, {literal(domain.pattern)})" if domain.pattern else ""


def _bounds(column: Column, domain: Domain) -> list[str | None]:
    """Returns the conditions of the bounds: between numbers, or between days and moments."""
    found: list[str | None] = []
    name = quoted(column.name)
    for sign, bound in domain.bounds:
        if _is_number(bound) and (is_number(column.type) or is_text(column.type)):
            found.append(f"coalesce(try_cast({name} AS DOUBLE) {sign} {float(bound)!r}, false)")
        elif not _is_number(bound) and (is_text(column.type) or is_moment(column.type) or column.type == "DATE"):
            found.append(f"coalesce({moment(column)} {sign} try_cast({literal(bound)} AS TIMESTAMP), false)")
        else:
            found.append(None)
    return found


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text)) and text.strip(" 0123456789.eE+-") == ""
    except ValueError:
        return False
