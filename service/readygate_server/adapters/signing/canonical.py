"""JSON that is signed: written in one way only, and read without leniency."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, NoReturn

from readygate_server.adapters.signing.errors import MalformedError

MAX_CHARACTERS: Final = 4 << 20
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
_MICROSECONDS: Final = 1_000_000


def canonical_text(value: object) -> str:
    """Returns JSON with sorted keys and without spaces."""
    return _ENCODER.encode(value)


def read_object(text: str, what: str) -> dict[str, Any]:
    """Reads a JSON object; `what` names it in errors.

    A name that stands twice is refused, because two readers could take one each.

    Raises:
      MalformedError: when it is anything else.
    """
    if len(text) > MAX_CHARACTERS:
        raise MalformedError(what, f"it has {len(text)} characters, the limit is {MAX_CHARACTERS}")
    try:
        value = json.loads(text, object_pairs_hook=_without_twins, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise MalformedError(what, f"it is not JSON ({error})") from None
    if not isinstance(value, dict):
        raise MalformedError(what, f"got {type(value).__name__}, expected an object")
    return value


def text_of(data: bytes, what: str) -> str:
    """Returns the text of bytes; raises MalformedError when they are not UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedError(what, f"it is not UTF-8 text (byte {error.start})") from None


def member(data: Mapping[str, Any], name: str, kind: type[Any], what: str) -> Any:
    """Returns a member of an object; raises MalformedError when it is missing or of another type."""
    value = data.get(name)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        got = "nothing" if value is None else type(value).__name__
        raise MalformedError(what, f"{name} is {got}, expected {kind.__name__}")
    return value


def moment_text(seconds: int) -> str:
    """Returns a moment in UTC as `2026-11-01T00:00:00Z`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def fine_moment_text(microseconds: int) -> str:
    """Returns a moment in UTC to the microsecond, as `2026-11-01T00:00:00.000001Z`."""
    seconds, rest = divmod(microseconds, _MICROSECONDS)
    return f"{moment_text(seconds)[:-1]}.{rest:06}Z"


def moment_of(text: object, what: str) -> int:
    """Returns the seconds since 1970 of `2026-11-01T00:00:00Z`; raises MalformedError."""
    try:
        return int(datetime.strptime(str(text), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp())
    except ValueError:
        raise MalformedError(what, f"got {text!r}, expected a moment such as 2026-11-01T00:00:00Z") from None


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twin = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise ValueError(f"{twin!r} stands twice")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
