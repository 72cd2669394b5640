"""Tokens of identity providers (JWT), checked against what the identity file says of their issuers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import jwt

from readygate_server.adapters.identity.directory import has_claims, text_of
from readygate_server.adapters.identity.key_sets import KeySet, key_set
from readygate_server.adapters.identity.schema import Issuer
from readygate_server.domain.errors import UnauthenticatedError

LEEWAY_SECONDS: Final = 30
"""How far two clocks may be apart."""

_LONGEST: Final = 16_384
_REQUIRED: Final = ["exp", "iat", "iss", "aud", "sub"]
_WHY: Final[Mapping[type[jwt.PyJWTError], str]] = {
    jwt.ExpiredSignatureError: "the token is expired",
    jwt.ImmatureSignatureError: "the token is not valid yet",
    jwt.InvalidAudienceError: "the token is for another audience",
    jwt.InvalidIssuerError: "the token is of an unknown issuer",
    jwt.MissingRequiredClaimError: "the token lacks one of exp, iat, iss, aud and sub",
    jwt.InvalidAlgorithmError: "the token is signed with an algorithm that is not allowed",
    jwt.InvalidSignatureError: "the signature of the token does not match",
}
"""What is told of a token that is refused; nothing of the token itself."""


@dataclass(frozen=True, slots=True)
class Checked:
    """The claims of a token that holds, and the id of its issuer."""

    issuer: str
    claims: Mapping[str, Any]

    @property
    def signed_in_at(self) -> int | None:
        """When the person signed in, as the issuer says; None when it does not, or names a moment to come."""
        at = self.claims.get("auth_time")
        if isinstance(at, bool) or not isinstance(at, int) or at > time.time() + LEEWAY_SECONDS:
            return None
        return at


class TokenChecker:
    """Checks tokens of the issuers of one identity file."""

    def __init__(self, issuers: tuple[Issuer, ...], keys: Mapping[str, KeySet]) -> None:
        """Takes the issuers and the keys of each by its id."""
        self._issuers = issuers
        self._keys = keys

    @classmethod
    def of(cls, issuers: tuple[Issuer, ...], directory: Path, before: TokenChecker | None = None) -> TokenChecker:
        """Returns a checker; keys that were fetched before are kept where the address is the same."""
        known = {} if before is None else {_source(each): before._keys[each.id] for each in before._issuers}
        return cls(issuers, {each.id: known.get(_source(each)) or key_set(each, directory) for each in issuers})

    async def check(self, token: str) -> Checked:
        """Returns the claims of a token; raises UnauthenticatedError unless everything about it is right."""
        if len(token) > _LONGEST:
            raise UnauthenticatedError("the token is too long")
        try:
            header = jwt.get_unverified_header(token)
            issuer = self._issuer_of(jwt.decode(token, options={"verify_signature": False}))
            key_id = header.get("kid")
            if not isinstance(key_id, str) or header.get("alg") not in issuer.algorithms:
                raise jwt.InvalidAlgorithmError if isinstance(key_id, str) else jwt.DecodeError
            claims = jwt.decode(
                token,
                await self._keys[issuer.id].key(key_id),
                algorithms=list(issuer.algorithms),
                audience=issuer.audience,
                issuer=issuer.issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": _REQUIRED, "enforce_minimum_key_length": True},
            )
        except jwt.PyJWTError as error:
            why = next((words for kind, words in _WHY.items() if isinstance(error, kind)), "the token is malformed")
            raise UnauthenticatedError(why) from None
        wanted = tuple(
            (name, tuple(text_of(each) or "" for each in (value if isinstance(value, list) else [value])))
            for name, value in issuer.claims.items()
        )
        if not has_claims(claims, wanted):
            raise UnauthenticatedError("the token lacks a claim that its issuer has to give")
        return Checked(issuer.id, claims)

    def _issuer_of(self, claims: Mapping[str, Any]) -> Issuer:
        """Returns the issuer that a token says it is of. Which keys to check it with follows; nothing else does."""
        same = [each for each in self._issuers if each.issuer == claims.get("iss")]
        if not same:
            raise jwt.InvalidIssuerError
        audience = claims.get("aud")
        named = audience if isinstance(audience, list) else [audience]
        return next((each for each in same if each.audience in named), same[0])


def _source(issuer: Issuer) -> tuple[str, str, str]:
    return issuer.id, issuer.jwks_uri or "", issuer.jwks_file or ""
