"""Keeps a port for the workers of one server, and every other server out of it."""

from __future__ import annotations

import os
import socket
import sys
from types import TracebackType
from typing import Final

from readygate_server.settings import Address, ListenError, SettingsError

_HAS_SHARED_PORTS: Final = sys.platform == "linux"


class Reservation:
    """A port that workers listen on beside each other, because their server has it.

    Workers share a port by SO_REUSEPORT, which would let the workers of a second server in as well, in silence, to take
    half of the calls. So the server itself has the port first, alone, and then opens it for sockets that share. Whoever
    comes later and wants it alone is refused: a second server in the same way, and one of a single process.
    """

    def __init__(self, wanted: Address) -> None:
        """Takes the port; a free one when it is 0.

        Raises:
          SettingsError: when this system does not spread connections over the sockets of a port.
          ListenError: when somebody else has it.
        """
        if not _HAS_SHARED_PORTS:
            raise SettingsError("--workers: several workers on one port need Linux; leave it out")
        family = socket.AF_INET6 if ":" in wanted.host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        try:
            if family == socket.AF_INET6:
                self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)  # as gRPC listens on [::]
            self._take(wanted)
        except OSError as error:
            self._socket.close()
            raise ListenError(f"can not listen on {wanted}: {os.strerror(error.errno or 0)}") from error
        self.address = Address(wanted.host, self._socket.getsockname()[1])

    def _take(self, wanted: Address) -> None:
        """Gets the port alone, then shares it. The socket accepts nothing; connections go to the workers only."""
        if not wanted.port:
            self._socket.bind((wanted.host, 0))
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            return
        # Else a port could not be had for a minute after the connections of a server that has ended.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((wanted.host, wanted.port))
        # That option lets two bind, but never two listen.
        self._socket.listen(1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._socket.shutdown(socket.SHUT_RD)  # listens no longer, and keeps the port

    def __enter__(self) -> Reservation:
        """Returns the reservation, which ends with the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Gives the port back."""
        self._socket.close()
