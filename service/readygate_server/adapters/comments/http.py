"""Calls of a forge's API: JSON over HTTPS, without redirects, so that a token goes nowhere else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

_SECONDS: Final = 30
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


class ForgeError(Exception):
    """Says why a forge did not do what it was asked for."""

    def __init__(self, message: str, status: int = 0) -> None:
        """Takes a message for people, and the status of the answer where there was one."""
        super().__init__(message)
        self.status = status


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class Api:
    """The API of a forge, with who asks."""

    def __init__(self, address: str, headers: Mapping[str, str]) -> None:
        """Takes the address that all paths are below, and what every request says.

        Raises:
          ForgeError: when a token would go over the network in the clear.
        """
        try:
            parts = urlsplit(address)
        except ValueError as error:
            raise ForgeError(f"{address}: {error}, expected an https address") from None
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            raise ForgeError(f"{address}: got {parts.scheme or 'no scheme'}, expected an https address")
        self._address = address.rstrip("/")
        self._headers = dict(headers)
        self._opener = build_opener(_NoRedirects)

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Returns the JSON of the answer.

        Raises:
          ForgeError: when there is none.
        """
        data = None if body is None else json.dumps(body).encode()
        headers = {**self._headers, "Content-Type": "application/json", "User-Agent": "readygate"}
        request = Request(self._address + path, data, headers, method=method)  # noqa: S310 -- checked above
        try:
            with self._opener.open(request, timeout=_SECONDS) as answer:
                return json.loads(answer.read())
        except HTTPError as error:
            raise ForgeError(f"{method} {self._address}{path}: {error.code} {error.reason}", error.code) from None
        except (URLError, HTTPException, OSError, ValueError) as error:
            raise ForgeError(f"{method} {self._address}{path}: {getattr(error, 'reason', error)}") from None

    def one(self, path: str) -> dict[str, Any]:
        """Returns the object that is at a path; raises ForgeError when none is."""
        found = self.call("GET", path)
        if not isinstance(found, dict):
            raise self._odd(path)
        return found

    def many(self, path: str) -> list[dict[str, Any]]:
        """Returns the objects that are at a path, each with an id; raises ForgeError when something else is."""
        found = self.call("GET", path)
        if not isinstance(found, list) or not all(isinstance(each, dict) and _has_id(each) for each in found):
            raise self._odd(path)
        return found

    def _odd(self, path: str) -> ForgeError:
        return ForgeError(f"GET {self._address}{path}: the answer is not what a forge says there")


def _has_id(found: Mapping[str, Any]) -> bool:
    return isinstance(found.get("id"), int)
