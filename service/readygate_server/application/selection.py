"""How people and callers name a ruleset."""

from __future__ import annotations

import re
from dataclasses import dataclass

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_VERSION = re.compile(r"[0-9]{4}\.[0-9]+\.[0-9]+")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Selection:
    """A choice of one ruleset by one of version, digest, channel and day; the newest stable one when all are empty."""

    name: str = ""
    version: str = ""
    digest: str = ""
    channel: str = ""
    in_force_on: str = ""

    @classmethod
    def parse(cls, text: str) -> Selection:
        """Reads `name`, `name@2026.1.0`, `name@stable`, `name@2026-11-01` or `sha256:…`."""
        if _DIGEST.fullmatch(text):
            return cls(digest=text)
        name, _, choice = text.partition("@")
        if _VERSION.fullmatch(choice):
            return cls(name, version=choice)
        if _DAY.fullmatch(choice):
            return cls(name, in_force_on=choice)
        return cls(name, digest=choice) if _DIGEST.fullmatch(choice) else cls(name, channel=choice)

    def __str__(self) -> str:
        """Returns the selection as people write it."""
        choice = self.version or self.digest or self.channel or self.in_force_on
        return f"{self.name}@{choice}" if self.name and choice else self.name or choice or "the default ruleset"
