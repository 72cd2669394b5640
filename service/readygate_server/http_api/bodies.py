"""Bodies of requests: never more than may be, never for longer than may be, and not too many at once."""

from __future__ import annotations

import asyncio
import zlib
from typing import Final

from starlette.types import Receive

from readygate_server.http_api.refusals import Refusal

BODY_SECONDS: Final = 20.0
"""How long a body may take to come."""
HELD_BYTES: Final = 64 << 20
"""Bytes of all bodies that are on their way; others are turned away meanwhile."""
_CLOSE: Final = (b"connection", b"close")
_GZIP: Final = 16 + zlib.MAX_WBITS


class BodyError(Exception):
    """A body that is not read to its end."""

    def __init__(self, refusal: Refusal | None) -> None:
        """Takes the answer; None when nobody waits for one."""
        super().__init__()
        self.refusal = refusal


class Bodies:
    """Reads bodies."""

    def __init__(self, limit: int, *, seconds: float = BODY_SECONDS, held: int = HELD_BYTES) -> None:
        """Takes how long a body may be, in bytes and in seconds, and how much there may be of all."""
        self._limit = limit
        self._seconds = seconds
        self._most_held = held
        self._held = 0

    async def read(self, receive: Receive, length: bytes | None, encoding: bytes | None) -> bytes:
        """Returns a body; raises BodyError."""
        encoding = encoding and encoding.lower()
        if encoding not in (None, b"identity", b"gzip"):
            message = "the body is compressed in a way that is not known here; expected gzip or none"
            raise BodyError(Refusal(415, "unimplemented", message, headers=[(b"accept-encoding", b"gzip"), _CLOSE]))
        if length is not None and length.isdigit() and int(length[:20]) > self._limit:
            raise self._too_long()
        try:
            async with asyncio.timeout(self._seconds):
                body = await self._all(receive)
        except TimeoutError:
            message = f"the request did not come within {self._seconds:g} seconds"
            raise BodyError(Refusal(408, "deadline_exceeded", message, headers=[_CLOSE])) from None
        return self._unpacked(body) if encoding == b"gzip" else body

    async def _all(self, receive: Receive) -> bytes:
        parts: list[bytes] = []
        length = 0
        try:
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise BodyError(None)
                part: bytes = message.get("body", b"")
                parts.append(part)
                length += len(part)
                self._held += len(part)
                if length > self._limit:
                    raise self._too_long()
                if not message.get("more_body"):
                    return part if len(parts) == 1 else b"".join(parts)
                if self._held > self._most_held:
                    retry = (b"retry-after", b"1")
                    said = "too many requests are on their way; try again later"
                    raise BodyError(Refusal(429, "resource_exhausted", said, headers=[retry, _CLOSE]))
        finally:
            self._held -= length

    def _unpacked(self, body: bytes) -> bytes:
        unpacking = zlib.decompressobj(_GZIP)
        try:
            unpacked = unpacking.decompress(body, self._limit + 1)
        except zlib.error:
            unpacked = b""
        if len(unpacked) > self._limit:
            raise self._too_long()
        if not unpacking.eof or unpacking.unused_data:  # what stands behind the end would be left out and not said so
            raise BodyError(Refusal(400, "invalid_argument", "the body is not what gzip makes of one file"))
        return unpacked

    def _too_long(self) -> BodyError:
        message = f"the request is longer than {self._limit} bytes"
        return BodyError(Refusal(413, "resource_exhausted", message, headers=[_CLOSE]))
