"""What a worker has from the server that started it: a number, a link to it, the lock, and the addresses."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Callable, MutableMapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

from readygate_server.settings import Address, ServerSettings, SettingsError

VARIABLE: Final = "READYGATE_WORKER"
OPENED: Final = "opened"
"""The record is open: whatever had to be made there is made."""
SERVING: Final = "serving"
RULESETS: Final = "rulesets"
"""Name, version and digest of what is served, in JSON."""


@dataclass(frozen=True, slots=True)
class Seat:
    """One worker's place among the workers of a server."""

    number: int
    """From 1."""
    link: int
    """File of the socket on which the worker says how far it is. It ends when the server does."""
    lock: int | None
    """File of the lock of the data directory, when there is one."""
    counts: int | None
    """File of the counts of what callers have used, when there are limits."""
    listen: str
    listen_mtls: str = ""
    http: str = ""
    served: Sequence[Sequence[str]] = ()
    """Name, version and digest of the rulesets that workers have served: a version is never two things at once."""
    secret: str = field(default="", repr=False)
    """What seals the sessions of pages, in hexadecimal digits, where no record has a secret for it."""

    @classmethod
    def taken(cls, environment: MutableMapping[str, str]) -> Seat | None:
        """Takes the seat out of the environment; None of a process that is no worker.

        Raises:
          SettingsError: when the environment does not come from a server.
        """
        text = environment.pop(VARIABLE, None)
        if text is None:
            return None
        try:
            seat = cls(**json.loads(text))
            for file in seat.files:
                os.set_inheritable(file, False)
        except (ValueError, TypeError, OSError):
            raise SettingsError(f"{VARIABLE} is for workers that a server starts itself; unset it") from None
        return seat

    @property
    def files(self) -> Sequence[int]:
        """What has to be inherited."""
        return [file for file in (self.link, self.lock, self.counts) if file is not None]

    @property
    def variable(self) -> dict[str, str]:
        """The environment by which a worker knows that it is one."""
        return {VARIABLE: json.dumps({name: getattr(self, name) for name in self.__slots__})}

    def settings(self, of_server: ServerSettings) -> ServerSettings:
        """Returns the settings of the worker: addresses with their ports, and what is for one process only."""
        record = of_server.record
        if record is not None and self.number > 1:
            record = replace(record, retention_days=0)
        mtls = Address.parse(self.listen_mtls) if self.listen_mtls else None
        http = Address.parse(self.http) if self.http else None
        listen = Address.parse(self.listen)
        return replace(of_server, listen=listen, listen_mtls=mtls, http=http, metrics=None, record=record)


class Link:
    """A worker's side of the link to its server."""

    def __init__(self, seat: Seat) -> None:
        """Takes what the worker inherited."""
        self._socket = socket.socket(fileno=seat.link)
        self.counts = seat.counts
        self.is_alone = False
        """True when the server is gone."""
        self.secret = bytes.fromhex(seat.secret)
        self.served = {(name, version): digest for name, version, digest in seat.served}

    def fileno(self) -> int:
        """Returns the file, to wait for."""
        return self._socket.fileno()

    def tell(self, news: str, detail: object = None) -> None:
        """Says how far this worker is. That the server is gone is not for here: see `when_alone`."""
        with suppress(OSError):
            self._socket.sendall(f"{news} {json.dumps(detail)}\n".encode())

    def when_alone(self, alone: Callable[[], None]) -> Callable[[], None]:
        """Returns what to call whenever the link can be read, which is when the server is gone: it tells nothing."""

        def look() -> None:
            self.is_alone = True
            alone()
            asyncio.get_running_loop().remove_reader(self)

        return look
