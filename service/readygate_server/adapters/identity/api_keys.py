"""API keys: `rg_<id>_<secret>`. The secret has 256 random bits, so that a plain SHA-256 of it can be stored.

Slow hashes are for secrets that people choose. Nobody guesses 256 bits, and a fast one costs no call its time.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

_PREFIX: Final = "rg"
_SECRET_BYTES: Final = 32
_LOOKS_LIKE_KEY: Final = re.compile(r"\brg_[a-z][a-z0-9-]{1,62}_[A-Za-z0-9_-]{8,}")


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made."""

    text: str = field(repr=False)
    digest: str


def new_key(key_id: str) -> NewKey:
    """Returns a key that nobody has seen, and what the identity file says of it."""
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    return NewKey(f"{_PREFIX}_{key_id}_{secret}", digest_of(secret))


def is_key(text: str) -> bool:
    """True for what is meant as a key; anything else is a token."""
    return text.startswith(f"{_PREFIX}_")


def split(text: str) -> tuple[str, str]:
    """Returns the id and the secret; two empty texts when it is no key."""
    parts = text.split("_", 2)  # a secret may hold underscores, an id may not
    return (parts[1], parts[2]) if len(parts) == 3 else ("", "")


def digest_of(secret: str) -> str:
    """Returns the SHA-256 of a secret, in hexadecimal digits."""
    return sha256(secret.encode()).hexdigest()


def without_keys(text: str) -> str:
    """Returns a text in which no key can be read, for what is shown of files that people paste keys into."""
    return _LOOKS_LIKE_KEY.sub("rg_…", text)
