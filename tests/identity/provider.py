"""An identity provider on this machine: signs tokens, and shows its public keys over HTTP."""

from __future__ import annotations

import base64
import hmac
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

ISSUER = "https://id.example"
AUDIENCE = "readygate"


@cache
def rsa_key(name: str) -> rsa.RSAPrivateKey:
    """Returns a key, the same for the same name."""
    del name
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


@dataclass
class Provider:
    """Signs with one key at a time, and shows those that it is told to show."""

    uri: str = ""
    shown: list[str] = field(default_factory=lambda: ["k1"])
    signs_with: str = "k1"
    is_away: bool = False
    fetches: int = 0

    def token(self, *, key: str = "", without: str = "", alg: str = "RS256", **claims: object) -> str:
        """Returns a token that holds, changed as asked; `key` is the id that it names."""
        now = int(time.time())
        all_claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "jane", "iat": now, "exp": now + 300, **claims}
        all_claims.pop(without, None)
        name = key or self.signs_with
        return jwt.encode(all_claims, rsa_key(name), algorithm=alg, headers={"kid": name})

    def key_set(self) -> dict[str, Any]:
        """Returns the public keys."""
        return {
            "keys": [
                {**RSAAlgorithm.to_jwk(rsa_key(name).public_key(), as_dict=True), "kid": name, "use": "sig"}
                for name in self.shown
            ]
        }

    def public_pem(self) -> bytes:
        """Returns the public key that it signs with, as anybody can have it."""
        key = rsa_key(self.signs_with).public_key()
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def forged(header: Mapping[str, object], claims: Mapping[str, object], secret: bytes | None) -> str:
    """Returns a token with any header, signed with HMAC or not at all, as no library would make it."""
    parts = [_encoded(json.dumps(part).encode()) for part in (header, claims)]
    signature = b"" if secret is None else hmac.digest(secret, ".".join(parts).encode(), sha256)
    return ".".join([*parts, _encoded(signature)])


def claims_of(token: str) -> dict[str, Any]:
    """Returns the claims of a token, unchecked."""
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def tampered(token: str, **changes: object) -> str:
    """Returns a token with other claims and the old signature."""
    header, _, signature = token.split(".")
    return ".".join([header, _encoded(json.dumps({**claims_of(token), **changes}).encode()), signature])


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@contextmanager
def provider() -> Iterator[Provider]:
    """Runs a provider on a free port."""
    state = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.fetches += 1
            body = json.dumps(state.key_set()).encode()
            self.send_response(503 if state.is_away else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    state.uri = f"http://127.0.0.1:{server.server_port}/keys"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
