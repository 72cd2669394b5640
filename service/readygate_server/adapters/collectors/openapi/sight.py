"""Recognises OpenAPI and Swagger documents by the start of a file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from readygate_server.adapters.collectors.openapi.versions import known_version
from readygate_server.adapters.collectors.port import HEAD, Recognition

_SUFFIXES: Final = (".json", ".yaml", ".yml")
_YAML: Final = re.compile(rb"""^["']?(openapi|swagger)["']?[ \t]*:[ \t]*["']?([0-9][0-9.]*)""", re.MULTILINE)
_JSON: Final = re.compile(rb'"(openapi|swagger)"\s*:\s*"([0-9][0-9.]*)"')
_FIRST: Final = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"(openapi|swagger)"\s*:\s*"([0-9][0-9.]*)"')
_INSIDE: Final = re.compile(rb'"(basePath|definitions|components|info|paths)"\s*:')
_TITLE_JSON: Final = re.compile(rb'"info"\s*:\s*\{(?:[^{}]|\{[^{}]*\}){0,8000}?"title"\s*:\s*"([^"\\]{1,100})"')
_TITLE_YAML: Final = re.compile(
    rb"""^info:[ \t]*\r?\n(?:[ \t]+[^\n]*\n|\r?\n){0,200}?[ \t]+title:[ \t]*["']?([^"'\r\n]{1,100})""", re.MULTILINE
)


def recognised(path: Path, head: bytes) -> Recognition | None:
    """Says what a file seems to be; raises nothing."""
    if path.suffix.lower() not in _SUFFIXES:
        return None
    braces = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{"
    found = (_FIRST.match(head) or _JSON.search(head) or _end(path, head)) if braces else _YAML.search(head)
    version = known_version(found[2].decode(), swagger=found[1] == b"swagger") if found else None
    if found is None or version is None:
        return None
    sure = not braces or _FIRST.match(head) is not None or _INSIDE.search(head) is not None
    title = (_TITLE_JSON if braces else _TITLE_YAML).search(head)
    name = title[1].decode("utf-8", "replace").strip() if title else ""
    return Recognition(
        kind=f"{version.title} ({'JSON' if braces else 'YAML'})",
        id=name or path.stem,
        title=name,
        confidence="high" if sure else "low",
    )


def _end(path: Path, head: bytes) -> re.Match[bytes] | None:
    """Looks at the end of a large file: where keys are sorted, `swagger` comes last."""
    if len(head) < HEAD or not _INSIDE.search(head):
        return None
    try:
        with path.open("rb") as file:
            file.seek(-HEAD, 2)
            return _JSON.search(file.read(HEAD))
    except OSError:
        return None
