"""Says which asset each found file is about: what is certain, what is only likely, and what has to be told."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Final, NamedTuple

from readygate_server.adapters.collectors.frames import Sighting
from readygate_server.adapters.proposals.limits import LONGEST_ID
from readygate_server.domain.faults import suggest
from readygate_server.domain.vocabulary import Scope

_ALIKE: Final = 0.8
"""Likeness from which a name is proposed: `order-api` for `orders-api`, but not `evidence` for `devices`."""
_KINDS: Final = {
    Scope.SOURCE: "data source",
    Scope.API: "API",
    Scope.WORKFLOW: "workflow",
    Scope.DEPLOYMENT: "deployment",
}
_MOST_NAMED: Final = 5
_NOT_OF_NAMES: Final = re.compile(r"[._-]")
_NOT_OF_IDS: Final = re.compile(r"[^a-z0-9._]+")


class Asset(NamedTuple):
    """An asset that a proposal names."""

    scope: Scope
    id: str
    title: str = ""


class Find(NamedTuple):
    """A file that a collector knows, and the asset that it is about."""

    sighting: Sighting
    scope: Scope
    asset: str
    """Empty when there is no telling."""
    told: tuple[str, ...]
    """What has to be told before it is collected, in words; empty when it is certain."""
    likely: str = ""
    """Asset to propose where there is no telling."""
    fits: bool = True
    """False when the proposal names no asset of a kind that the collector speaks of."""

    @property
    def is_certain(self) -> bool:
        """True when it can be collected unasked."""
        return not self.told


def finds_of(
    sightings: Sequence[Sighting], assets: Sequence[Asset] | None, told: Mapping[str, str]
) -> tuple[Find, ...]:
    """Returns what was found, by file. `assets` are those of a proposal; without one, a file's own id is taken.

    `told` says of which asset a file is, by its path.
    """
    finds = [_find(each, assets, told.get(each.path, "")) for each in _own(sightings)]
    return tuple(sorted(_unambiguous(finds, told), key=lambda find: (find.sighting.path, find.sighting.collector)))


def id_of(text: str) -> str:
    """Returns a well-formed id made of a text; empty when nothing of it can be in an id."""
    return _NOT_OF_IDS.sub("-", text.lower())[:LONGEST_ID].strip("-._")


def _own(sightings: Sequence[Sighting]) -> list[Sighting]:
    """Returns the sightings without files that are read along with another, and without guesses where one is sure."""
    along = {(each.collector, path) for each in sightings for path in each.along}
    sure = {each.path for each in sightings if each.confidence == "high"}
    return [
        each
        for each in sightings
        if (each.collector, each.path) not in along and (each.confidence == "high" or each.path not in sure)
    ]


def _find(sighting: Sighting, assets: Sequence[Asset] | None, told: str) -> Find:
    scope = Scope(sighting.scopes[0])
    needs = [f"--{name}" for name in sighting.needs]
    asked = [f"needs {', '.join(needs)}"] if needs else []
    if sighting.confidence != "high" and not told:
        asked.append("only looks like it")
    if assets is None:
        asset = told or id_of(sighting.id)
        return Find(sighting, scope, asset, tuple(asked if asset else [*asked, "needs --asset"]))
    fitting = [each for each in assets if each.scope in sighting.scopes]
    found = _match(sighting, fitting, told)
    if found is not None:
        return Find(sighting, found.scope, found.id, tuple(asked))
    if not fitting:
        return Find(sighting, scope, "", (*asked, _foreign(sighting, assets)), fits=False)
    question, likely = _question(sighting, fitting, told)
    if not told and (namesake := _namesake(sighting, assets)):
        question, likely = f"{question}{namesake}", ""
    return Find(sighting, scope, "", (*asked, question), likely)


def _match(sighting: Sighting, assets: Iterable[Asset], told: str) -> Asset | None:
    """Returns the asset of the same id, else the only one of the same title."""
    known = list(assets)
    wanted = told or id_of(sighting.id)
    for asset in known:
        if asset.id == wanted:
            return asset
    if told:
        return None
    names = {id_of(sighting.id), id_of(sighting.title)} - {""}
    titled = [each for each in known if {id_of(each.id), id_of(each.title)} & names]
    return titled[0] if len(titled) == 1 else None


def _foreign(sighting: Sighting, assets: Sequence[Asset]) -> str:
    """Returns that the proposal has no asset of the kind, whatever else has the name."""
    kinds = " or ".join(_KINDS[Scope(scope)] for scope in sighting.scopes)
    return f"is about a {kinds}, and the proposal names none{_namesake(sighting, assets)}"


def _namesake(sighting: Sighting, assets: Iterable[Asset]) -> str:
    """Returns, in words, which asset has the name of a file; asked where none of a kind that fits has it."""
    found = _match(sighting, assets, "")
    if found is None:
        return ""
    log = ": is it a log? readygate collect eventlog" if found.scope is Scope.WORKFLOW else ""
    return f"; the {_KINDS[found.scope]} {found.id} has its name{log}"


def _question(sighting: Sighting, fitting: Sequence[Asset], told: str) -> tuple[str, str]:
    """Returns what has to be told about the asset, and the one that is likely."""
    ids = [asset.id for asset in fitting]
    only = ids[0] if len(ids) == 1 else ""
    if told:
        return f"the proposal has no {told!r} for it", suggest(told, ids) or only
    likely = _near(id_of(sighting.id), ids) or only
    return (f"which asset? {', '.join(ids[:_MOST_NAMED])}{' …' if len(ids) > _MOST_NAMED else ''}"), likely


def _near(name: str, ids: Iterable[str]) -> str:
    """Returns the one id that a name begins with, such as with a day after it, or else one that is a slip away."""
    words = _NOT_OF_NAMES.split(name)
    known = {each: _NOT_OF_NAMES.split(each) for each in ids}
    begun = [each for each, parts in known.items() if words[: len(parts)] == parts]
    return begun[0] if len(begun) == 1 else next(iter(get_close_matches(name, known, n=1, cutoff=_ALIKE)), "")


def _unambiguous(finds: Sequence[Find], told: Mapping[str, str]) -> list[Find]:
    """Returns the finds with a question where several files claim one asset, or one id stands for two kinds.

    Only what would be collected can be in the way of anything else.
    """
    certain = [find for find in finds if find.is_certain]
    scopes: dict[str, set[Scope]] = {}
    for find in certain:
        scopes.setdefault(find.asset, set()).add(find.scope)
    claims = Counter((find.sighting.collector, find.asset) for find in certain)
    checked = []
    for find in finds:
        question = ""
        if find.is_certain and find.sighting.path not in told:
            if len(scopes[find.asset]) > 1:
                question = "another kind of asset has this id"
            elif claims[find.sighting.collector, find.asset] > 1:
                question = "several files are of this asset: which?"
        checked.append(find._replace(told=(question,), likely=find.asset) if question else find)
    return checked
