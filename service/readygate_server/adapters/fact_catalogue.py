"""Loads the fact catalogue: what each fact means, its range and unit, who owns it and what would give it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from readygate_server.adapters.packaged_rules import rules_directory
from readygate_server.adapters.yaml_text import Document, read_yaml
from readygate_server.domain.facts import parent_of
from readygate_server.domain.faults import Fault, FaultsError

EvidenceClass = Literal["declared", "document", "measured", "test"]
_Collector = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$")]
_Text = Annotated[str, StringConstraints(min_length=1)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


class _PartEntry(_Shape):
    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
    unit: _Text | None = None
    minimum: float | None = None
    maximum: float | None = None


class _FactEntry(_Shape):
    name: Annotated[str, StringConstraints(pattern=r"^[a-z]+\.[a-z][a-z0-9_]*$")]
    range: _Text
    unit: _Text | None = None
    minimum: float | None = None
    maximum: float | None = None
    parts: list[_PartEntry] = Field(default_factory=list)
    measured_by: _Text
    source: _Text
    owner: _Text
    artefact: _Text
    evidence: EvidenceClass
    tool_exists: bool = False
    collectors: list[_Collector] = Field(default_factory=list)


class FactsFile(_Shape):
    """Shape of `facts.yaml`."""

    facts: list[_FactEntry]


@dataclass(frozen=True, slots=True)
class PartInfo:
    """A part of a composite fact, such as `source.accuracy.ratio`."""

    name: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True)
class FactInfo:
    """What is known about a fact, whatever the proposal."""

    name: str
    group: str
    range: str
    unit: str
    minimum: float | None
    maximum: float | None
    parts: tuple[PartInfo, ...]
    measured_by: str
    source: str
    owner_role: str
    artefact: str
    evidence_class: EvidenceClass
    tool_exists: bool
    collectors: tuple[str, ...] = ()
    """Collectors that read it from artefacts, by their names."""


class FactCatalogue:
    """The facts of the contract, in the order of the file; found by the name of a fact or of a part of it."""

    def __init__(self, facts: tuple[FactInfo, ...]) -> None:
        """Takes the facts; their names are unique."""
        self._facts: Mapping[str, FactInfo] = {fact.name: fact for fact in facts}
        self._parts: Mapping[str, PartInfo] = {part.name: part for fact in facts for part in fact.parts}

    def __iter__(self) -> Iterator[FactInfo]:
        """Yields the facts in the order of the file."""
        return iter(self._facts.values())

    def __len__(self) -> int:
        """Returns the number of facts."""
        return len(self._facts)

    def __contains__(self, name: str) -> bool:
        """True for the name of a fact or of a part of one."""
        return name in self._facts or name in self._parts

    def find(self, name: str) -> FactInfo | None:
        """Returns the fact of that name, or the one that the part of that name belongs to."""
        return self._facts.get(name) or self._facts.get(parent_of(name))

    def __getitem__(self, name: str) -> FactInfo:
        """Returns the fact of that name, or the one that the part belongs to; KeyError when there is none."""
        fact = self.find(name)
        if fact is None:
            raise KeyError(name)
        return fact

    def limits(self, name: str) -> PartInfo:
        """Returns unit, minimum and maximum of a fact or part; of a part that the file leaves open, nothing."""
        if name in self._parts:
            return self._parts[name]
        fact = self._facts.get(name)
        return PartInfo(name, fact.unit, fact.minimum, fact.maximum) if fact else PartInfo(name)


def load_fact_catalogue(path: Path) -> FactCatalogue:
    """Reads a file of facts.

    Raises:
      FaultsError: with every fault of the file.
    """
    document = read_yaml(path.read_text(encoding="utf-8"), file=str(path))
    try:
        entries = FactsFile.model_validate(document.data).facts
    except ValidationError as error:
        raise FaultsError(_faults_of(error, document)) from None
    repeated = [
        document.fault(("facts", index, "name"), "the fact is listed twice", got=entry.name)
        for index, entry in enumerate(entries)
        if any(entry.name == other.name for other in entries[:index])
    ]
    if repeated:
        raise FaultsError(repeated)
    return FactCatalogue(tuple(map(_fact_of, entries)))


@cache
def fact_catalogue() -> FactCatalogue:
    """Returns the catalogue that ships with the package."""
    return load_fact_catalogue(rules_directory() / "facts.yaml")


def _faults_of(error: ValidationError, document: Document) -> Iterator[Fault]:
    for detail in error.errors(include_url=False):
        yield document.fault(tuple(detail["loc"]), detail["msg"], at_key=detail["type"] == "extra_forbidden")


def _fact_of(entry: _FactEntry) -> FactInfo:
    return FactInfo(
        name=entry.name,
        group=entry.name.partition(".")[0],
        range=entry.range,
        unit=entry.unit or "",
        minimum=entry.minimum,
        maximum=entry.maximum,
        parts=tuple(
            PartInfo(f"{entry.name}.{part.name}", part.unit or "", part.minimum, part.maximum) for part in entry.parts
        ),
        measured_by=entry.measured_by,
        source=entry.source,
        owner_role=entry.owner,
        artefact=entry.artefact,
        evidence_class=entry.evidence,
        tool_exists=entry.tool_exists,
        collectors=tuple(entry.collectors),
    )
