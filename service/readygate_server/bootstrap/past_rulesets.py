"""Rulesets by digest, also those whose files are gone."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Final

from readygate_server.adapters.rulefiles.bundle import unpack
from readygate_server.application.active_ruleset import ActiveRuleset
from readygate_server.application.record_ports import Archive
from readygate_server.application.selection import Selection
from readygate_server.bootstrap.local import snapshot_of
from readygate_server.bootstrap.served_rules import ServedRules
from readygate_server.domain.errors import NotReadyError, RulesetNotFoundError
from readygate_server.domain.faults import FaultsError
from readygate_server.domain.rule import Ruleset

_HELD: Final = 4
"""Rulesets of the past that stay compiled."""


class PastRulesets:
    """Finds a ruleset among those that are served, else in the record."""

    def __init__(self, rules: ServedRules, archive: Archive) -> None:
        """Takes both."""
        self._rules = rules
        self._archive = archive
        self._held: OrderedDict[str, ActiveRuleset] = OrderedDict()

    def find(self, digest: str) -> Ruleset | None:
        """Returns a ruleset that is served, None when it is not."""
        try:
            return self._rules.snapshot().select(Selection(digest=digest), as_of="").ruleset
        except (NotReadyError, RulesetNotFoundError):
            return None

    async def active(self, digest: str) -> ActiveRuleset:
        """Returns a ruleset that can judge.

        Raises:
          RulesetNotFoundError: when it was not kept, or this version of the engine no longer loads it.
          RecordUnavailableError: when the record can not be read.
        """
        try:
            return self._rules.snapshot().select(Selection(digest=digest), as_of="")
        except RulesetNotFoundError:
            pass
        if digest not in self._held:
            self._held[digest] = await self._kept(digest)
            while len(self._held) > _HELD:
                self._held.popitem(last=False)
        return self._held[digest]

    async def _kept(self, digest: str) -> ActiveRuleset:
        bundle = await self._archive.ruleset(digest)
        if bundle is None:
            raise RulesetNotFoundError(digest, ())
        try:
            loaded = await asyncio.to_thread(unpack, bundle)
        except FaultsError as error:
            raise RulesetNotFoundError(f"{digest} (kept, but not loaded by this version)", ()) from error
        return snapshot_of(loaded).select(Selection(digest=digest), as_of="")
