"""The ledger of published versions: once a version is in it, its digest never changes again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from readygate_server.adapters.rulefiles.schema import PublishedFile
from readygate_server.adapters.rulefiles.sources import LEDGER, SourceFile
from readygate_server.adapters.yaml_text import read_yaml
from readygate_server.domain.errors import GateError
from readygate_server.domain.faults import Fault
from readygate_server.domain.rule import Ruleset, RulesetIdentity

_HEAD: Final = (
    "# yaml-language-server: $schema=schema/published.schema.json\n"
    "# Published versions. A line is added when a version is published, and never changed after.\n"
)


class AlreadyPublishedError(GateError):
    """A version is in the ledger with another digest."""


def ledger_faults(ledger: SourceFile | None) -> Iterator[Fault]:
    """Yields a fault for every version that the ledger names twice."""
    if ledger is None or not isinstance(ledger.model, PublishedFile):
        return
    seen: set[tuple[str, str]] = set()
    for index, entry in enumerate(ledger.model.published):
        key = (entry.name, entry.version)
        if key in seen:
            got = f"{entry.name}@{entry.version}"
            yield ledger.document.fault(("published", index), "the version is published twice", got=got)
        seen.add(key)


def edited_faults(ledger: SourceFile | None, composed: Iterable[tuple[SourceFile, RulesetIdentity]]) -> Iterator[Fault]:
    """Yields a fault for every published version whose content is another one now."""
    if ledger is None or not isinstance(ledger.model, PublishedFile):
        return
    published = {(entry.name, entry.version): entry.digest for entry in ledger.model.published}
    for source, identity in composed:
        digest = published.get((identity.name, identity.version), identity.digest)
        if digest != identity.digest:
            yield source.document.fault(
                ("version",),
                "a published version was edited; give it a new version",
                got=identity.digest,
                expected=f"{digest}, or a version that is not in {LEDGER}",
            )


def publish(directory: Path, rulesets: Iterable[Ruleset]) -> tuple[RulesetIdentity, ...]:
    """Adds versions that are not in the ledger of a rules directory yet, and returns them.

    Raises:
      AlreadyPublishedError: when one is there with another digest; nothing is written then.
    """
    path = directory / LEDGER
    published = _published(path)
    fresh = []
    for identity in (ruleset.identity for ruleset in rulesets):
        digest = published.get((identity.name, identity.version))
        if digest is None:
            fresh.append(identity)
        elif digest != identity.digest:
            name = f"{identity.name}@{identity.version}"
            raise AlreadyPublishedError(f"{name} is published as {digest}, and this is {identity.digest}")
    entries = {**published, **{(each.name, each.version): each.digest for each in fresh}}
    path.write_text(_text(entries), encoding="utf-8")
    return tuple(fresh)


def _published(path: Path) -> dict[tuple[str, str], str]:
    if not path.exists():
        return {}
    document = read_yaml(path.read_text(encoding="utf-8"), file=LEDGER)
    entries = PublishedFile.model_validate(document.data).published
    return {(entry.name, entry.version): entry.digest for entry in entries}


def _text(entries: dict[tuple[str, str], str]) -> str:
    lines = [
        f"  - {{name: {name}, version: {version}, digest: {digest}}}\n" for (name, version), digest in entries.items()
    ]
    return _HEAD + ("published:\n" + "".join(lines) if lines else "published: []\n")
