"""Signatures of webhooks, as https://www.standardwebhooks.com says: HMAC-SHA256 over id, time and body."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Sequence
from typing import Final

PREFIX: Final = "whsec_"
_LEAST_BYTES: Final = 24
_MOST_BYTES: Final = 64


def read_secrets(text: str) -> tuple[bytes, ...]:
    """Returns the secrets of a text, one to a line or separated by spaces, all of which sign while one takes over.

    Raises:
      ValueError: when one is none; it is not repeated.
    """
    secrets = tuple(map(_secret, text.split()))
    if not secrets:
        raise ValueError("there is no secret")
    return secrets


def signed_headers(event_id: str, seconds: int, body: bytes, secrets: Sequence[bytes]) -> dict[str, str]:
    """Returns the headers that go with a body: one signature for each secret."""
    signed = b".".join((event_id.encode(), str(seconds).encode(), body))
    signatures = [base64.b64encode(hmac.digest(secret, signed, "sha256")).decode() for secret in secrets]
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(f"v1,{each}" for each in signatures),
    }


def _secret(text: str) -> bytes:
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True) if text.startswith(PREFIX) else b""
    except binascii.Error:
        key = b""
    if not _LEAST_BYTES <= len(key) <= _MOST_BYTES:
        raise ValueError(f"a secret is {PREFIX} and {_LEAST_BYTES} to {_MOST_BYTES} bytes in base64")
    return key
