"""Tells callers by the identity file, which is read again when it changes."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from cryptography import x509

from readygate_server.adapters.identity.api_keys import is_key
from readygate_server.adapters.identity.directory import Caller, Directory
from readygate_server.adapters.identity.reader import read_identity
from readygate_server.adapters.identity.tokens import TokenChecker
from readygate_server.adapters.identity.watched import Watched
from readygate_server.application.allowance import Allowance, Counts, Meter
from readygate_server.application.authentication import Shown
from readygate_server.domain.errors import UnauthenticatedError
from readygate_server.domain.faults import Fault, FaultsError
from readygate_server.domain.identity import Credential, Principal, PrincipalKind


@dataclass(frozen=True)
class _Loaded:
    """One state of the identity file."""

    directory: Directory
    tokens: TokenChecker


class FileAuthenticator:
    """The callers of an identity file."""

    def __init__(self, path: Path, counts: Counts | None = None) -> None:
        """Reads the file; raises FaultsError with every fault of it. Workers are given counts that they share."""
        self._path = path
        self._last: _Loaded | None = None
        self._watched = Watched((path,), self._load, what="identities")
        self._meter = Meter(monotonic=time.monotonic, clock=time.time, counts=counts)

    async def principal_of(self, shown: Shown) -> Principal:
        """Returns who shows this; raises UnauthenticatedError when nobody known does.

        Whoever shows a certificate and a token must be the same caller by both.
        """
        loaded = await self._current()
        found = []
        if shown.bearer:
            found.append(await _by_bearer(loaded, shown.bearer))
        if shown.certificate:
            found.append(_by_certificate(loaded.directory, shown))
        if not found:
            raise UnauthenticatedError("the call shows no credential")
        if len({principal.name for principal in found}) > 1:
            raise UnauthenticatedError("the certificate is that of another caller than the token")
        return found[0]

    def charge_call(self, principal: Principal) -> None:
        """Counts a call; raises QuotaExceededError."""
        self._meter.charge_call(principal.name, self._allowance(principal))

    def charge_decisions(self, principal: Principal, count: int) -> None:
        """Counts decisions, all or none; raises QuotaExceededError."""
        self._meter.charge_decisions(principal.name, self._allowance(principal), count)

    def _allowance(self, principal: Principal) -> Allowance:
        caller = self._watched.held.directory.callers.get(principal.name)
        return caller.allowance if caller else Allowance()

    async def _current(self) -> _Loaded:
        return await asyncio.to_thread(self._watched.current) if self._watched.is_due() else self._watched.held

    def _load(self) -> _Loaded:
        directory = read_identity(_text(self._path), file=str(self._path))
        before = self._last.tokens if self._last else None
        try:
            tokens = TokenChecker.of(directory.issuers, self._path.parent, before)
        except (OSError, ValueError) as error:
            raise FaultsError([Fault(str(self._path), 0, 0, str(error))]) from None
        self._last = _Loaded(directory, tokens)
        return self._last


async def _by_bearer(loaded: _Loaded, bearer: str) -> Principal:
    if is_key(bearer):
        return _principal(loaded.directory.of_key(bearer, now=time.time()), Credential.API_KEY)
    checked = await loaded.tokens.check(bearer)
    caller = loaded.directory.of_token(checked.issuer, checked.claims)
    bindings = loaded.directory.bindings_of_token(checked.issuer, checked.claims)
    return Principal(
        caller.name, caller.kind, Credential.OIDC, (*caller.bindings, *bindings),
        checked.signed_in_at if caller.kind is PrincipalKind.PERSON else None,
    )  # fmt: skip


def _by_certificate(directory: Directory, shown: Shown) -> Principal:
    """Returns whose certificate this is. It was valid when the connection began, which may be long ago."""
    try:
        ends = _end_of(shown.certificate)
    except ValueError:
        raise UnauthenticatedError("the client certificate can not be read") from None
    if datetime.now(UTC) >= ends:
        raise UnauthenticatedError("the client certificate is expired")
    return _principal(directory.of_certificate(shown.uris, shown.dns), Credential.MTLS)


def _principal(caller: Caller, credential: Credential) -> Principal:
    return Principal(caller.name, caller.kind, credential, caller.bindings)


@lru_cache(maxsize=1_024)
def _end_of(certificate: str) -> datetime:
    return x509.load_pem_x509_certificate(certificate.encode()).not_valid_after_utc


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise FaultsError([Fault(str(path), 0, 0, "the file is not UTF-8")]) from None
    except OSError as error:
        raise FaultsError([Fault(str(path), 0, 0, "the file can not be read", got=error.strerror or "")]) from None
