"""Hands an event to a receiver over HTTP: one request, no redirects, and next to nothing read of the answer."""

from __future__ import annotations

import asyncio
import ssl
import time
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

from readygate_server.adapters.notices.cloud_events import CONTENT_TYPE
from readygate_server.adapters.notices.signing import signed_headers
from readygate_server.application.notice_ports import Answer, Endpoint, Result

MOST_READ: Final = 4096
_GONE: Final = 410


class HttpSender:
    """Fills the port Sender. What a receiver writes is neither kept nor logged."""

    def __init__(self) -> None:
        """Starts without connections."""
        self._clients: dict[str, httpx.AsyncClient] = {}

    async def send(self, endpoint: Endpoint, event_id: str, body: bytes) -> Answer:
        """Tries once, within the time of the endpoint from the first byte to the last."""
        headers = {
            "content-type": f"{CONTENT_TYPE}; charset=utf-8",
            "user-agent": "readygate",
            # What comes back may be small and unpack to gigabytes; nothing of it is of use, so nothing is packed.
            "accept-encoding": "identity",
            **signed_headers(event_id, int(time.time()), body, endpoint.secrets),
        }
        try:
            async with asyncio.timeout(endpoint.timeout_seconds):
                return await self._ask(self._client(endpoint.ca_file), endpoint.url, body, headers)
        except TimeoutError:
            return Answer(Result.FAILED, f"no answer within {endpoint.timeout_seconds:g} s")
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return Answer(Result.FAILED, f"not reached: {_why(error)}")

    async def close(self) -> None:
        """Lets go of all connections."""
        for client in self._clients.values():
            await client.aclose()

    async def _ask(self, client: httpx.AsyncClient, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        async with client.stream("POST", url, content=body, headers=headers) as response:
            read = 0
            async for part in response.aiter_raw():
                read += len(part)
                if read > MOST_READ:
                    break
            code = response.status_code
            if response.is_success:
                return Answer(Result.DELIVERED, f"status {code}")
            if code == _GONE:
                return Answer(Result.GONE, f"status {code}")
            return Answer(Result.FAILED, f"status {code}", wished_seconds(response.headers.get("retry-after", "")))

    def _client(self, ca_file: str) -> httpx.AsyncClient:
        client = self._clients.get(ca_file)
        if client is None:
            trusted = ssl.create_default_context(cafile=ca_file or None)
            client = self._clients[ca_file] = httpx.AsyncClient(
                verify=trusted,
                follow_redirects=False,
                timeout=httpx.Timeout(None),  # the whole of it has one, above
                limits=httpx.Limits(keepalive_expiry=30),
            )
        return client


def _why(error: BaseException) -> str:
    """Returns what kept a receiver from being reached; nothing that it says itself."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "its certificate is signed by nobody who is trusted here, or for another name; ca_file names who is"
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__


def wished_seconds(text: str) -> float:
    """Returns how long a receiver asks to be left alone, in seconds or as a date; 0 when it says nothing of use."""
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return 0.0
