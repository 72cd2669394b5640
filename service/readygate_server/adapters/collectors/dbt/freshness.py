"""How late sources were when dbt looked: `sources.json`, and `freshness.json` of dbt 2.

One look says how old the newest row was at that moment. The catalogue asks for the 95th percentile of 14 days, so looks
on each of 14 days are needed; dbt overwrites the file, so they have to be kept.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from readygate_server.adapters.collectors.dbt.manifest import Project
from readygate_server.adapters.collectors.dbt.reading import Json, items, moment, text

DAYS: Final = 14


class Look(NamedTuple):
    """One source at one moment."""

    source: str
    at: datetime
    minutes: float


class Freshness(NamedTuple):
    """What all looks say together."""

    looks: int
    failed: int
    """Looks at sources that could not be queried."""
    unseen: int
    """Sources of the project that the newest look does not have: dbt 2 leaves out those whose query failed."""
    strangers: int
    days: int
    """Days of the last 14 on which the source with the fewest was looked at."""
    p95_minutes: float | None
    """Of the source that is latest; None unless each was looked at on each day."""
    newest: datetime | None


def freshness_of(files: Iterable[Json], project: Project | None) -> Freshness:
    """Reads the looks and holds them against the sources of the project."""
    wanted = {each.id for each in project.of("source")} if project else set()
    known = project.ids if project else frozenset()
    looks: set[Look] = set()
    failed, strangers = 0, set()
    for file in files:
        for id_, look in _looks(file):
            if project and id_ not in wanted:
                strangers |= {id_} - known
            elif look is None:
                failed += 1
            else:
                looks.add(look)
    newest = max((look.at for look in looks), default=None)
    sources = wanted or {look.source for look in looks}
    recent = [look for look in looks if newest and look.at > newest - timedelta(days=DAYS)]
    days = [len({look.at.date() for look in recent if look.source == source}) for source in sources]
    fewest = min(days, default=0)
    least = max((_p95(recent, source) for source in sources), default=None) if fewest >= DAYS else None
    last_day = {look.source for look in recent if newest and look.at.date() == newest.date()}
    return Freshness(len(looks), failed, len(sources - last_day), len(strangers), fewest, least, newest)


def _looks(file: Json) -> Iterator[tuple[str, Look | None]]:
    for each in items(file.data.get("results")):
        id_ = text(each.get("unique_id"))
        loaded, seen = moment(each.get("max_loaded_at")), moment(each.get("snapshotted_at"))
        minutes = (seen - loaded).total_seconds() / 60 if loaded and seen else -1
        yield id_, Look(id_, seen, minutes) if seen and minutes >= 0 else None


def _p95(looks: list[Look], source: str) -> float:
    """Returns the lag that 95 of 100 looks did not exceed, by nearest rank: of 14 the greatest."""
    lags = sorted(look.minutes for look in looks if look.source == source)
    return lags[math.ceil(0.95 * len(lags)) - 1]
