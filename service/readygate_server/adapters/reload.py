"""Keeps rulesets as their files are: watches a directory, builds aside, and hands over what is sound.

What is built never touches what serves. A set with a fault, without a ruleset, or in which a version that was served
before has changed is refused and reported; the last good one stays.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, Protocol, TypeVar

from watchfiles import awatch

from readygate_server.domain.faults import Fault, FaultsError
from readygate_server.domain.rule import Ruleset
from readygate_server.observability import logger

_DEBOUNCE_MS: Final = 200
_STEP_MS: Final = 50
_LOOK_AGAIN_MS: Final = 5_000
_RETRY_SECONDS: Final = 1.0


class HasRulesets(Protocol):
    """A set of rulesets, whatever else it holds."""

    @property
    def rulesets(self) -> Sequence[Ruleset]:
        """The rulesets of the set."""
        ...


_Set = TypeVar("_Set", bound=HasRulesets)
_Seen = frozenset[tuple[str, int, int, int]]


@dataclass(frozen=True, slots=True)
class Listeners(Generic[_Set]):
    """Who is told what became of a change."""

    loaded: Callable[[_Set], Awaitable[None]]
    refused: Callable[[Sequence[Fault]], Awaitable[None]]


class RuleWatch(Generic[_Set]):
    """Loads rulesets once, and again whenever a file below a directory changes."""

    def __init__(
        self,
        directory: Path | None,
        build: Callable[[], _Set],
        listeners: Listeners[_Set],
        served: Mapping[tuple[str, str], str] | None = None,
    ) -> None:
        """Takes the directory, None for none, what builds a set or raises FaultsError, and what others have served."""
        self._directory = directory
        self._build = build
        self._listeners = listeners
        self._served = dict(served or {})
        self._last: frozenset[str] | None = None

    async def run(self) -> None:
        """Loads, then watches until it is cancelled."""
        seen = await self._look()
        await self._load()
        while self._directory is not None:
            try:
                # Some file systems tell of no change, and none tells of those before the watch began: look as well.
                async for _ in awatch(
                    self._directory,
                    watch_filter=None,
                    debounce=_DEBOUNCE_MS,
                    step=_STEP_MS,
                    rust_timeout=_LOOK_AGAIN_MS,
                    yield_on_timeout=True,
                ):
                    now = await self._look()
                    if now != seen:
                        seen = now
                        await self._load()
            except (OSError, RuntimeError):  # the directory went away, perhaps to be replaced
                await asyncio.sleep(_RETRY_SECONDS)

    async def _load(self) -> None:
        try:
            built = await asyncio.to_thread(self._build)
            faults = self._objections(built.rulesets)
        except FaultsError as error:
            faults = error.faults
        except Exception as error:  # noqa: BLE001 -- whatever a file leads to, the last good rulesets serve on
            logger().error("unexpected", doing="loading rules", exc_info=error)
            faults = (Fault(str(self._directory), 0, 0, "the rules could not be loaded", got=type(error).__name__),)
        if faults:
            await self._listeners.refused(faults)
            return
        digests = frozenset(ruleset.identity.digest for ruleset in built.rulesets)
        if digests == self._last:
            return
        self._last = digests
        self._served.update(_versions(built.rulesets))
        await self._listeners.loaded(built)

    def _objections(self, rulesets: Sequence[Ruleset]) -> tuple[Fault, ...]:
        """Returns why a set without faults must not serve."""
        if not any(ruleset.rules for ruleset in rulesets):
            return (Fault(str(self._directory), 0, 0, "there is no ruleset with a rule"),)
        return tuple(
            Fault(
                f"{name}@{version}",
                0,
                0,
                "published version edited",
                got=digest,
                expected=f"{self._served[name, version]}, or a new version",
            )
            for (name, version), digest in sorted(_versions(rulesets).items())
            if self._served.get((name, version), digest) != digest
        )

    async def _look(self) -> _Seen:
        return frozenset() if self._directory is None else await asyncio.to_thread(_fingerprint, self._directory)


def _versions(rulesets: Sequence[Ruleset]) -> dict[tuple[str, str], str]:
    return {(ruleset.identity.name, ruleset.identity.version): ruleset.identity.digest for ruleset in rulesets}


def _fingerprint(directory: Path) -> _Seen:
    """Returns what tells one state of the files from another without reading them; follows links to files."""
    found = set()
    for path in directory.rglob("*"):
        try:
            stat = path.stat()
        except OSError:
            continue  # gone in the meantime, or a link to nothing
        if path.is_file():
            found.add((str(path), stat.st_mtime_ns, stat.st_size, stat.st_ino))
    return frozenset(found)
