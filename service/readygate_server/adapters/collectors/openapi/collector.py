"""The collector of OpenAPI and Swagger documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from readygate_server.adapters.collectors.artefacts import uri_of
from readygate_server.adapters.collectors.documents import shown
from readygate_server.adapters.collectors.moments import AS_OF, moment_of
from readygate_server.adapters.collectors.openapi.facts import Seen, facts_of
from readygate_server.adapters.collectors.openapi.lint import Lint, follow_all
from readygate_server.adapters.collectors.openapi.linted import LINT, linted
from readygate_server.adapters.collectors.openapi.notes import notes_of
from readygate_server.adapters.collectors.openapi.operations import Operation, Operations, mapping, words
from readygate_server.adapters.collectors.openapi.sight import recognised
from readygate_server.adapters.collectors.openapi.versions import version_of
from readygate_server.adapters.collectors.port import (
    HEAD,
    ArtefactFault,
    Option,
    OptionError,
    Recognition,
    Request,
)
from readygate_server.adapters.collectors.references import References
from readygate_server.domain.collected import Collected
from readygate_server.domain.faults import few_suggestions, suggest
from readygate_server.domain.vocabulary import Scope

OPERATION: Final = Option(
    "operation",
    "an operation that the deployment uses, by operationId or as `GET /path`; left out, all count",
    repeatable=True,
)


class OpenApiCollector:
    """Reads one API's document, with the files of its folder that it refers to."""

    name: str = "openapi"
    version: str = "1"
    scope: Scope = Scope.API
    options: tuple[Option, ...] = (OPERATION, LINT, AS_OF)

    def recognises(self, path: Path, head: bytes) -> Recognition | None:
        """Says whether a file says at its top that it is such a document."""
        return recognised(path, head)

    def collect(self, request: Request) -> Collected:
        """Returns the facts about the API.

        Raises:
          ArtefactError: when the document can not be read, or follows no version that is.
          OptionError: when an operation is named that it has not.
        """
        as_of = moment_of(request)
        request.progress("reading", 0, 0)
        references = References(_root(request.artefacts))
        version = version_of(references.root.data, references.root.artefact.uri)
        root = mapping(references.root.data)
        operations = Operations(references, version)
        request.progress("operations", 0, 0)
        found = list(operations.all())
        used = request.texts(OPERATION.name)
        picked = _picked(found, used)
        unread_paths = operations.unread_paths
        request.progress("references", len(found), len(found))
        wrong = tuple(Lint(references, version, operations).wrong())
        followed = follow_all(references)
        report = linted(request, frozenset(source.place.name for source in references.sources))
        seen = Seen(
            operations=picked,
            repeated=frozenset(name for name, times in Counter(each.id for each in found).items() if times > 1),
            of=len(found),
            used=tuple(sorted(set(used))),
            unread_paths=unread_paths,
            contact=_contact(root),
            wrong=(*wrong, *report.errors) if report else wrong,
            linted=report.artefact.digest if report else "",
            followed=followed,
            as_of=as_of,
        )
        own = tuple(source.artefact for source in references.sources)
        return Collected(
            collector=self.name,
            version=self.version,
            subject=request.subject,
            artefacts=tuple(sorted((*own, report.artefact) if report else own)),
            facts=facts_of(seen),
            notes=tuple(notes_of(seen, version, root, len(operations.schemes))),
        )


def _root(artefacts: Sequence[Path]) -> Path:
    """Returns the file that all starts from: the one that says that it is a document of the kind.

    Raises:
      OptionError: when there is none, or several.
    """
    files = [each for path in artefacts for each in (_within(path) if path.is_dir() else [path])]
    if len(files) == 1:
        return files[0]
    roots = [path for path in files if _is_root(path)]
    if len(roots) != 1:
        raise OptionError(
            ArtefactFault(
                ", ".join(uri_of(path) for path in artefacts) or "the artefact",
                "one API has one document to start from",
                got=", ".join(sorted(uri_of(path) for path in roots)[:5]) or "none",
                way_out="name that file; what it refers to in its folder is read with it",
            )
        )
    return roots[0]


def _within(folder: Path) -> list[Path]:
    """Returns the files of a folder that may be such documents, without those of its sub-folders."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in (".json", ".yaml", ".yml"))


def _is_root(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return recognised(path, file.read(HEAD)) is not None
    except OSError:
        return False


def _contact(root: Mapping[str, object]) -> bool:
    contact = mapping(mapping(root.get("info")).get("contact"))
    return any(words(contact.get(field)) for field in ("name", "email", "url"))


def _picked(operations: Sequence[Operation], used: Sequence[str]) -> Sequence[Operation]:
    """Returns the operations that are named, in the order of the document; all when none is named.

    Raises:
      OptionError: with every name that is no operation.
    """
    if not used:
        return operations
    wanted = {_normal(name) for name in used}
    known = {name for each in operations for name in (each.id, each.name) if name}
    unknown = [name for name in sorted(set(used)) if _normal(name) not in known]
    if unknown:
        with few_suggestions():
            raise OptionError(*(_no_operation(name, known) for name in unknown))
    return [each for each in operations if each.id in wanted or each.name in wanted]


def _normal(name: str) -> str:
    """Returns a name with its method, if it begins with one, in capitals."""
    method, space, path = name.strip().partition(" ")
    return f"{method.upper()} {path.strip()}" if space and path.strip().startswith("/") else name.strip()


def _no_operation(name: str, known: set[str]) -> ArtefactFault:
    meant = suggest(name, known)
    way_out = f"did you mean {shown(meant)}?" if meant else "name an operationId, or method and path as `GET /path`"
    return ArtefactFault("--operation", "the document has no such operation", got=shown(name), way_out=way_out)
