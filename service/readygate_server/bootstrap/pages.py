"""Wires the pages to the calls that they make."""

from __future__ import annotations

import os
from typing import Final

from starlette.routing import BaseRoute, Mount

from readygate_server.http_api.caller import Caller
from readygate_server.settings import ServerSettings
from readygate_server.web.app.board import board
from readygate_server.web.app.sealing import KEY_BYTES

PURPOSE: Final = "sessions of pages"
"""Purpose of the secret that sessions are sealed with, where the keys of a record give one."""


def page_routes(settings: ServerSettings, caller: Caller, secret: bytes | None) -> list[BaseRoute]:
    """Returns the pages. Without a secret from the record sessions end with this process."""
    pages = board(
        caller,
        secret=secret or os.urandom(KEY_BYTES),
        asks_who=settings.identity is not None,
        keeps_record=settings.record is not None,
        secure=settings.tls is not None,
    )
    return [Mount("/", app=pages)]
