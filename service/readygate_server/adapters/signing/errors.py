"""Errors of keys and signatures, each with the way out."""

from __future__ import annotations

from dataclasses import dataclass

from readygate_server.domain.errors import GateError


@dataclass(eq=False)
class KeyProblemError(GateError):
    """A key can not be made, read or used."""

    what: str
    why: str

    def __str__(self) -> str:
        """Returns which key, and why."""
        return f"{self.what}: {self.why}"


@dataclass(eq=False)
class MalformedError(GateError):
    """A signed document does not have the form that it should have."""

    what: str
    why: str

    def __str__(self) -> str:
        """Returns the document, and what is wrong with it."""
        return f"the {self.what} is malformed: {self.why}"
