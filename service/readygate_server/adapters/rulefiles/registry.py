"""The rulesets that a caller can choose from: one immutable snapshot."""

from __future__ import annotations

from collections.abc import Iterable

from readygate_server.application.selection import Selection
from readygate_server.domain.errors import RulesetNotFoundError
from readygate_server.domain.rule import Ruleset

STABLE = "stable"
"""The channel that is taken when nothing is asked for."""


class RulesetRegistry:
    """Chooses rulesets by name and version, digest, channel or day."""

    def __init__(self, rulesets: Iterable[Ruleset], default_name: str) -> None:
        """Takes rulesets of which no two have the same name and version."""
        self._rulesets = tuple(sorted(rulesets, key=lambda ruleset: (ruleset.identity.name, _order(ruleset))))
        self._default_name = default_name

    @property
    def rulesets(self) -> tuple[Ruleset, ...]:
        """All rulesets by name, the oldest version first."""
        return self._rulesets

    @property
    def default_name(self) -> str:
        """Name that is taken when none is asked for."""
        return self._default_name

    def select(
        self,
        *,
        name: str = "",
        version: str = "",
        digest: str = "",
        channel: str = "",
        in_force_on: str = "",
        as_of: str,
    ) -> Ruleset:
        """Returns the newest ruleset that fits.

        An exact version or digest is given whether or not it is in force; a channel is that of the day `as_of`, and
        `in_force_on` is the stable version of another day.

        Raises:
          RulesetNotFoundError: when none fits.
        """
        day = "" if version or digest else in_force_on or as_of
        wanted_name = name or ("" if digest else self._default_name)
        fitting = [ruleset for ruleset in self._rulesets if wanted_name in ("", ruleset.identity.name)]
        if version or digest:
            fitting = [
                ruleset
                for ruleset in fitting
                if version in ("", ruleset.identity.version) and digest in ("", ruleset.identity.digest)
            ]
        else:
            fitting = [
                ruleset
                for ruleset in fitting
                if ruleset.identity.channel == (channel or STABLE) and ruleset.in_force(day)
            ]
        if not fitting:
            selection = Selection(wanted_name, version, digest, channel, in_force_on)
            raise RulesetNotFoundError(str(selection), self._available(), day)
        return max(fitting, key=_order)

    def _available(self) -> tuple[str, ...]:
        return tuple(f"{each.identity.name}@{each.identity.version}" for each in self._rulesets)


def _order(ruleset: Ruleset) -> tuple[int, ...]:
    """Calendar versions by number: 2026.10.0 comes after 2026.9.0."""
    return tuple(int(part) for part in ruleset.identity.version.split("."))
