"""Errors of the gate: each means that no verdict was reached. A no is a result, never one of these."""

from __future__ import annotations

from dataclasses import dataclass


class GateError(Exception):
    """Base of all errors of the gate."""


@dataclass(eq=False)
class InvalidInputError(GateError):
    """An input breaks the contract; all faults are listed."""

    what: str
    faults: tuple[tuple[str, str, str, str], ...]
    """Per fault: path, message, got, expected."""

    def __str__(self) -> str:
        """Returns the number of faults and the first of them."""
        count = len(self.faults)
        path, message, got, expected = self.faults[0]
        detail = f"{path}: {message}" + (f", got {got}" if got else "") + (f", expected {expected}" if expected else "")
        return f"the {self.what} has {count} fault{'s' if count != 1 else ''}; the first: {detail}"


@dataclass(eq=False)
class RulesetNotFoundError(GateError):
    """No ruleset matches the selector."""

    selector: str
    available: tuple[str, ...]

    def __str__(self) -> str:
        """Returns what was asked for and what there is."""
        return f"no ruleset matches {self.selector}; available: {', '.join(self.available) or 'none'}"


@dataclass(eq=False)
class LimitExceededError(GateError):
    """A list or text is longer than the limit."""

    field: str
    limit: int
    got: int

    def __str__(self) -> str:
        """Returns the field, what it held and what it may hold."""
        return f"{self.field} holds {self.got}, the limit is {self.limit}; split the request"


@dataclass(eq=False)
class RuleFailedError(GateError):
    """An expression could not be evaluated, so that the ruleset is faulty."""

    rule_id: str
    expression: str
    detail: str

    def __str__(self) -> str:
        """Returns the rule and the expression."""
        return f"the expression of {self.rule_id or 'a rule'} could not be evaluated: {self.expression}"


class NotReadyError(GateError):
    """No sound ruleset is loaded."""

    def __str__(self) -> str:
        """Returns what to do."""
        return "no sound ruleset is loaded; see the server's log"
