"""The collector of owners."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from readygate_server.adapters.collectors.artefacts import read_whole, uri_of
from readygate_server.adapters.collectors.documents import decoded, shown
from readygate_server.adapters.collectors.moments import AS_OF, moment_of
from readygate_server.adapters.collectors.ownership.catalogue import (
    NOT_ASSETS,
    Catalogue,
    Entity,
    catalogue_of,
    pick,
    read_catalogue,
)
from readygate_server.adapters.collectors.ownership.codeowners import MAX_BYTES, CodeOwners, read_code_owners
from readygate_server.adapters.collectors.ownership.facts import Told, catalogue_answer, code_answer, facts_of
from readygate_server.adapters.collectors.port import (
    ArtefactError,
    ArtefactFault,
    Option,
    OptionError,
    Recognition,
    Request,
)
from readygate_server.domain.collected import Artefact, Collected
from readygate_server.domain.vocabulary import Scope

_CODEOWNERS: Final = "CODEOWNERS"
_FOLDERS: Final = (".github", "", "docs", ".gitlab")
"""Where hosts look for CODEOWNERS; the first that has it counts."""
_CATALOGUES: Final = ("catalog-info.yaml", "catalog-info.yml")
_SUFFIXES: Final = (".yaml", ".yml", ".json")
_MARK: Final = b"backstage.io/"
_KIND: Final = re.compile(rb"^kind:[ ]{0,9}([A-Za-z]{1,63})[ ]{0,9}\r?$", re.MULTILINE)
_NAME: Final = re.compile(rb"^  name:[ ]{0,9}([A-Za-z0-9._-]{1,63})[ ]{0,9}\r?$", re.MULTILINE)
_ENTITY: Final = Option("entity", "entity of the catalogue that the asset is, as [kind:][namespace/]name")
_PATH: Final = Option(
    "path", "file or folder of the repository that belongs to the asset, for CODEOWNERS", repeatable=True
)
_TEAM: Final = Option(
    "team-answers",
    "count a team as who answers, where a team and no single person can be reached; the answer then says so",
    kind="flag",
)


class OwnershipCollector:
    """Reads who answers for a data source, an API or a workflow."""

    name = "ownership"
    version = "1"
    scope = Scope.API
    scopes: tuple[Scope, ...] = (Scope.API, Scope.SOURCE, Scope.WORKFLOW)
    options = (_ENTITY, _PATH, _TEAM, AS_OF)

    def recognises(self, path: Path, head: bytes) -> Recognition | None:
        """Knows CODEOWNERS by its name, and a catalogue by its name and what it says of itself."""
        if path.name == _CODEOWNERS:
            return Recognition("CODEOWNERS", "repository", needs=(_PATH.name,))
        if path.name in _CATALOGUES and _MARK in head:
            return _recognised(path, head)
        return None

    def collect(self, request: Request) -> Collected:
        """Returns who the files say answers for the asset.

        Raises:
          ArtefactError: when a file can not be read.
          OptionError: when it is not clear which entity or which paths are the asset.
        """
        as_of = moment_of(request)
        paths = tuple(sorted({_clean(path) for path in request.texts(_PATH.name)}))
        files = _files(request.artefacts)
        read = _Read((), None, None, "")
        request.progress("reading", 0, len(files.catalogues) + (files.code_owners is not None))
        if files.catalogues:
            read = _with_catalogue(read, files.catalogues, request)
        if files.code_owners is not None and (paths or not files.catalogues):
            read = _with_rules(read, files.code_owners, paths)
        entity, rules = read.entity, read.rules
        wanted = entity.reference if entity is not None else ""
        told = Told(request.subject.scope, wanted, paths, request.flag(_TEAM.name), as_of)
        answers = [catalogue_answer(entity, told)] if entity is not None else []
        answers += [code_answer(rules, told)] if rules is not None else []
        return Collected(
            collector=self.name,
            version=self.version,
            subject=request.subject,
            artefacts=tuple(sorted(read.artefacts)),
            facts=tuple(facts_of(answers, entity, told)),
            notes=tuple(_notes(read, told, skipped=files.code_owners is not None and rules is None)),
        )


COLLECTOR: Final = OwnershipCollector()


def _recognised(path: Path, head: bytes) -> Recognition:
    """Proposes the only entity of a file; of several a person has to say which is meant."""
    kinds = [kind.decode().lower() for kind in _KIND.findall(head)]
    names = [name.decode() for name in _NAME.findall(head)]
    if len(kinds) == len(names):
        found = [(kind, name) for kind, name in zip(kinds, names, strict=True) if kind not in NOT_ASSETS]
        if len(found) == 1:
            ((kind, name),) = found
            if kind == "api":
                return Recognition("Backstage catalogue", name, name, confidence="high", scope=Scope.API)
            return Recognition("Backstage catalogue", name, name)
    return Recognition("Backstage catalogue", path.parent.name or "catalogue", needs=(_ENTITY.name,))


class _Files(NamedTuple):
    catalogues: tuple[Path, ...]
    code_owners: Path | None


class _Read(NamedTuple):
    """What was read so far."""

    artefacts: tuple[Artefact, ...]
    entity: Entity | None
    rules: CodeOwners | None
    about_entity: str


def _files(artefacts: Sequence[Path]) -> _Files:
    """Returns the files to read, of folders those that have their usual names."""
    found = [path for given in artefacts for path in (_within(given) if given.is_dir() else (given,))]
    rules = [path for path in found if path.name == _CODEOWNERS]
    others = [path for path in found if path.name != _CODEOWNERS]
    if strange := [path for path in others if path.suffix.lower() not in _SUFFIXES]:
        raise ArtefactError.of(
            ArtefactFault(uri_of(path), "this is neither CODEOWNERS nor a catalogue", expected=", ".join(_SUFFIXES))
            for path in strange
        )
    if not found or len(rules) > 1:
        names = ", ".join(uri_of(path) for path in (rules or artefacts)[:5])
        what = "one repository has one CODEOWNERS" if rules else "there is no CODEOWNERS and no catalog-info.yaml"
        raise ArtefactError(ArtefactFault(names, what, way_out="name the files"))
    return _Files(tuple(others), rules[0] if rules else None)


def _within(folder: Path) -> Iterator[Path]:
    yield from (folder / name for name in _CATALOGUES if (folder / name).is_file())
    places = (folder / place / _CODEOWNERS for place in _FOLDERS)
    yield from [path for path in places if path.is_file()][:1]


def _with_catalogue(read: _Read, files: Sequence[Path], request: Request) -> _Read:
    artefacts: list[Artefact] = []
    documents: list[object] = []
    for path in files:
        artefact, found = read_catalogue(path)
        artefacts.append(artefact)
        documents += found
    catalogue = catalogue_of(documents)
    entity = pick(catalogue, request.text(_ENTITY.name), request.subject.id)
    return read._replace(artefacts=(*read.artefacts, *artefacts), entity=entity, about_entity=_about(entity, catalogue))


def _about(entity: Entity, catalogue: Catalogue) -> str:
    missing = catalogue.missing(entity)
    parts = [f"{entity.reference}, of {len(catalogue.entities)} entities; it needs {len(entity.needs)} others"]
    parts += [f"of which {missing} are in none of the files"] if missing else []
    if entity.owner is not None and entity.owner.team:
        members = catalogue.members_of(entity.owner.team)
        parts.append(
            f"{entity.owner.team} is in none of the files"
            if members is None
            else f"{entity.owner.team} lists {members} members"
        )
    return ", ".join(parts)


def _with_rules(read: _Read, path: Path, paths: tuple[str, ...]) -> _Read:
    if not paths:
        fault = ArtefactFault(
            "--path", "CODEOWNERS is about paths, and none is named", way_out="--path services/refunds/"
        )
        raise OptionError(fault)
    artefact, content = read_whole(path, MAX_BYTES)
    rules = read_code_owners(decoded(content, artefact.uri), artefact.uri, gitlab=path.parent.name == ".gitlab")
    return read._replace(artefacts=(*read.artefacts, artefact), rules=rules)


def _clean(path: str) -> str:
    """Returns a path of a repository without what does not matter at its start."""
    steps = path.removeprefix("./").lstrip("/")
    if not steps or ".." in steps.split("/") or "\\" in steps:
        raise OptionError(
            ArtefactFault(
                "--path", "this is no path in a repository", got=shown(path), expected="such as services/refunds/"
            )
        )
    return steps


def _notes(read: _Read, told: Told, *, skipped: bool) -> Iterator[str]:
    if read.about_entity:
        yield read.about_entity
    if skipped:
        yield "CODEOWNERS was not read, for no --path says what belongs to the asset"
    if (rules := read.rules) is not None:
        host = ", of GitLab" if rules.gitlab else ""
        yield f"CODEOWNERS has {len(rules.rules)} rules{host}; {rules.unread} lines mean nothing"
        if any(rule.pattern in ("*", "/", "**") and rule.owners for rule in rules.rules):
            yield "one rule covers every file, so that an owner here may have been named for all and not for this"
        if below := sum(rules.below(path) for path in told.paths):
            yield f"{below} rules name owners of parts of the paths"
    if told.as_of is None:
        yield "nothing says of when the files are: --as-of; without it the gate takes the facts for claims"
