"""Reads what Spectral found in a document: the JSON that `spectral lint --format json` writes."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import Final, NamedTuple

from readygate_server.adapters.collectors.documents import read_document, shown
from readygate_server.adapters.collectors.openapi.lint import Wrong
from readygate_server.adapters.collectors.port import ArtefactError, ArtefactFault, Option, OptionError, Request
from readygate_server.domain.collected import Artefact

LINT: Final = Option(
    "lint",
    "what Spectral found in the same document, as `spectral lint --format json` writes it; its errors count as well, "
    "and it tries examples, which this collector does not",
    kind="path",
)
_ERROR: Final = 0
_SEVERITIES: Final = (0, 1, 2, 3)


class Linted(NamedTuple):
    """A report of another program."""

    artefact: Artefact
    errors: tuple[Wrong, ...]


def linted(request: Request, names: frozenset[str]) -> Linted | None:
    """Returns the report that is named, about files of these names; None when none is.

    Raises:
      ArtefactError: when it can not be read, or is no such report.
      OptionError: when it is about other files.
    """
    path = request.text(LINT.name)
    if not path:
        return None
    artefact, data, _ = read_document(Path(path))
    entries = data if isinstance(data, list) else [None]
    errors = []
    for entry in entries:
        if not isinstance(entry, dict) or entry.get("severity") not in _SEVERITIES:
            fault = ArtefactFault(artefact.uri, "this is no report of Spectral in JSON", expected="a list of findings")
            raise ArtefactError(fault)
        about = PurePath(str(entry.get("source", "")).replace("\\", "/")).name
        if about not in names:
            expected = ", ".join(sorted(names)[:3])
            raise OptionError(
                ArtefactFault("--lint", "the report is about another document", got=shown(about), expected=expected)
            )
        if entry["severity"] == _ERROR:
            errors.append(Wrong(f"lint {shown(str(entry.get('code')))}", _place(entry.get("path"))))
    return Linted(artefact, tuple(errors))


def _place(path: object) -> str:
    return shown(".".join(map(str, path)) if isinstance(path, list) and path else "the document")
