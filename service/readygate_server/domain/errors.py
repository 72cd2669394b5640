"""Errors of the gate: each means that no verdict was reached. A no is a result, never one of these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


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
        asks = expected.startswith("did you mean")
        way_out = f"; {expected}" if asks else f", expected {expected}" if expected else ""
        detail = (f"{path}: " if path else "") + message + (f", got {got}" if got else "") + way_out
        return f"the {self.what} has {count} fault{'s' if count != 1 else ''}; the first: {detail}"


@dataclass(eq=False)
class RulesetNotFoundError(GateError):
    """No ruleset matches the selector."""

    selector: str
    available: tuple[str, ...]
    day: str = ""
    """The day on which it would have had to be in force; empty when that was not asked."""

    def __str__(self) -> str:
        """Returns what was asked for and what there is."""
        day = f" and is in force on {self.day}" if self.day else ""
        return f"no ruleset matches {self.selector}{day}; available: {', '.join(self.available) or 'none'}"


@dataclass(eq=False)
class LimitExceededError(GateError):
    """A list or text is longer than the limit."""

    field: str
    limit: int
    got: int

    def __str__(self) -> str:
        """Returns the field, what it held and what it may hold."""
        return f"{self.field} holds {self.got}, the limit is {self.limit}; shorten it, or ask in several requests"


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


@dataclass(eq=False)
class NotFoundError(GateError):
    """Nothing is known under an id; also when the caller may not know of it."""

    kind: str
    id: str

    def __str__(self) -> str:
        """Returns what was asked for."""
        return f"no {self.kind} has the id {self.id}"


@dataclass(eq=False)
class RequestIdReusedError(GateError):
    """A request id came back with another request."""

    request_id: str

    def __str__(self) -> str:
        """Returns the id and what to do."""
        return f"the request id {self.request_id} was used before with another request; take a new id"


@dataclass(eq=False)
class RecordUnavailableError(GateError):
    """The record can not be written or read just now. The detail is for the log, never for callers."""

    detail: str

    def __str__(self) -> str:
        """Returns what to do."""
        return "the record can not be reached, so nothing was decided; ask again with the same request id"


@dataclass(eq=False)
class InvalidTokenError(GateError):
    """A token belongs to another query, or nobody here made it."""

    field: str

    def __str__(self) -> str:
        """Returns the field and what to do."""
        return f"{self.field}: the token is not of this query; start again without one"


@dataclass(eq=False)
class UnauthenticatedError(GateError):
    """No credential, or none that can be trusted."""

    why: str

    def __str__(self) -> str:
        """Returns what is wrong with the credential; nothing of the credential itself."""
        return f"the caller is not known: {self.why}"


@dataclass(eq=False)
class PermissionDeniedError(GateError):
    """No role of the caller allows this."""

    needs: str
    ruleset: str = ""
    proposal: str = ""
    asset: str = ""

    def __str__(self) -> str:
        """Returns the role that is needed, and for what."""
        scope = "".join(f" for the {what} {name}" for what, name in self._scope if name)
        return f"the role {self.needs} is needed{scope}"

    @property
    def _scope(self) -> tuple[tuple[str, str], ...]:
        return ("ruleset", self.ruleset), ("proposal", self.proposal), ("asset", self.asset)


@dataclass(eq=False)
class QuotaExceededError(GateError):
    """A caller has used up what it may use."""

    limit: str
    retry_after_seconds: float

    def __str__(self) -> str:
        """Returns the limit and when to come back."""
        return f"the limit is {self.limit}; ask again in {self.retry_after_seconds:.0f} s"


@dataclass(eq=False)
class EtagMismatchError(GateError):
    """Somebody else changed it meanwhile."""

    kind: str
    id: str

    def __str__(self) -> str:
        """Returns what to do."""
        return f"the {self.kind} {self.id} has changed meanwhile; read it again and decide anew"


@dataclass(eq=False)
class WaiverRefusedError(GateError):
    """A waiver can not be asked for, approved or revoked like this."""

    why: str

    def __str__(self) -> str:
        """Returns the reason."""
        return f"the waiver is refused: {self.why}"


@dataclass(eq=False)
class CertificateRefusedError(GateError):
    """A decision can not be certified like this."""

    why: str

    def __str__(self) -> str:
        """Returns the reason."""
        return f"no certificate can be issued: {self.why}"


@dataclass(eq=False)
class NotConfiguredError(GateError):
    """The server was started without what this needs."""

    feature: str
    option: str

    def __str__(self) -> str:
        """Returns the feature and the option that gives it."""
        return f"this server has no {self.feature}; it is started with {self.option}"


A_RECORD: Final = ("record", "--data-dir DIR or --database-url URL")
"""What a server lacks that keeps nothing, and the options that give it."""
