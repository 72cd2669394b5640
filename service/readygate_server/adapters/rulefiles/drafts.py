"""Rules as far as their files are sound, so that one fault of shape does not hide the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Generic, TypeVar

from readygate_server.adapters.rulefiles.schema import Check, Requirement, SeverityWhen, Shape
from readygate_server.adapters.rulefiles.shape_faults import holds
from readygate_server.adapters.rulefiles.sources import SourceFile
from readygate_server.adapters.yaml_text import Path
from readygate_server.domain.faults import Fault
from readygate_server.domain.vocabulary import Gate, Scope, Severity, Tier

_Item = TypeVar("_Item", bound=Shape)


@dataclass(frozen=True, slots=True)
class Placed(Generic[_Item]):
    """An item of a list, and where it stands."""

    item: _Item
    path: Path


@dataclass(frozen=True, slots=True)
class RuleDraft:
    """The sound parts of a rule file; what is missing or at fault is None or empty."""

    source: SourceFile
    id: str
    scope: Scope | None
    due: Mapping[Tier, Gate] | None
    severity: Mapping[Tier, Severity] | None
    checks: tuple[Placed[Check], ...]
    requirements: tuple[Placed[Requirement], ...]
    severity_when: tuple[Placed[SeverityWhen], ...]
    after: tuple[tuple[Path, str], ...]

    def fault(self, path: Path, message: str, **details: Any) -> Fault:
        """Returns a fault at a place of the file."""
        return self.source.document.fault(path, message, **details)

    def value(self, *path: str | int) -> Any:
        """Returns what stands at a path, or None when there is nothing or a fault."""
        here: Any = self.source.data
        for part in path:
            if not holds(here, part):
                return None
            here = here[part]
        return here if self.source.sound(*path) else None

    def text(self, *path: str | int) -> str | None:
        """Returns the text at a path, or None when there is none."""
        value = self.value(*path)
        return value if isinstance(value, str) else None

    @property
    def parts(self) -> tuple[Placed[Check] | Placed[Requirement], ...]:
        """Checks and requirements."""
        return (*self.checks, *self.requirements)


def draft_of(source: SourceFile) -> RuleDraft:
    """Returns the sound parts of a rule file."""
    after = source.data.get("work")
    listed = after.get("after") if isinstance(after, dict) else None
    due = source.data.get("due") if source.sound("due") else None
    return RuleDraft(
        source=source,
        # A rule whose id can not be read goes by the name of its file, so that those who refer to it are not at fault.
        id=str(
            source.data.get("id") if source.sound("id") and "id" in source.data else PurePosixPath(source.path).stem
        ),
        scope=Scope(str(source.data["scope"])) if "scope" in source.data and source.sound("scope") else None,
        due=_due(due),
        severity=severities(source.data["severity"])
        if "severity" in source.data and source.sound("severity")
        else None,
        checks=_items(source, "checks", Check),
        requirements=_items(source, "require", Requirement),
        severity_when=_items(source, "severity_when", SeverityWhen),
        after=tuple(
            (("work", "after", index), rule_id)
            for index, rule_id in enumerate(listed if isinstance(listed, list) else [])
            if isinstance(rule_id, str) and source.sound("work", "after", index)
        ),
    )


def severities(names: Any) -> Mapping[Tier, Severity]:
    """Returns severities by tier from their names in a file."""
    return {Tier[tier]: Severity[name.upper()] for tier, name in names.items()}


def gates(names: Any) -> Mapping[Tier, Gate]:
    """Returns gates by tier from a name for all tiers, or from names per tier."""
    per_tier = names if isinstance(names, dict) else {tier.name: names for tier in Tier}
    return {Tier[tier]: Gate[name.upper()] for tier, name in per_tier.items()}


def _due(value: object) -> Mapping[Tier, Gate] | None:
    return None if value is None else gates(value)


def _items(source: SourceFile, key: str, shape: type[_Item]) -> tuple[Placed[_Item], ...]:
    items = source.data.get(key)
    if not isinstance(items, list):
        return ()
    return tuple(
        Placed(shape.model_validate(item), (key, index)) for index, item in enumerate(items) if source.sound(key, index)
    )
