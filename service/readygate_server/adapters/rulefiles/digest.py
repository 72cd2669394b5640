"""The digest of a ruleset: everything that can change an answer, in one canonical form.

Values that a rule leaves at their defaults are left out, so that a later version of the engine can know more without
changing the digests of what is published. A change of the language itself, defaults included, changes its version.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from functools import cache
from typing import Any, Final

from readygate_server.adapters.fact_catalogue import FactCatalogue
from readygate_server.domain.derived import DERIVED
from readygate_server.domain.facts import parent_of
from readygate_server.domain.rule import Ruleset

LANGUAGE_VERSION: Final = 1
"""Version of what rules mean; raise it when the engine gives another answer to the same rules."""
_NO_ANSWER: Final = ("digest", "channel", "summary")
"""Parts of the identity that change no answer; a channel points at a version, it is no part of it."""
_PLAIN: Final = frozenset({str, int, float, bool, type(None)})
"""Types that are JSON data; the enumerations among their subclasses go by name."""


def digest_of(ruleset: Ruleset, facts: Iterable[str], catalogue: FactCatalogue) -> str:
    """Returns `sha256:` and the digest; `facts` are the names of all facts that the rules read."""
    digest = hashlib.sha256()
    for piece in _written(canonical_form(ruleset, facts, catalogue), depth=2):
        digest.update(piece.encode())
    return f"sha256:{digest.hexdigest()}"


def _written(form: Mapping[str, object], *, depth: int) -> Iterator[str]:
    """Yields the canonical text of an object rule by rule: all at once, a thousand keep other threads waiting."""
    start = "{"
    for key in sorted(form):
        yield f"{start}{_json(key)}:"
        value = form[key]
        if depth > 1 and isinstance(value, dict) and value:
            yield from _written(value, depth=depth - 1)
        else:
            yield _json(value)
        start = ","
    yield "}"


_json: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def canonical_form(ruleset: Ruleset, facts: Iterable[str], catalogue: FactCatalogue) -> dict[str, object]:
    """Returns what is digested, as plain data."""
    identity = _plain(ruleset.identity)
    return {
        "language": LANGUAGE_VERSION,
        "identity": {key: value for key, value in identity.items() if key not in _NO_ANSWER},
        "verdict_valid_days": ruleset.verdict_valid_days,
        "tiering": _plain(ruleset.axes),
        "narrow_to": _plain(ruleset.narrow_to),
        "rules": {rule.id: _plain(rule) for rule in ruleset.rules},
        "facts": {name: _class(name, catalogue) for name in sorted(_stated(facts))},
    }


def _stated(facts: Iterable[str]) -> set[str]:
    """Facts as proposals state them: derived facts by their inputs."""
    return {name for fact in facts for name in (DERIVED[fact].inputs if fact in DERIVED else (fact,))}


def _class(name: str, catalogue: FactCatalogue) -> dict[str, object]:
    fact = catalogue.find(parent_of(name))
    limits = catalogue.limits(name)
    return {
        "evidence": fact.evidence_class if fact else "",
        "tool_exists": fact.tool_exists if fact else False,
        "unit": limits.unit,
        "minimum": _number(limits.minimum),
        "maximum": _number(limits.maximum),
    }


def _plain(value: Any) -> Any:
    """Returns JSON data: enumerations by name, sets sorted, whole floats as integers."""
    if type(value) in _PLAIN:
        return _number(value)
    if fields := _fields(value.__class__):
        return {name: _plain(part) for name, default in fields if (part := getattr(value, name)) != default()}
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, Mapping):
        return {str(_plain(key)): _plain(part) for key, part in value.items()}
    if isinstance(value, (frozenset, set)):
        return sorted(map(_plain, value))
    if isinstance(value, (tuple, list)):
        return [_plain(part) for part in value]
    return _number(value)


@cache
def _fields(kind: type[Any]) -> tuple[tuple[str, Callable[[], object]], ...]:
    """Returns the fields of a dataclass with what makes their defaults; nothing for any other type."""
    if not dataclasses.is_dataclass(kind):
        return ()
    return tuple((field.name, _default(field)) for field in dataclasses.fields(kind))


def _default(field: dataclasses.Field[Any]) -> Callable[[], object]:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory
    default = field.default
    return lambda: default


def _number(value: Any) -> Any:
    """One and 1.0 are the same number, however they are written."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
