"""Stands between a client and a PostgreSQL, and cuts the connection when a transaction is committed."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

SOCKET = ".s.PGSQL.5432"
_LONGEST_COMMIT = 20.0


class Cut(Enum):
    """Where the next commit's connection is cut."""

    NOWHERE = "nowhere"
    BEFORE = "before the server hears of it"
    AFTER = "after the server has done it"
    FOR_GOOD = "after the server has done it, and nobody gets through from then on"


class Between:
    """Listens on a socket of its own and passes on what comes, until it is told to cut."""

    def __init__(self, folder: Path, server: str) -> None:
        """Takes a folder for the socket and the URL of the server."""
        self.cut = Cut.NOWHERE
        self.is_shut = False
        self.url = urlsplit(server)._replace(query=f"host={folder}").geturl()
        self._server = str(Path(parse_qs(urlsplit(server).query)["host"][0]) / SOCKET)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / SOCKET))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Takes no more connections."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _address = self._listener.accept()
                if self.is_shut:
                    client.close()
                    continue
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server:
            server.connect(self._server)
            answers = _Answers(server, client)
            back = threading.Thread(target=answers.pass_on, daemon=True)
            back.start()
            with suppress(OSError):
                self._forward(client, server, answers)
            _end(server)
            back.join()

    def _forward(self, client: socket.socket, server: socket.socket, answers: _Answers) -> None:
        records = False  # whether the transaction of now records a decision; others are let through
        while data := client.recv(65_536):
            records = records or b"INSERT INTO decision" in data
            if records and b"COMMIT" in data and self.cut is not Cut.NOWHERE:
                how, self.cut = self.cut, Cut.NOWHERE
                self.is_shut = how is Cut.FOR_GOOD
                if how is not Cut.BEFORE:
                    answers.are_lost.set()
                    server.sendall(data)
                    answers.lost.wait(_LONGEST_COMMIT)
                _end(client)
                return
            records = records and b"COMMIT" not in data
            server.sendall(data)


class _Answers:
    """Passes on what a server answers, until that gets lost."""

    def __init__(self, server: socket.socket, client: socket.socket) -> None:
        """Takes from whom and to whom."""
        self.are_lost, self.lost = threading.Event(), threading.Event()
        self._server, self._client = server, client

    def pass_on(self) -> None:
        """Passes on; `lost` is set once an answer was not."""
        with suppress(OSError):
            while data := self._server.recv(65_536):
                if self.are_lost.is_set():
                    self.lost.set()
                else:
                    self._client.sendall(data)
        _end(self._client)


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def between(folder: Path, server: str) -> Iterator[Between]:
    """Stands between until the block is left."""
    made = Between(folder, server)
    try:
        yield made
    finally:
        made.close()
