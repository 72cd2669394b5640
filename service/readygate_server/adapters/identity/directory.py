"""The callers that an identity file names, found by what they show. Nothing matches by a pattern: names are exact."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from readygate_server.adapters.identity.api_keys import digest_of, split
from readygate_server.adapters.identity.schema import Issuer
from readygate_server.application.allowance import Allowance
from readygate_server.domain.errors import UnauthenticatedError
from readygate_server.domain.identity import Binding, PrincipalKind

Claims = Mapping[str, object]
Wanted = tuple[tuple[str, tuple[str, ...]], ...]
"""Claims with the values of which each must have one, as text."""

_CI_CLAIMS: Final = frozenset(
    {"ci_config_ref_uri", "job_id", "job_workflow_ref", "pipeline_id", "project_id", "repository_id", "workflow_ref"}
)
"""Claims that only tokens of CI jobs have: what carries one is no person, whoever it says it is."""
_NOT_A_DIGEST: Final = "0" * 64


@dataclass(frozen=True, slots=True)
class Caller:
    """A person or a service."""

    name: str
    kind: PrincipalKind
    bindings: tuple[Binding, ...] = ()
    allowance: Allowance = field(default_factory=Allowance)


@dataclass(frozen=True, slots=True)
class TokenMatch:
    """Which tokens of an issuer are meant."""

    issuer: str
    wanted: Wanted

    def fits(self, issuer: str, claims: Claims) -> bool:
        """True when a checked token has every claim."""
        return issuer == self.issuer and has_claims(claims, self.wanted)


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """A key as it is stored."""

    digest: str = field(repr=False)
    caller: str
    ends_at: float
    """Unix seconds from which on it is not taken."""


@dataclass(frozen=True)
class Directory:
    """What an identity file says, ready to be asked."""

    issuers: tuple[Issuer, ...] = ()
    callers: Mapping[str, Caller] = field(default_factory=dict)
    by_certificate: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """Names by kind of certificate name and name."""
    by_token: tuple[tuple[TokenMatch, str], ...] = ()
    keys: Mapping[str, KeyEntry] = field(default_factory=dict)
    token_bindings: tuple[tuple[TokenMatch, tuple[Binding, ...]], ...] = ()

    def of_certificate(self, uris: Sequence[str], dns: Sequence[str]) -> Caller:
        """Returns whose certificate has these names; raises UnauthenticatedError."""
        shown = [("uri", name) for name in uris] + [("dns", name) for name in dns]
        return self._one({self.by_certificate[name] for name in shown if name in self.by_certificate}, "certificate")

    def of_token(self, issuer: str, claims: Claims) -> Caller:
        """Returns whose token has these claims, which have been checked; raises UnauthenticatedError."""
        names = {name for match, name in self.by_token if match.fits(issuer, claims)}
        if not _CI_CLAIMS.isdisjoint(claims):
            names = {name for name in names if self.callers[name].kind is PrincipalKind.SERVICE}
        return self._one(names, "token")

    def of_key(self, text: str, *, now: float) -> Caller:
        """Returns whose key this is; raises UnauthenticatedError, always with the same words."""
        key_id, secret = split(text)
        entry = self.keys.get(key_id)
        is_right = hmac.compare_digest(digest_of(secret), entry.digest if entry else _NOT_A_DIGEST)
        if entry is None or not is_right or now >= entry.ends_at:
            raise UnauthenticatedError("the API key is unknown, wrong or expired")
        return self.callers[entry.caller]

    def bindings_of_token(self, issuer: str, claims: Claims) -> tuple[Binding, ...]:
        """Returns what a token gives its caller beyond what the caller has anyway."""
        return tuple(each for match, bindings in self.token_bindings if match.fits(issuer, claims) for each in bindings)

    def _one(self, names: set[str], what: str) -> Caller:
        if not names:
            raise UnauthenticatedError(f"nobody known has this {what}")
        if len(names) > 1:
            raise UnauthenticatedError(f"the {what} is that of several callers")
        return self.callers[names.pop()]


def has_claims(claims: Claims, wanted: Wanted) -> bool:
    """True when every wanted claim is there with one of its values."""
    return all(not _texts(claims.get(name)).isdisjoint(values) for name, values in wanted)


def text_of(value: object) -> str | None:
    """Returns a claim as it is compared: numbers and truth values as JSON writes them; None for anything else."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return value
        case _:
            return None


def _texts(value: object) -> set[str]:
    parts = value if isinstance(value, list) else [value]
    return {text for part in parts if (text := text_of(part)) is not None}
