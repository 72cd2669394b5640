"""A fault that is put into a sound file: what is spoilt, where the fault shows, and what is said about it."""

from __future__ import annotations

from dataclasses import dataclass

from tests.adapters.rulefiles.files import edited, place_of_mark

from readygate_server.domain.faults import Fault


@dataclass(frozen=True)
class Broken:
    """A passage and what replaces it, with the mark where the fault is expected."""

    name: str
    old: str
    new: str
    message: str
    got: str = ""
    expected: str = ""
    suggestion: str = ""

    def spoil(self, sound: str, file: str) -> tuple[str, Fault]:
        """Returns the spoilt text and the fault that is expected."""
        text, line, column = place_of_mark(edited(sound, self.old, self.new))
        return text, Fault(file, line, column, self.message, self.got, self.expected, self.suggestion)
