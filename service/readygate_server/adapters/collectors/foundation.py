"""Writes what collectors found as a file of facts with evidence, which `readygate check --evidence` reads.

The text is the same for the same findings, but for the moment of collection.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from readygate_server.adapters.proposals.limits import MAX_TEXT
from readygate_server.adapters.proposals.vocabulary import ASSET_FIELDS, GROUPS, fact_fields
from readygate_server.adapters.yaml_lines import yaml_lines
from readygate_server.domain.collected import Artefact, Collected, Measured, Status
from readygate_server.domain.facts import FactValue
from readygate_server.domain.vocabulary import Grade, Scope

MARK: Final = (
    "# Facts with evidence, written by `readygate collect` and written anew by it: change what was read, not this."
)
"""Second line of every file, by which `readygate collect` knows what it may write over."""
_SCHEMA: Final = "# yaml-language-server: $schema=schema/foundation.schema.json"
_GRADES: Final = {Grade.E1: "e1_document", Grade.E2: "e2_measured"}
_STATUS: Final = {
    Status.NOT_STATED: "",
    Status.NOT_EVALUABLE: "can not be evaluated: ",
    Status.NOT_APPLICABLE: "does not apply to what was read: ",
}
_NAMES_SHOWN: Final = 300

_Tree = Mapping[str, object]


def foundation_text(collected: Sequence[Collected], *, collected_at: datetime) -> str:
    """Returns the file of several findings; several about one asset are joined."""
    ordered = sorted(collected, key=lambda each: (each.subject.scope, each.subject.id, each.collector, each.artefacts))
    sections: dict[str, object] = {**_assets(ordered), **_singles(ordered)}
    sections["evidence"] = [entry for each in ordered for entry in _evidence(each, _moment(collected_at))]
    sections["statements"] = _statements(ordered)
    lines = [_SCHEMA, MARK, *(line for each in ordered for line in _comments(each))]
    for name, section in sections.items():
        if section:
            lines += ["", *yaml_lines({name: section})]
    return "\n".join(lines) + "\n"


def parameters_digest(parameters: Sequence[tuple[str, str]]) -> str:
    """Returns the digest of what a method was told: SHA-256 of the JSON of an object with sorted keys."""
    text = json.dumps(dict(parameters), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def source_of(artefacts: Sequence[Artefact]) -> tuple[str, str]:
    """Returns name and digest of what was read; of several, the digest of the list of their names and digests.

    That list has one line each, sorted: the digest in hexadecimal, two spaces, the name, as `sha256sum` prints it.
    """
    if len(artefacts) == 1:
        return artefacts[0].uri, artefacts[0].digest
    listed = sorted((each.uri, each.digest.removeprefix("sha256:")) for each in artefacts)
    text = "".join(f"{digest}  {name}\n" for name, digest in listed)
    names = ", ".join(name for name, _ in listed)
    if len(names) > _NAMES_SHOWN:
        names = f"{listed[0][0][:_NAMES_SHOWN]} and {len(listed) - 1} more"
    return names, f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _comments(found: Collected) -> Iterator[str]:
    about = found.subject.id or "the deployment"
    yield "#"
    yield _comment(f"{about}: {found.collector} {found.version} read")
    for artefact in found.artefacts[:20]:
        yield _comment(f"  {artefact.uri}, {artefact.size} bytes, {artefact.digest}")
    if len(found.artefacts) > 20:
        yield _comment(f"  and {len(found.artefacts) - 20} more")
    for note in found.notes:
        yield _comment(f"  note: {note}")


def _comment(text: str) -> str:
    indent = text[: len(text) - len(text.lstrip())]
    words = " ".join("".join(each if each.isprintable() else "?" for each in word) for word in text.split())
    return f"# {indent}{words}"


def _assets(collected: Iterable[Collected]) -> dict[str, object]:
    """Returns the assets with the values in use, by the field of a proposal."""
    assets: dict[Scope, dict[str, dict[str, object]]] = {scope: {} for scope in ASSET_FIELDS}
    found = list(collected)
    for each in found:
        if each.subject.scope in assets:
            asset = assets[each.subject.scope].setdefault(each.subject.id, {"id": each.subject.id})
            if each.subject.title:
                asset.setdefault("title", each.subject.title)
    for (scope, subject, fact), value in _values(found).items():
        if scope in assets:
            _put(assets[scope][subject], _path(fact)[1:], value)
    return {ASSET_FIELDS[scope]: list(by_id.values()) for scope, by_id in assets.items()}


def _singles(collected: Iterable[Collected]) -> dict[str, object]:
    sections: dict[str, object] = {}
    for (scope, _, fact), value in _values(collected).items():
        if scope is Scope.DEPLOYMENT:
            _put(sections, _path(fact), value)
    return sections


def _path(fact: str) -> tuple[str, ...]:
    field = fact_fields()[fact]
    return (*GROUPS[field.group], *field.path)


def _put(tree: dict[str, object], path: Sequence[str], value: FactValue) -> None:
    for step in path[:-1]:
        below = tree.setdefault(step, {})
        assert isinstance(below, dict)
        tree = below
    tree[path[-1]] = list(value) if isinstance(value, tuple) else value


def _values(collected: Iterable[Collected]) -> dict[tuple[Scope, str, str], FactValue]:
    """Returns the value in use of each fact, in the order of the catalogue: highest grade first, then the newest."""
    best: dict[tuple[Scope, str, str], tuple[tuple[object, ...], FactValue]] = {}
    for each in collected:
        for fact in each.facts:
            if fact.value is None:
                continue
            key = (each.subject.scope, each.subject.id, fact.fact)
            rank = (fact.grade, _moment(fact.as_of) if fact.as_of else "")
            if key not in best or rank > best[key][0]:
                best[key] = (rank, fact.value)
    order = {name: number for number, name in enumerate(fact_fields())}
    keys = sorted(best, key=lambda key: (key[0], key[1], order[key[2]]))
    return {key: best[key][1] for key in keys}


def _evidence(found: Collected, collected_at: str) -> Iterator[_Tree]:
    uri, digest = source_of(found.artefacts)
    order = {name: number for number, name in enumerate(fact_fields())}
    for fact in sorted(found.facts, key=lambda each: order[each.fact]):
        if fact.value is not None:
            yield {
                "facts": [fact.fact],
                **({"subject": found.subject.id} if found.subject.id else {}),
                "value": list(fact.value) if isinstance(fact.value, tuple) else fact.value,
                "grade": _GRADES[fact.grade],
                "source_uri": uri,
                "source_digest": digest,
                "collector": f"readygate collect {found.collector}",
                "collector_version": found.version,
                "method": fact.method,
                "parameters_digest": parameters_digest(fact.parameters),
                "coverage": _coverage(fact),
                **({"as_of": _moment(fact.as_of)} if fact.as_of is not None else {}),
                "collected_at": collected_at,
            }


def _coverage(fact: Measured) -> _Tree:
    coverage = fact.coverage
    reasons = {"reasons": list(coverage.why)} if coverage.why else {}
    return {"examined": coverage.examined, "skipped": coverage.skipped, **reasons}


def _statements(collected: Sequence[Collected]) -> list[_Tree]:
    """Returns what is said of facts that nothing in the file gives a value for.

    Not stated is all that a tool can say: that a question makes no sense for a deployment, a person has to say.
    """
    given = {(each.subject.id, fact.fact) for each in collected for fact in each.facts if fact.value is not None}
    reasons: dict[tuple[str, str], list[str]] = {}
    for each in collected:
        for fact in each.facts:
            if fact.value is None and (each.subject.id, fact.fact) not in given:
                text = f"{_STATUS[fact.status]}{fact.reason}"
                known = reasons.setdefault((each.subject.id, fact.fact), [])
                known += [] if text in known else [text]
    order = {name: number for number, name in enumerate(fact_fields())}
    return [
        {
            "fact": fact,
            **({"subject": subject} if subject else {}),
            "kind": "not_stated",
            "reason": "; ".join(reasons[subject, fact])[:MAX_TEXT],
        }
        for subject, fact in sorted(reasons, key=lambda key: (key[0], order[key[1]]))
    ]


def _moment(moment: datetime) -> str:
    text = moment.astimezone(UTC).isoformat(timespec="auto")
    return text.replace("+00:00", "Z")
