"""Who calls, and what they may do. One principal per person or service, however it signs in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from readygate_server.domain.errors import PermissionDeniedError


class Role(StrEnum):
    """What somebody may do."""

    EVALUATOR = "evaluator"
    """Asks for verdicts and certificates, and sees what it asked itself."""
    REQUESTER = "requester"
    """Asks for waivers."""
    APPROVER = "approver"
    """Approves and revokes waivers."""
    RULE_ADMIN = "rule_admin"
    """Checks and compares rulesets."""
    STEWARD = "steward"
    """Registers data sources, APIs and workflows with their evidence."""
    AUDITOR = "auditor"
    """Sees all records and proofs, replays, and erases names."""


class PrincipalKind(StrEnum):
    """Whether a caller is a human being."""

    PERSON = "person"
    SERVICE = "service"


class Credential(StrEnum):
    """How a caller showed who it is."""

    LOCAL = "local"
    """Not at all: it reached a socket of this machine."""
    MTLS = "mtls"
    OIDC = "oidc"
    API_KEY = "api_key"


@dataclass(frozen=True, slots=True)
class Binding:
    """A role within a scope. Patterns are as in file names: `*` stands for anything."""

    role: Role
    rulesets: tuple[str, ...] = ("*",)
    """Names of rulesets."""
    proposals: tuple[str, ...] = ("*",)
    """Ids of proposals."""
    assets: tuple[str, ...] = ("*",)
    """Assets that may be registered, such as `source/crm`."""

    def covers(self, *, ruleset: str, proposal: str, asset: str = "") -> bool:
        """True when the binding holds there; what is empty stands for any that it covers."""
        return _matches(self.rulesets, ruleset) and _matches(self.proposals, proposal) and _matches(self.assets, asset)


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller. The name is the same for all credentials of one person or service."""

    name: str
    kind: PrincipalKind
    credential: Credential
    bindings: tuple[Binding, ...] = ()
    signed_in_at: int | None = None
    """Unix seconds at which the person gave a proof of identity; None when nothing says so."""

    def may(self, role: Role, *, ruleset: str = "", proposal: str = "", asset: str = "") -> bool:
        """True when a binding gives the role; nothing else does."""
        return any(
            each.role is role and each.covers(ruleset=ruleset, proposal=proposal, asset=asset) for each in self.bindings
        )

    def require(self, *roles: Role, ruleset: str = "", proposal: str = "") -> None:
        """Raises PermissionDeniedError unless at least one of the roles is given."""
        if not any(self.may(role, ruleset=ruleset, proposal=proposal) for role in roles):
            raise PermissionDeniedError(" or ".join(roles), ruleset=ruleset, proposal=proposal)


LOCAL = Principal(
    "service:local",
    PrincipalKind.SERVICE,
    Credential.LOCAL,
    tuple(Binding(role) for role in Role if role is not Role.APPROVER),
)
"""Whoever reaches a server without authentication, which listens on this machine only. Nobody approves that way."""


def _matches(patterns: Sequence[str], name: str) -> bool:
    return not name or any(fnmatchcase(name, pattern) for pattern in patterns)
