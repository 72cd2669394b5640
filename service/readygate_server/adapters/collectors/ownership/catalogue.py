"""Reads entities of a Backstage catalogue: what each is, who owns it, and what it depends on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from readygate_server.adapters.collectors.artefacts import read_whole
from readygate_server.adapters.collectors.documents import decoded, parse_json, parse_yaml, shown
from readygate_server.adapters.collectors.ownership.owners import Owner, entity_owner
from readygate_server.adapters.collectors.port import ArtefactFault, OptionError
from readygate_server.domain.collected import Artefact

NOT_ASSETS: Final = frozenset({"group", "user", "location", "template"})
_SHOWN: Final = 10
_KIND: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{0,62}")
_NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_RELATIONS: Final = ("dependsOn", "consumesApis")


class Entity(NamedTuple):
    """An entity. `owner` is None when it names none; `lifecycle` is empty when it says none."""

    kind: str
    namespace: str
    name: str
    owner: Owner | None
    lifecycle: str
    needs: tuple[str, ...]
    members: int

    @property
    def reference(self) -> str:
        """`kind:namespace/name`, in small letters."""
        return f"{self.kind}:{self.namespace}/{self.name}".lower()


class Catalogue(NamedTuple):
    """Entities of several files. `others` counts documents that are none."""

    entities: tuple[Entity, ...]
    others: int

    @property
    def assets(self) -> tuple[Entity, ...]:
        """Entities that can be an asset: no people, groups, locations or templates."""
        return tuple(each for each in self.entities if each.kind not in NOT_ASSETS)

    def members_of(self, team: str) -> int | None:
        """Returns how many people a group lists; None when the group is in none of the files."""
        return next((each.members for each in self.entities if each.reference == team), None)

    def missing(self, entity: Entity) -> int:
        """Returns how many of the entities that one depends on are in none of the files."""
        known = {each.reference for each in self.entities}
        return sum(each not in known for each in entity.needs)


def read_catalogue(path: Path) -> tuple[Artefact, tuple[object, ...]]:
    """Returns the documents of a file.

    Raises:
      ArtefactError: with every fault of its text.
    """
    artefact, content = read_whole(path)
    text = decoded(content, artefact.uri)
    if path.suffix.lower() == ".json":
        return artefact, (parse_json(text, artefact.uri),)
    return artefact, tuple(parse_yaml(text, artefact.uri))


def catalogue_of(documents: Iterable[object]) -> Catalogue:
    """Returns the entities among documents."""
    found = [_entity(document) for document in documents if document is not None]
    entities = tuple(entity for entity in found if entity is not None)
    return Catalogue(entities, len(found) - len(entities))


def pick(catalogue: Catalogue, wanted: str, asset: str) -> Entity:
    """Returns the entity that is meant: by its reference, else by the id of the asset, else the only one.

    Raises:
      OptionError: when none or several are meant; it names those that there are.
    """
    if wanted:
        found = [each for each in catalogue.assets if _is_named(each, wanted)]
    else:
        found = [each for each in catalogue.assets if each.name.lower() == asset.lower()] or list(catalogue.assets)
    if len(found) == 1:
        return found[0]
    there = [each.reference for each in (found or catalogue.assets)]
    names = ", ".join(shown(each) for each in there[:_SHOWN]) + (", …" if len(there) > _SHOWN else "")
    raise OptionError(
        ArtefactFault(
            "--entity",
            "several entities have this name" if found and wanted else "it is not clear which entity is the asset",
            got=shown(wanted or asset),
            expected=f"one of {names}" if there else "an entity; the files have none that can be an asset",
        )
    )


def _is_named(entity: Entity, wanted: str) -> bool:
    """True when `[kind:][namespace/]name` names an entity."""
    kind, colon, rest = wanted.lower().rpartition(":")
    space, slash, name = rest.rpartition("/")
    return (
        name == entity.name.lower()
        and (not colon or kind == entity.kind)
        and (not slash or space == entity.namespace.lower())
    )


def _entity(document: object) -> Entity | None:
    data, metadata = _mapping(document), _mapping(_mapping(document).get("metadata"))
    version, kind, name = data.get("apiVersion"), data.get("kind"), metadata.get("name")
    if not (isinstance(version, str) and isinstance(kind, str) and isinstance(name, str)):
        return None
    spec, namespace = _mapping(data.get("spec")), _text(metadata.get("namespace")) or "default"
    if not (_KIND.fullmatch(kind) and _NAME.fullmatch(name) and _NAME.fullmatch(namespace)):
        return None
    owner = entity_owner(spec["owner"], namespace) if spec.get("owner") is not None else None
    needs = tuple(sorted({each for field in _RELATIONS for each in _references(field, spec.get(field), namespace)}))
    lifecycle = _text(spec.get("lifecycle")).strip().lower()
    members = len(_list(spec.get("members")))
    return Entity(kind.lower(), namespace, name, owner, lifecycle, needs, members)


def _references(field: str, values: object, namespace: str) -> Iterator[str]:
    """Yields what an entity depends on, as full references."""
    for value in _list(values):
        if isinstance(value, str) and value:
            kind, colon, rest = value.rpartition(":")
            kind = kind if colon else "api" if field == "consumesApis" else "component"
            yield f"{kind}:{rest if '/' in rest else f'{namespace}/{rest}'}".lower()


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
