"""What a dbt project is: its own models, sources and tests, of `manifest.json` from version 1 to 12 and dbt 2."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from readygate_server.adapters.collectors.dbt.checks import Asks
from readygate_server.adapters.collectors.dbt.reading import Json, mapping, text
from readygate_server.adapters.collectors.port import ArtefactFault, OptionError

_ASKS: Final = {
    "not_null": Asks.PRESENT,
    "unique": Asks.UNIQUE,
    "unique_combination_of_columns": Asks.UNIQUE,
    "accepted_values": Asks.IN_DOMAIN,
    "relationships": Asks.REFERS,
}
_PLAIN: Final = ("!= 0", "!=0", "", None)


class Test(NamedTuple):
    """A test that the project defines."""

    id: str
    kind: str
    asks: Asks
    node: str
    columns: tuple[str, ...]
    part: bool
    """True when it looks at some of the rows, or counts in a way of its own."""


class Node(NamedTuple):
    """A model, seed, snapshot or source of the project."""

    id: str
    type: str
    name: str
    described: bool
    columns: int
    columns_described: int
    contract: bool
    owned: bool
    freshness: bool

    def is_called(self, name: str) -> bool:
        """True for its id, its name, and for a source also `source.table`."""
        return name in (self.id, self.name) or (self.type == "source" and name == ".".join(self.id.split(".")[2:]))


class Project(NamedTuple):
    """What is the project's own; what packages bring is theirs."""

    invocation: str
    package: str
    nodes: tuple[Node, ...]
    tests: tuple[Test, ...]
    foreign: int
    """Tests of packages."""
    ids: frozenset[str]
    """All that the manifest knows."""
    disabled: int

    def of(self, kind: str) -> list[Node]:
        """Returns its nodes of one type."""
        return [each for each in self.nodes if each.type == kind]

    def chosen(self, names: tuple[str, ...]) -> Project:
        """Returns the project with some of its nodes and the tests of these only.

        Raises:
          OptionError: with every name that the project does not have.
        """
        if not names:
            return self
        found = [each for each in self.nodes if any(map(each.is_called, names))]
        unknown = [name for name in names if not any(each.is_called(name) for each in found)]
        if unknown:
            faults = (ArtefactFault("--node", "the project has no such model or source", got=each) for each in unknown)
            raise OptionError(*faults)
        ids = {each.id for each in found}
        tests = tuple(each for each in self.tests if each.node in ids)
        return self._replace(nodes=tuple(found), tests=tests)


def read_project(manifest: Json, package: str) -> Project:
    """Reads a manifest.

    Raises:
      OptionError: when it does not say which package is the project's own.
    """
    data = manifest.data
    metadata = mapping(data.get("metadata"))
    nodes = [each for each in mapping(data.get("nodes")).values() if isinstance(each, dict)]
    sources = [each for each in mapping(data.get("sources")).values() if isinstance(each, dict)]
    own = package or text(metadata.get("project_name")) or _only_package(manifest, nodes)
    names = {text(each.get("unique_id")): text(each.get("name")) for each in (*nodes, *sources)}
    tests = [each for each in nodes if each.get("resource_type") == "test"]
    mine = [each for each in tests if each.get("package_name") == own]
    tables = (
        each for each in (*nodes, *sources) if each.get("resource_type") in ("model", "seed", "snapshot", "source")
    )
    disabled = data.get("disabled")
    return Project(
        invocation=text(metadata.get("invocation_id")),
        package=own,
        nodes=tuple(_node(each) for each in tables if each.get("package_name") == own),
        tests=tuple(_test(each, names) for each in mine),
        foreign=len(tests) - len(mine),
        ids=frozenset((*mapping(data.get("nodes")), *mapping(data.get("sources")), *mapping(data.get("unit_tests")))),
        disabled=len(disabled) if isinstance(disabled, (dict, list)) else 0,
    )


def _only_package(manifest: Json, nodes: Iterable[Mapping[str, object]]) -> str:
    """Returns the package of all models; manifests before dbt 1.4 do not name the project."""
    packages = sorted({text(each.get("package_name")) for each in nodes if each.get("resource_type") != "test"})
    if len(packages) > 1:
        fault = ArtefactFault(
            "--package",
            f"{manifest.artefact.uri} does not say which package is the project's own",
            got=f"{len(packages)} packages",
            way_out="name it",
        )
        raise OptionError(fault)
    return packages[0] if packages else ""


def _node(node: Mapping[str, object]) -> Node:
    columns = [each for each in mapping(node.get("columns")).values() if isinstance(each, dict)]
    config = mapping(node.get("config"))
    meta = {**mapping(node.get("meta")), **mapping(config.get("meta"))}
    return Node(
        id=text(node.get("unique_id")),
        type=text(node.get("resource_type")),
        name=text(node.get("name")),
        described=_is_said(node.get("description")),
        columns=len(columns),
        columns_described=sum(_is_said(each.get("description")) for each in columns),
        contract=mapping(node.get("contract")).get("enforced") is True
        or mapping(config.get("contract")).get("enforced") is True,
        owned=bool(meta.get("owner")) or _is_said(node.get("group")),
        freshness=_has_freshness(node),
    )


def _is_said(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _has_freshness(node: Mapping[str, object]) -> bool:
    """True when somebody said how old the source may be; dbt writes the shell of it for every source."""
    criteria = mapping(node.get("freshness"))
    return any(mapping(criteria.get(name)).get("count") is not None for name in ("warn_after", "error_after"))


def _test(node: Mapping[str, object], names: Mapping[str, str]) -> Test:
    metadata = mapping(node.get("test_metadata"))
    config = mapping(node.get("config"))
    kind = text(metadata.get("name"))
    keywords = mapping(metadata.get("kwargs"))
    plain = config.get("fail_calc") in ("count(*)", None) and not config.get("where") and not keywords.get("where")
    usual = all(config.get(name) in _PLAIN for name in ("warn_if", "error_if"))
    return Test(
        id=text(node.get("unique_id")),
        kind=kind,
        asks=_ASKS.get(kind, Asks.OTHER) if kind and _is_dbts(metadata) else Asks.OTHER,
        node=_attached(node, keywords, names),
        columns=tuple(_columns(node, keywords)),
        part=not (plain and usual),
    )


def _is_dbts(metadata: Mapping[str, object]) -> bool:
    """True for tests of dbt itself and of dbt_utils; one of the same name elsewhere may ask something else."""
    return metadata.get("namespace") in (None, "dbt", "dbt_utils")


def _columns(node: Mapping[str, object], keywords: Mapping[str, object]) -> Iterator[str]:
    column = text(node.get("column_name")) or text(keywords.get("column_name"))
    if column:
        yield column
        return
    listed = keywords.get("combination_of_columns")
    yield from (each for each in (listed if isinstance(listed, list) else ()) if isinstance(each, str))


def _attached(node: Mapping[str, object], keywords: Mapping[str, object], names: Mapping[str, str]) -> str:
    """Returns the node that a test is about: a test of references depends on the other table as well."""
    attached = text(node.get("attached_node"))
    if attached:
        return attached
    listed = mapping(node.get("depends_on")).get("nodes")
    nodes = [each for each in (listed if isinstance(listed, list) else ()) if isinstance(each, str)]
    model = text(keywords.get("model"))
    named = [each for each in nodes if f"'{names.get(each, '')}'" in model]
    found = named if len(named) == 1 else nodes
    return found[0] if len(found) == 1 else ""


class Summary(NamedTuple):
    """A project in numbers, for people."""

    models: int
    with_test: int
    with_key_test: int
    described: int
    columns: int
    columns_described: int
    contracts: int
    owned: int
    sources: int
    sources_with_freshness: int
    sources_with_test: int
    kinds: Mapping[str, int]


def summary_of(project: Project) -> Summary:
    """Counts a project."""
    models, sources = project.of("model"), project.of("source")
    tested = {each.node for each in project.tests}
    unique = {(each.node, each.columns) for each in project.tests if each.asks is Asks.UNIQUE}
    present = {(each.node, each.columns) for each in project.tests if each.asks is Asks.PRESENT}
    keyed = {node for node, columns in unique if all((node, (column,)) in present for column in columns)}
    return Summary(
        models=len(models),
        with_test=sum(each.id in tested for each in models),
        with_key_test=sum(each.id in keyed for each in models),
        described=sum(each.described for each in models),
        columns=sum(each.columns for each in models),
        columns_described=sum(each.columns_described for each in models),
        contracts=sum(each.contract for each in models),
        owned=sum(each.owned for each in models),
        sources=len(sources),
        sources_with_freshness=sum(each.freshness for each in sources),
        sources_with_test=sum(each.id in tested for each in sources),
        kinds=dict(Counter(each.kind or "no name" for each in project.tests)),
    )
