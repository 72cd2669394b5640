"""Public keys of identity providers: from a file that is read again, or fetched, kept and renewed.

Fetching is kept apart from answering. Keys are renewed while the old ones are still in use, a token with an unknown
key id leads to at most one fetch in thirty seconds however many come, and a provider that is away is no reason to
refuse its tokens until what is known of it is an hour old.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Protocol

import jwt
from jwt import PyJWK, PyJWKClient, PyJWKSet

from readygate_server.adapters.identity.schema import Issuer
from readygate_server.adapters.identity.watched import Watched
from readygate_server.domain.errors import UnauthenticatedError
from readygate_server.observability import logger

RENEW_SECONDS: Final = 300.0
COOLDOWN_SECONDS: Final = 30.0
RETRY_SECONDS: Final = 5.0
STALE_SECONDS: Final = 3_600.0
_FETCH_TIMEOUT: Final = 5.0
_NO_KEYS: Final = (jwt.PyJWTError, ValueError, AttributeError, TypeError, RecursionError, NotImplementedError)
"""What comes of reading something else than a set of keys; PyJWT looks into it without asking what it is."""

Keys = Mapping[str, PyJWK]


class KeySet(Protocol):
    """Finds the key that a token says it is signed with."""

    async def key(self, key_id: str) -> PyJWK:
        """Returns the key; raises UnauthenticatedError when there is none of this id."""
        ...


def key_set(issuer: Issuer, directory: Path) -> KeySet:
    """Returns the keys of an issuer; raises OSError or ValueError when its file can not be used."""
    if issuer.jwks_file is not None:
        return FileKeys(directory / issuer.jwks_file, issuer.id)
    return RemoteKeys(issuer.jwks_uri or "", issuer.id)


class FileKeys:
    """Keys in a file."""

    def __init__(self, path: Path, issuer: str) -> None:
        """Reads the file."""
        self._watched = Watched((path,), lambda: _read(path), what=f"keys of {issuer}")

    async def key(self, key_id: str) -> PyJWK:
        """Returns the key; raises UnauthenticatedError."""
        keys = await asyncio.to_thread(self._watched.current) if self._watched.is_due() else self._watched.held
        return _found(keys, key_id)


class RemoteKeys:
    """Keys behind an address."""

    def __init__(self, uri: str, issuer: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Takes the address; fetches when first asked."""
        # What PyJWT caches by itself it forgets before it fetches anew, so that the cache is ours.
        self._client = PyJWKClient(uri, cache_jwk_set=False, timeout=_FETCH_TIMEOUT)
        self._issuer = issuer
        self._monotonic = monotonic
        self._keys: Keys = {}
        self._fetched_at = float("-inf")
        self._next_at = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    async def key(self, key_id: str) -> PyJWK:
        """Returns the key, after a fetch when there is none of this id yet; raises UnauthenticatedError."""
        age = self._monotonic() - self._fetched_at
        if age >= STALE_SECONDS:
            self._keys = {}
        if key_id not in self._keys:
            if fetching := self._fetch():
                await asyncio.shield(fetching)
        elif age >= RENEW_SECONDS:
            self._fetch()
        if not self._keys:
            raise UnauthenticatedError("the keys of the token's issuer can not be had just now")
        return _found(self._keys, key_id)

    def _fetch(self) -> asyncio.Task[None] | None:
        """Returns the fetch that is under way, or a new one unless one was tried just now."""
        if self._fetching is None and self._monotonic() >= self._next_at:
            self._fetching = asyncio.create_task(self._fetch_now())
        return self._fetching

    async def _fetch_now(self) -> None:
        try:
            self._keys = _usable(PyJWKSet.from_dict(await asyncio.to_thread(self._client.fetch_data)))
            self._fetched_at = self._monotonic()
            self._next_at = self._fetched_at + COOLDOWN_SECONDS
        except (OSError, *_NO_KEYS) as error:
            self._next_at = self._monotonic() + RETRY_SECONDS
            logger().error("keys_not_fetched", issuer=self._issuer, error=type(error).__name__)
        finally:
            self._fetching = None


def _read(path: Path) -> Keys:
    try:
        return _usable(PyJWKSet.from_dict(json.loads(path.read_text(encoding="utf-8"))))
    except _NO_KEYS as error:
        raise ValueError(f"{path}: this is no set of public keys as in RFC 7517 ({type(error).__name__})") from None


def _usable(keys: PyJWKSet) -> Keys:
    found = ((key.key_id, key) for key in keys.keys if key.public_key_use in ("sig", None))
    return {name: key for name, key in found if isinstance(name, str) and name}


def _found(keys: Keys, key_id: str) -> PyJWK:
    key = keys.get(key_id)
    if key is None:
        raise UnauthenticatedError("the token is signed with an unknown key")
    return key
