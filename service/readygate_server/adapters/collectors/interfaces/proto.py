"""Reads `.proto` files, all of one interface together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from readygate_server.adapters.collectors.answers import Answer, not_evaluable, not_stated, stated
from readygate_server.adapters.collectors.artefacts import read_whole
from readygate_server.adapters.collectors.documents import decoded, shown
from readygate_server.adapters.collectors.interfaces.names import Names
from readygate_server.adapters.collectors.interfaces.reading import Reading, lifecycle_of
from readygate_server.adapters.collectors.port import (
    ArtefactError,
    ArtefactFault,
    ArtefactLimitError,
    ReaderMissingError,
)
from readygate_server.domain.collected import Artefact, Status

if TYPE_CHECKING:
    from proto_schema_parser.ast import File, Method, Service

MAX_BYTES: Final = 4_000_000
"""Of one file; the reader takes about a second for half a megabyte."""
_MAX_FAULTS: Final = 20
_HTTP: Final = "(google.api.http)"


class _Call(NamedTuple):
    commented: bool
    http: bool
    streamed: bool
    deprecated: bool
    level: str
    """Idempotency level; empty when none is stated."""


def read_proto(paths: Sequence[Path], places: Sequence[str]) -> Reading:
    """Reads files; `places` are their paths below the folder that imports start from.

    Raises:
      ArtefactError: when a file is not such a file.
      ReaderMissingError: when proto-schema-parser is not installed.
    """
    try:
        import proto_schema_parser  # noqa: F401  # asked for here, used below
    except ImportError:
        raise ReaderMissingError(collector="interfaces", module="proto_schema_parser", extra="collect-proto") from None
    artefacts: list[Artefact] = []
    names = Names()
    calls: list[_Call] = []
    services = 0
    for path in paths:
        artefact, content = read_whole(path, MAX_BYTES)
        artefacts.append(artefact)
        file = _parsed(decoded(content, artefact.uri), artefact.uri)
        names.add(file)
        found = list(_calls(file))
        services += sum(1 for _ in _services(file))
        calls.extend(found)
    missing, unknown, wrong = names.missing(list(places)), len(names.unknown()), list(names.wrong())
    if unknown and not missing:
        wrong.append(f"{unknown} names of types are defined nowhere")
    return Reading(
        language="Proto",
        examined=len(calls),
        artefacts=tuple(artefacts),
        valid=_valid(wrong, missing, unknown, len(calls)),
        integration=stated("api") if calls else not_stated("no file defines a call"),
        notes=tuple(_notes(len(paths), services, calls, wrong, missing)),
        lifecycle=lifecycle_of(sum(each.deprecated for each in calls), len(calls), "calls"),
        idempotent=_idempotent(calls),
        parameters=(("reader", f"proto-schema-parser {version('proto-schema-parser')}"),),
    )


def _parsed(text: str, place: str) -> File:
    """Returns what a file says. The reader itself goes on after what it does not understand, so it is listened to."""
    from antlr4.error.ErrorListener import ErrorListener  # type: ignore[import-untyped]  # the reader's reader has no types
    from proto_schema_parser.parser import Parser

    faults: list[ArtefactFault] = []

    class Listener(ErrorListener):  # type: ignore[misc]
        def syntaxError(self, *said: Any) -> None:  # noqa: N802  # as the reader calls it
            """Keeps where the reader stumbled."""
            _, _, line, column, *_ = said
            if len(faults) < _MAX_FAULTS:
                faults.append(ArtefactFault(f"{place}:{line}:{column + 1}", "the text is not a proto file"))

    def listen(reader: Any) -> None:
        reader.removeErrorListeners()
        reader.addErrorListener(Listener())

    try:
        file = Parser(setup_lexer=listen, setup_parser=listen).parse(text)
    except RecursionError:
        raise ArtefactLimitError(ArtefactFault(place, "the nesting is too deep")) from None
    except (ValueError, AttributeError, TypeError, IndexError):  # it makes values even of what it did not understand
        raise ArtefactError.of(faults or [ArtefactFault(place, "the text is not a proto file")]) from None
    if faults:
        raise ArtefactError.of(faults)
    return file


def _valid(wrong: list[str], missing: int, unknown: int, calls: int) -> Answer:
    left_out = "only names and numbers were checked"
    if wrong:
        return stated(False, left_out)
    if unknown:
        return not_evaluable(f"{unknown} uses of names are not known, and {missing} imported files were not given")
    if not calls:
        return not_evaluable("nothing is wrong, but no file defines a call")
    return stated(True, left_out)


def _idempotent(calls: Sequence[_Call]) -> Answer:
    """Returns the share of writes that may be repeated: without a level a call says that it is not known."""
    stated_levels = sum(bool(each.level) for each in calls)
    if not calls:
        return not_stated("no file defines a call")
    if stated_levels < len(calls):
        return not_stated(f"{len(calls) - stated_levels} of {len(calls)} calls state no idempotency_level")
    writes = [each for each in calls if each.level != "NO_SIDE_EFFECTS"]
    if not writes:
        return Answer(Status.NOT_APPLICABLE, reason="every call is stated to have no side effects")
    return stated(sum(each.level == "IDEMPOTENT" for each in writes) / len(writes))


def _services(file: File) -> Iterator[Service]:
    from proto_schema_parser import ast

    return (each for each in file.file_elements if isinstance(each, ast.Service))


def _calls(file: File) -> Iterator[_Call]:
    from proto_schema_parser import ast

    whole = _option(file.file_elements, "deprecated") is True
    for service in _services(file):
        marked = whole or _option(service.elements, "deprecated") is True
        before = None
        for element in service.elements:
            if isinstance(element, ast.Method):
                commented = isinstance(before, ast.Comment) and not before.inline
                yield _call(element, marked=marked, commented=commented)
            before = element


def _call(method: Method, *, marked: bool, commented: bool) -> _Call:
    level = _option(method.elements, "idempotency_level")
    name = str(getattr(level, "name", ""))
    return _Call(
        commented=commented,
        http=_option(method.elements, _HTTP) is not None,
        streamed=method.input_type.stream or method.output_type.stream,
        deprecated=marked or _option(method.elements, "deprecated") is True,
        level=name if name in ("IDEMPOTENT", "NO_SIDE_EFFECTS") else "",
    )


def _option(elements: Sequence[object], name: str) -> object:
    from proto_schema_parser import ast

    found = [each.value for each in elements if isinstance(each, ast.Option) and each.name.startswith(name)]
    return found[0] if found else None


def _notes(files: int, services: int, calls: Sequence[_Call], wrong: list[str], missing: int) -> Iterator[str]:
    yield f"Proto: {files} files, {services} services, {len(calls)} calls"
    commented, http, streamed, deprecated = (sum(each[index] is True for each in calls) for index in range(4))
    levels = sum(bool(each.level) for each in calls)
    yield (
        f"calls: {commented} with a comment, {http} with google.api.http, {streamed} with streams, {deprecated} "
        f"deprecated, {levels} with an idempotency_level"
    )
    if missing:
        yield f"imports: {missing} files are not among those that were read"
    if wrong:
        yield f"wrong by the specification: {len(wrong)}, the first: {shown(wrong[0])}"
