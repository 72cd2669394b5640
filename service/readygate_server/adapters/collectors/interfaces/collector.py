"""The collector of interface files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from readygate_server.adapters.collectors.answers import Asked
from readygate_server.adapters.collectors.artefacts import uri_of
from readygate_server.adapters.collectors.interfaces.reading import Reading
from readygate_server.adapters.collectors.moments import AS_OF, moment_of
from readygate_server.adapters.collectors.port import (
    HEAD,
    ArtefactFault,
    ArtefactLimitError,
    Option,
    OptionError,
    Recognition,
    Request,
)
from readygate_server.domain.collected import Collected, Measured
from readygate_server.domain.vocabulary import Grade, Scope

MAX_FILES: Final = 2_000
_GRAPHQL: Final = (".gql", ".graphql", ".graphqls")
_DOCUMENTS: Final = (".json", ".yaml", ".yml")
_ASYNCAPI: Final = re.compile(rb"""^[ \t{]{0,20}["']?asyncapi["']?[ \t]*:[ \t]*["']?([123]\.[0-9.]+)""", re.MULTILINE)
_SCHEMA: Final = re.compile(
    rb"^\s*(extend\s+)?(type|schema|interface|input|union|enum|scalar|directive)\b", re.MULTILINE
)
_SERVICE: Final = re.compile(rb"^\s*service\s+(\w+)\s*\{", re.MULTILINE)
_PROTO: Final = re.compile(rb"^\s*(syntax|edition|package|message|import|enum|option)\b", re.MULTILINE)


class InterfacesCollector:
    """Reads the files of one interface, all of one language."""

    name: str = "interfaces"
    version: str = "1"
    scope: Scope = Scope.API
    options: tuple[Option, ...] = (AS_OF,)

    def recognises(self, path: Path, head: bytes) -> Recognition | None:
        """Says whether a file is of one of the languages, by its suffix and its start."""
        suffix = path.suffix.lower()
        if suffix == ".proto":
            service = _SERVICE.search(head)
            if service is None and not _PROTO.search(head):
                return None
            # A file of messages alone is a part of another's interface.
            return Recognition("Proto", path.stem, confidence="high" if service else "low")
        if suffix in _GRAPHQL:
            return Recognition("GraphQL schema", path.stem, confidence="high") if _SCHEMA.search(head) else None
        if suffix in _DOCUMENTS and (found := _ASYNCAPI.search(head)):
            return Recognition(f"AsyncAPI {found[1].decode()}", path.stem, confidence="high")
        return None

    def collect(self, request: Request) -> Collected:
        """Returns the facts about the API.

        Raises:
          ArtefactError: when a file can not be read.
          ReaderMissingError: when the library for the language is not installed.
          OptionError: when the files are of several languages, or of none.
        """
        as_of = moment_of(request)
        request.progress("reading", 0, 0)
        reading = _read(request.artefacts)
        return Collected(
            collector=self.name,
            version=self.version,
            subject=request.subject,
            artefacts=tuple(sorted(reading.artefacts)),
            facts=_facts(reading, Asked(reading.examined, as_of)),
            notes=reading.notes,
        )


def _read(artefacts: Sequence[Path]) -> Reading:
    found = [(path, place) for artefact in artefacts for path, place in _files(artefact)]
    found = sorted(dict(found).items())
    paths, places = [path for path, _ in found], [place for _, place in found]
    if len(paths) > MAX_FILES:
        raise ArtefactLimitError(
            ArtefactFault(_named(artefacts), "there are too many files", expected=f"at most {MAX_FILES:,}")
        )
    kinds = {_kind(path) for path in paths}
    if kinds == {"proto"}:
        from readygate_server.adapters.collectors.interfaces.proto import read_proto

        return read_proto(paths, places)
    if kinds == {"graphql"}:
        from readygate_server.adapters.collectors.interfaces.graphql import read_graphql

        return read_graphql(paths)
    if kinds == {"asyncapi"} and len(paths) == 1:
        from readygate_server.adapters.collectors.interfaces.asyncapi import read_asyncapi

        return read_asyncapi(paths[0])
    got = f"{len(paths)} documents" if kinds == {"asyncapi"} else ", ".join(sorted(kinds)) or "no file of a known kind"
    raise OptionError(
        ArtefactFault(
            _named(artefacts),
            "one interface is of one language",
            got=got,
            expected=".proto files, .graphql files, or one AsyncAPI document",
        )
    )


def _files(artefact: Path) -> Iterator[tuple[Path, str]]:
    """Yields the files of a folder and below, or a file itself, with paths that imports may name."""
    if not artefact.is_dir():
        yield artefact, artefact.as_posix()
        return
    inside = (each for each in artefact.rglob("*") if each.suffix.lower() in (".proto", *_GRAPHQL))
    found = sorted(each for each in inside if each.is_file())
    for each in found or _documents(artefact):
        yield each, each.relative_to(artefact).as_posix()


def _documents(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in _DOCUMENTS and path.is_file():
            with path.open("rb") as file:
                if _ASYNCAPI.search(file.read(HEAD)):
                    yield path


def _kind(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix in _GRAPHQL:
        return "graphql"
    return "asyncapi" if suffix in _DOCUMENTS else suffix.removeprefix(".") or "no suffix"


def _named(artefacts: Sequence[Path]) -> str:
    return ", ".join(uri_of(path) for path in artefacts) or "the artefact"


def _facts(reading: Reading, asked: Asked) -> tuple[Measured, ...]:
    language = reading.language.lower()
    checked = asked._replace(parameters=reading.parameters)
    return (
        asked.measured("api.owner.person", f"{language}.contact.v1", reading.owner),
        checked.measured("api.spec_valid", f"{language}.lint.v1", reading.valid, Grade.E2),
        asked.measured("api.lifecycle.status", f"{language}.deprecated.v1", reading.lifecycle),
        asked.measured("api.idempotent_write_coverage", f"{language}.idempotency.v1", reading.idempotent),
        asked.measured("api.error_model_coverage", f"{language}.errors.v1", reading.errors, Grade.E2),
        asked.measured("api.integration_method", f"{language}.method.v1", reading.integration),
    )
