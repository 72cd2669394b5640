"""Writes plain data as YAML that `read_yaml`, and every other reader, understands alike."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

_PLAIN: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9_./-]*(?: [a-zA-Z][a-zA-Z0-9_./-]*)*|sha256:[0-9a-f]{64}")
_WORDS: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_WIDTH: Final = 118


def yaml_lines(tree: Mapping[str, object], indent: str = "") -> Iterator[str]:
    """Yields the lines of a mapping; an empty mapping or list within it is written as such."""
    for key, value in tree.items():
        if isinstance(value, Mapping) and not value:
            yield f"{indent}{key}: {{}}"
        elif isinstance(value, Mapping):
            yield f"{indent}{key}:"
            yield from yaml_lines(value, f"{indent}  ")
        elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
            yield f"{indent}{key}:"
            for item in value:
                first, *others = yaml_lines(item, f"{indent}    ")
                yield f"{indent}  - {first.strip()}"
                yield from others
        elif isinstance(value, list):
            yield from _listed(key, [yaml_scalar(item) for item in value], indent)
        else:
            yield f"{indent}{key}: {yaml_scalar(value)}"


def _listed(key: str, items: list[str], indent: str) -> Iterator[str]:
    line = f"{indent}{key}: [{', '.join(items)}]"
    if len(line) <= _WIDTH:
        yield line
        return
    yield f"{indent}{key}:"
    yield from (f"{indent}  - {item}" for item in items)


def yaml_scalar(value: object) -> str:
    """Returns a value as it stands in a line, quoted where it could be read as something else."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return repr(value)
        case _:
            text = str(value)
            plain = _PLAIN.fullmatch(text) is not None and text.lower() not in _WORDS
            return text if plain else f'"{"".join(map(_quoted, text))}"'


def _quoted(character: str) -> str:
    """Returns a character as it stands between double quotes in YAML, which has no pairs of surrogates as JSON has."""
    if character in '"\\':
        return f"\\{character}"
    return character if character.isprintable() else f"\\U{ord(character):08x}"
