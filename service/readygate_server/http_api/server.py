"""The HTTP port: a server beside that of gRPC, in the same event loop, which ends with it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Iterator
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from readygate_server.grpc_api.tls import TlsSource
from readygate_server.http_api.connection import Connection
from readygate_server.http_api.tls import context_of
from readygate_server.observability import logger
from readygate_server.settings import Address, ListenError

IDLE_SECONDS: Final = 60
"""How long a connection stays open between two requests."""
_BACKLOG: Final = 512


# What it says there is of no use to anybody who can not change the code of callers, and no line in JSON.
logging.getLogger("uvicorn.error").addHandler(logging.NullHandler())
logging.getLogger("uvicorn.error").propagate = False


class HttpServer:
    """One application behind one address."""

    def __init__(
        self, app: ASGIApp, listen: Address, *, tls: TlsSource | None, shares_port: bool, drain_seconds: float
    ) -> None:
        """Takes what answers and where; nothing listens yet. A port is shared with the other workers, or not at all."""
        self._listen = listen
        self._shares_port = shares_port
        self._has_tls = tls is not None
        self._server = _Server(
            uvicorn.Config(
                app,
                http=Connection,
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                backlog=_BACKLOG,
                timeout_keep_alive=IDLE_SECONDS,
                timeout_graceful_shutdown=max(1, round(drain_seconds)),
                ssl_context_factory=None if tls is None else lambda _config, _default: context_of(tls),
            )
        )
        self._serving: asyncio.Task[None] | None = None
        self.address = listen
        """Where the server listens; with the port that it got when a free one was asked for."""

    async def start(self) -> None:
        """Starts listening.

        Raises:
          ListenError: when the address is taken or can not be used.
        """
        listening = self._bind()
        self.address = Address(self._listen.host, listening.getsockname()[1])
        self._serving = asyncio.create_task(self._server.serve([listening]))
        listens = asyncio.create_task(self._server.listens.wait())
        await asyncio.wait({self._serving, listens}, return_when=asyncio.FIRST_COMPLETED)
        listens.cancel()
        if self._serving.done():
            await self._serving  # says what it could not begin with
        logger().info("listening", address=str(self.address), tls=self._has_tls, protocol="http")

    async def drain(self) -> None:
        """Takes no further connections, answers the requests that are there and ends."""
        self._server.should_exit = True
        if self._serving is not None:
            await self._serving

    def _bind(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._listen.host else socket.AF_INET
        # Named, TCP is known for what it is, and connections send at once instead of waiting for more to send.
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            # Lets nobody else listen, but a server start again beside the remains of earlier connections.
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0 if self._shares_port else 1)
            if self._shares_port:
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if family == socket.AF_INET6:
                listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)  # as gRPC listens on [::]
            listening.bind((self._listen.host, self._listen.port))
            listening.listen(_BACKLOG)
        except OSError as error:
            listening.close()
            raise ListenError(f"can not listen on {self._listen}: {os.strerror(error.errno or 0)}") from error
        return listening


class _Server(uvicorn.Server):
    """A server that leaves signals to whoever started it, and says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listens.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
