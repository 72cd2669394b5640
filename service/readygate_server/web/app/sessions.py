"""Sessions: a random id that forms are bound to, and the credential of whoever signed in, in a sealed cookie.

The server keeps nothing of a session, so that every worker and every server with the same secret knows it.
"""

from __future__ import annotations

import json
import secrets
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from readygate_server.web.app.sealing import Seal

LONGEST_SECONDS: Final = 12 * 3600
"""How long a sign-in is kept at most; the credential may end earlier, which the call itself finds out."""
LONGEST_CREDENTIAL: Final = 3_500
"""Characters of a token: browsers keep 4,096 bytes of a cookie, and it is packed before it is sealed."""
CSRF_FIELD: Final = "csrf"
_PURPOSE: Final = "session"
_CSRF: Final = "csrf"
_ID_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Session:
    """What a browser and this server have in common."""

    id: str = field(repr=False)
    expires: int
    """Seconds since 1970."""
    credential: str = field(default="", repr=False)
    """Token or API key of whoever signed in; empty before."""
    is_new: bool = False
    """True until the browser has it."""

    @property
    def is_signed_in(self) -> bool:
        """True when somebody signed in here."""
        return bool(self.credential)


class Sessions:
    """Reads and writes sessions."""

    def __init__(self, secret: bytes, *, secure: bool, now: Callable[[], float] = time.time) -> None:
        """Takes the secret of all workers, and whether browsers come by TLS."""
        self._seal = Seal(secret)
        self._secure = secure
        self._now = now
        # A name with this prefix is taken by browsers only with Secure, for the whole host, and from no neighbour.
        self.cookie = "__Host-readygate" if secure else "readygate"

    def read(self, request: Request) -> Session:
        """Returns the session of a request; a new one when there is none that holds."""
        sealed = request.cookies.get(self.cookie, "")
        plain = self._seal.open(_PURPOSE, sealed) if sealed else None
        if plain is not None:
            said = json.loads(zlib.decompress(plain))
            if self._now() < said["expires"]:
                return Session(said["id"], said["expires"], said["credential"])
        return self.begin()

    def begin(self, credential: str = "") -> Session:
        """Starts a session; a sign-in starts one too, so that no id from before it is of use afterwards."""
        return Session(secrets.token_hex(_ID_BYTES), int(self._now()) + LONGEST_SECONDS, credential, is_new=True)

    def write(self, session: Session, request: Request, response: Response) -> None:
        """Hands the session to the browser."""
        said = {"id": session.id, "expires": session.expires, "credential": session.credential}
        response.set_cookie(
            self.cookie,
            self._seal.seal(_PURPOSE, zlib.compress(json.dumps(said).encode())),
            max_age=max(1, session.expires - int(self._now())),
            path="/",
            secure=self._secure or _came_by_tls(request),
            httponly=True,
            samesite="strict",
        )

    def forget(self, request: Request, response: Response) -> None:
        """Takes the session away from the browser."""
        secure = self._secure or _came_by_tls(request)
        response.delete_cookie(self.cookie, path="/", secure=secure, httponly=True, samesite="strict")

    def csrf(self, session: Session) -> str:
        """Returns the token that every form of this session carries."""
        return self._seal.sign(_CSRF, session.id)

    def is_own_form(self, session: Session, token: str) -> bool:
        """True when a form was made for this very session."""
        return not session.is_new and self._seal.is_signed(_CSRF, session.id, token)


def _came_by_tls(request: Request) -> bool:
    """True when a proxy in front says so. Whoever makes it up gets a cookie that is kept more strictly, no less."""
    return request.headers.get("x-forwarded-proto", "").lower() == "https"
