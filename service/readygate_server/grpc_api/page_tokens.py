"""Tokens that ask for the next page: opaque, made by this server, and of no use with another query or caller.

As AIP-158 wants it, a token says where to go on and nothing else: what may be seen is decided anew for every page.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from hashlib import sha256
from typing import Final

from google.protobuf.message import Message

from readygate_server.domain.errors import InvalidTokenError

_MAC_BYTES: Final = 16
_LONGEST: Final = 512


class PageTokens:
    """Makes and reads tokens. Servers that share the secret read each other's."""

    def __init__(self, secret: bytes) -> None:
        """Takes a secret of at least 16 bytes."""
        if len(secret) < _MAC_BYTES:
            raise ValueError(f"the secret has {len(secret)} bytes, expected at least {_MAC_BYTES}")
        self._secret = secret

    def make(self, kind: str, query: Message, *, caller: str, position: str) -> str:
        """Returns the token that goes on at a position, which it shows to whoever decodes it."""
        body = position.encode()
        return base64.urlsafe_b64encode(self._mac(kind, query, caller, body) + body).decode().rstrip("=")

    def read(self, kind: str, query: Message, *, caller: str, token: str, field: str = "page_token") -> str:
        """Returns the position; raises InvalidTokenError for a token of another query, caller or server."""
        try:
            if len(token) > _LONGEST:
                raise InvalidTokenError(field)
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
            mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
            position = body.decode()
        except (binascii.Error, ValueError):
            raise InvalidTokenError(field) from None
        if not hmac.compare_digest(mac, self._mac(kind, query, caller, body)):
            raise InvalidTokenError(field)
        return position

    def _mac(self, kind: str, query: Message, caller: str, body: bytes) -> bytes:
        bound = json.dumps([kind, caller, query.SerializeToString(deterministic=True).hex(), body.hex()])
        return hmac.new(self._secret, bound.encode(), sha256).digest()[:_MAC_BYTES]
