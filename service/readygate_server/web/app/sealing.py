"""Sealed cookies: what a browser keeps for the server and can neither read nor change."""

from __future__ import annotations

import base64
import binascii
import hmac
import os
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_LONGEST: Final = 8_192


class Seal:
    """Seals texts by AES-256-GCM, each for one purpose, and signs by HMAC-SHA-256 under another key."""

    def __init__(self, secret: bytes) -> None:
        """Takes a secret of at least 32 bytes; the keys in use are derived from it."""
        if len(secret) < KEY_BYTES:
            raise ValueError(f"a secret of {KEY_BYTES} bytes is needed, got {len(secret)}")
        self._cipher = AESGCM(hmac.digest(secret, b"readygate pages seal 1", sha256))
        self._signing = hmac.digest(secret, b"readygate pages sign 1", sha256)

    def seal(self, purpose: str, plain: bytes) -> str:
        """Returns what only this key opens, and only for the same purpose."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, plain, purpose.encode())
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def open(self, purpose: str, text: str) -> bytes | None:
        """Returns what was sealed; None for anything else."""
        if len(text) > _LONGEST:
            return None
        try:
            sealed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], purpose.encode())
        except (binascii.Error, ValueError, InvalidTag):
            return None

    def sign(self, purpose: str, text: str) -> str:
        """Returns a signature over a text for one purpose."""
        return hmac.new(self._signing, f"{purpose}\0{text}".encode(), sha256).hexdigest()

    def is_signed(self, purpose: str, text: str, signature: str) -> bool:
        """True when the signature is ours; compared in constant time."""
        return hmac.compare_digest(self.sign(purpose, text).encode(), signature.encode("utf-8", "replace"))
