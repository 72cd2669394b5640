"""Reads an ODCS contract: which columns of a table are keys or critical, what their values may be, what means nothing.

Only Open Data Contract Standard 3 is read. People whom a contract names, what it says of servers and prices, and the
text of its SQL checks are passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from readygate_server.adapters.collectors.artefacts import read_whole
from readygate_server.adapters.collectors.port import ArtefactError, ArtefactFault, OptionError
from readygate_server.adapters.yaml_text import MAX_BYTES, read_yaml
from readygate_server.domain.collected import Artefact
from readygate_server.domain.faults import FaultsError, suggest

KIND: Final = "DataContract"
STATUSES: Final = ("proposed", "draft", "active", "deprecated", "retired")
_PROMISES: Final = ("latency", "freshness", "ly", "timetodetect", "td")


class Domain(NamedTuple):
    """What the values of one column may be; empty parts are not declared."""

    type: str = ""
    """Logical type of ODCS."""
    values: tuple[str, ...] = ()
    pattern: str = ""
    bounds: tuple[tuple[str, str], ...] = ()
    """Comparator and literal, such as `>=` and `0`."""
    lengths: tuple[tuple[str, int], ...] = ()
    unread: int = 0
    """Constraints that are declared in a way that can not be checked."""

    @property
    def says_something(self) -> bool:
        """True when there is anything that a value could break."""
        return self != Domain()


class ColumnContract(NamedTuple):
    """What a contract says of one column."""

    names: tuple[str, ...]
    """Physical name first."""
    critical: bool = False
    classified: bool = False
    domain: Domain = Domain()
    null_tokens: tuple[str, ...] | None = None
    """What stands for nothing; None when the contract does not say."""


class TableContract(NamedTuple):
    """What a contract says of one table."""

    columns: tuple[ColumnContract, ...]
    keys: tuple[tuple[str, ...], ...]
    """Primary key, and whatever else is declared to be there once."""
    references: int
    """Foreign keys that are declared."""


class Contract(NamedTuple):
    """What is taken from a contract."""

    artefact: Artefact
    status: str
    table: TableContract | None
    """None when the contract describes no table."""
    promises: int
    """Service levels about latency and detection: promised, not measured."""
    members: int
    """How many people its team has; never who."""


def read_contract(path: Path, table: str, stems: tuple[str, ...] = ()) -> Contract:
    """Reads a contract and picks the table that is asked for, or whose name one of the files has, or the only one.

    Raises:
      ArtefactError: when the file is no contract that can be read.
      OptionError: when it is not clear which table is meant.
    """
    artefact, data = read_whole(path, MAX_BYTES)
    document = _document(artefact.uri, data)
    objects = [each for each in _mappings(document.get("schema")) if _mappings(each.get("properties"))]
    status = document.get("status")
    return Contract(
        artefact=artefact,
        status=status.strip().lower() if isinstance(status, str) else "",
        table=_table(_pick(artefact.uri, objects, table, stems)) if objects else None,
        promises=sum(1 for each in _mappings(document.get("slaProperties")) if _is_promise(each)),
        members=_members(document.get("team")),
    )


def _document(uri: str, data: bytes) -> Mapping[str, object]:
    try:
        content = read_yaml(data.decode("utf-8-sig"), file=uri).data
    except UnicodeDecodeError as error:
        fault = ArtefactFault(uri, "the contract is not UTF-8", got=f"byte {error.start}", way_out="save it as UTF-8")
        raise ArtefactError(fault) from None
    except FaultsError as error:
        raise ArtefactError.of(
            ArtefactFault(f"{each.file}:{each.line}:{each.column}", each.message, expected=each.expected)
            for each in error.faults
        ) from None
    if not isinstance(content, Mapping) or content.get("kind") != KIND:
        raise ArtefactError(ArtefactFault(uri, "the file is no ODCS contract", expected=f"kind: {KIND}"))
    version = content.get("apiVersion")
    if not (isinstance(version, str) and version.startswith("v3.")):
        raise ArtefactError(
            ArtefactFault(uri, "this version of ODCS is not read", expected="apiVersion: v3.x", way_out="migrate it")
        )
    return content


def _pick(uri: str, objects: list[Mapping[str, object]], table: str, stems: tuple[str, ...]) -> Mapping[str, object]:
    names = [name for each in objects for name in _names(each)]
    for wanted in (table,) if table else stems:
        found = [each for each in objects if wanted in _names(each)]
        if len(found) == 1:
            return found[0]
    if table:
        hint = suggest(table, names)
        raise OptionError(
            ArtefactFault("--table", "the contract has no such table", way_out=f"did you mean {hint}?" if hint else "")
        )
    if len(objects) > 1:
        got = f"{len(objects)} tables"
        raise OptionError(
            ArtefactFault("--table", f"{uri} describes several tables", got=got, way_out="name one of them")
        )
    return objects[0]


def _table(found: Mapping[str, object]) -> TableContract:
    properties = _mappings(found.get("properties"))
    references = sum(len(_mappings(each.get("relationships"))) for each in (found, *properties))
    return TableContract(tuple(map(_column, properties)), tuple(_keys(found, properties)), references)


def _keys(found: Mapping[str, object], properties: list[Mapping[str, object]]) -> Iterator[tuple[str, ...]]:
    primary = [each for each in properties if each.get("primaryKey") is True]
    if primary:
        yield tuple(_names(each)[0] for each in sorted(primary, key=_position))
    for each in properties:
        if each.get("unique") is True or any(_metric(rule) == "duplicatevalues" for rule in _rules(each)):
            yield (_names(each)[0],)
    for rule in _rules(found):
        columns = _arguments(rule).get("properties")
        if _metric(rule) == "duplicatevalues" and isinstance(columns, list) and columns:
            yield tuple(map(str, columns))


def _position(column: Mapping[str, object]) -> int:
    position = column.get("primaryKeyPosition")
    return position if isinstance(position, int) and position >= 0 else 1 << 31


def _column(column: Mapping[str, object]) -> ColumnContract:
    classification = column.get("classification")
    tokens = None
    for rule in _rules(column):
        listed = _arguments(rule).get("missingValues")
        if _metric(rule) == "missingvalues" and isinstance(listed, list):
            tokens = (*(tokens or ()), *(_literal(each) for each in listed if each is not None))
    return ColumnContract(
        names=_names(column),
        critical=column.get("criticalDataElement") is True,
        classified=isinstance(classification, str) and bool(classification.strip()),
        domain=_domain(column),
        null_tokens=tokens,
    )


_BOUNDS: Final = (("minimum", ">="), ("maximum", "<="), ("exclusiveMinimum", ">"), ("exclusiveMaximum", "<"))
_LENGTHS: Final = (("minLength", ">="), ("maxLength", "<="))
_NOT_CHECKED: Final = ("format", "multipleOf", "minItems", "maxItems", "minProperties", "maxProperties", "required")


def _domain(column: Mapping[str, object]) -> Domain:
    options = column.get("logicalTypeOptions")
    options = options if isinstance(options, Mapping) else {}
    values, pattern, unread = _listed_domain(column)
    logical, stated = column.get("logicalType"), options.get("pattern")
    if isinstance(stated, str) and stated:
        unread += 1 if pattern and pattern != stated else 0
        pattern = pattern or stated
    return Domain(
        type=logical if isinstance(logical, str) else "",
        values=values,
        pattern=pattern,
        bounds=tuple((sign, _literal(options[name])) for name, sign in _BOUNDS if _is_bound(options.get(name))),
        lengths=tuple(
            (sign, length)
            for name, sign in _LENGTHS
            if isinstance(length := options.get(name), int) and not isinstance(length, bool)
        ),
        unread=unread + sum(1 for name in _NOT_CHECKED if options.get(name) is not None),
    )


def _listed_domain(column: Mapping[str, object]) -> tuple[tuple[str, ...], str, int]:
    """Returns the values and the pattern of the checks for invalid values, and how many such checks have neither."""
    values: tuple[str, ...] = ()
    pattern, unread = "", 0
    for rule in _rules(column):
        if _metric(rule) != "invalidvalues":
            continue
        arguments = _arguments(rule)
        listed, stated = arguments.get("validValues"), arguments.get("pattern")
        if isinstance(listed, list) and listed and not values:
            values = tuple(_literal(each) for each in listed if each is not None)
        elif isinstance(stated, str) and stated and not pattern:
            pattern = stated
        else:
            unread += 1
    return values, pattern, unread


def _rules(owner: Mapping[str, object]) -> list[Mapping[str, object]]:
    """Returns the checks of ODCS's own library; SQL and those of other engines are run by whoever wrote them."""
    return [each for each in _mappings(owner.get("quality")) if each.get("type", "library") == "library"]


def _metric(rule: Mapping[str, object]) -> str:
    """Returns the name of a check without capitals: `metric` since ODCS 3.1, `rule` before."""
    name = rule.get("metric", rule.get("rule"))
    return name.lower() if isinstance(name, str) else ""


def _arguments(rule: Mapping[str, object]) -> Mapping[str, object]:
    """Returns what a check is told: under `arguments` since ODCS 3.1, beside its name before."""
    arguments = rule.get("arguments")
    return {**rule, **arguments} if isinstance(arguments, Mapping) else rule


def _names(owner: Mapping[str, object]) -> tuple[str, ...]:
    found = [each for each in (owner.get("physicalName"), owner.get("name")) if isinstance(each, str) and each]
    return tuple(dict.fromkeys(found)) or ("",)


def _is_bound(value: object) -> bool:
    return isinstance(value, (int, float, str)) and not isinstance(value, bool) and value != ""


def _literal(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_promise(level: Mapping[str, object]) -> bool:
    name = level.get("property")
    return isinstance(name, str) and name.replace("_", "").lower() in _PROMISES


def _members(team: object) -> int:
    return len(_mappings(team.get("members") if isinstance(team, Mapping) else team))


def _mappings(value: object) -> list[Mapping[str, object]]:
    items: Iterable[object] = value if isinstance(value, list) else ()
    return [each for each in items if isinstance(each, Mapping)]
