"""Faults of conditions in CEL, at their place in the file rather than in the text that YAML makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from readygate_server.adapters.cel.engine import CelCompiler
from readygate_server.adapters.rulefiles.drafts import RuleDraft
from readygate_server.adapters.rulefiles.sources import SourceFile
from readygate_server.adapters.yaml_text import Path
from readygate_server.domain.faults import Fault, FaultsError
from readygate_server.domain.vocabulary import Scope


def condition_faults(draft: RuleDraft, compiler: CelCompiler) -> Iterator[Fault]:
    """Yields the faults of all conditions of a rule, also of those in parts that have faults of another kind."""
    deployment, scope = Scope.DEPLOYMENT, draft.scope
    found: list[tuple[Path, Scope | None]] = [(("when",), deployment), (("where",), scope)]
    for key, name, asked_of in (
        ("severity_when", "when", deployment),
        ("checks", "where", scope),
        ("require", "where", scope),
        ("require", "cel", scope),
    ):
        items = draft.source.data.get(key)
        found += [((key, index, name), asked_of) for index in range(len(items) if isinstance(items, list) else 0)]
    for path, asked_of in found:
        if asked_of is not None and (text := draft.text(*path)) is not None:
            yield from compile_faults(draft.source, path, text, asked_of, compiler)


def compile_faults(source: SourceFile, path: Path, text: str, scope: Scope, compiler: CelCompiler) -> Iterator[Fault]:
    """Yields the faults of one condition."""
    stripped = text.strip()
    if not stripped:
        yield source.document.fault(path, "the condition is empty; leave it out where there is none")
        return
    try:
        compiler.compile(stripped, scope=scope)
    except FaultsError as error:
        for fault in error.faults:
            line, column = place_in_file(source, path, stripped, fault.line, fault.column)
            yield replace(fault, file=source.path, line=line, column=column)


def place_in_file(source: SourceFile, path: Path, text: str, line: int, column: int) -> tuple[int, int]:
    """Returns the line and column in the file of a place in the text of a scalar.

    Folding changes nothing but white space, so that counting the other characters finds the place again, whatever the
    style of the scalar; only an escape in double quotes shifts it.
    """
    lines = text.splitlines() or [""]
    before = "".join(lines[: line - 1]) + lines[min(line, len(lines)) - 1][: max(column - 1, 0)]
    to_skip = sum(not character.isspace() for character in before)
    mark = source.document.mark(path)
    for number, written in enumerate(_from(source.text, mark.line, mark.column), start=mark.line):
        offset, characters = written
        for index, character in enumerate(characters):
            if character.isspace():
                continue
            if to_skip == 0:
                return number, offset + index
            to_skip -= 1
    return mark.line, mark.column


def _from(text: str, line: int, column: int) -> Iterator[tuple[int, str]]:
    """Yields the lines of a scalar with the column of their first character; the header of a block yields nothing."""
    first, *rest = text.splitlines()[line - 1 :] or [""]
    start = first[column - 1 :]
    if start[:1] in (">", "|"):
        yield column, ""
    else:
        quoted = start[:1] in ("'", '"')
        yield (column + 1, start[1:]) if quoted else (column, start)
    for written in rest:
        yield 1, written
