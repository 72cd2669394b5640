"""The port of a server of several processes: open to its workers, and to nobody else."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from readygate_server.bootstrap.reservation import Reservation
from readygate_server.settings import Address, ListenError

LOOPBACK = Address("127.0.0.1")
HOSTS = ("127.0.0.1", "0.0.0.0")  # noqa: S104 -- overlaps with the other, which is the point


@pytest.fixture(params=["free", "named"])
def reservation(request: pytest.FixtureRequest) -> Iterator[Reservation]:
    """Reserves a free port, and one by its number."""
    with Reservation(LOOPBACK) as free:
        if request.param == "free":
            yield free
            return
    with Reservation(free.address) as named:
        yield named


def listening(port: int, *, shared: bool) -> socket.socket:
    """Listens as gRPC does."""
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(shared))
        listener.bind(("127.0.0.1", port))
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


def test_nobody_else_gets_the_port(reservation: Reservation) -> None:
    """Before there is a worker and while there are some, the port is taken for other servers, of either kind."""
    port = reservation.address.port
    for count in range(3):
        workers = [listening(port, shared=True) for _ in range(count)]
        for host in HOSTS:
            with pytest.raises(ListenError, match=f"can not listen on {host}:{port}: Address already in use"):
                Reservation(Address(host, port))
        with pytest.raises(OSError, match="in use"):
            listening(port, shared=False)
        for worker in workers:
            worker.close()


def test_without_a_reservation_a_second_server_would_get_in() -> None:
    """Of sockets that share a port none is refused, whoever they belong to: so the port alone keeps nobody out."""
    with closing(listening(0, shared=True)) as first:
        port = first.getsockname()[1]
        listening(port, shared=True).close()


def test_connections_go_to_workers_only(reservation: Reservation) -> None:
    """While no worker listens, connections are refused at once; then they go to the workers, all of them."""
    address = ("127.0.0.1", reservation.address.port)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, 5)
    workers = [listening(address[1], shared=True) for _ in range(2)]
    for _ in range(40):
        socket.create_connection(address, 5).close()
    counts = [accepted(worker) for worker in workers]

    assert sum(counts) == 40
    assert min(counts) > 0


def test_the_port_is_free_again_after_a_server_with_connections(reservation: Reservation) -> None:
    """A server can be started again at once, though the connections of the last one are still remembered."""
    port = reservation.address.port
    worker = listening(port, shared=True)
    client = socket.create_connection(("127.0.0.1", port), 5)
    worker.accept()[0].close()  # whoever closes first has to remember
    client.close()
    worker.close()
    reservation.__exit__(None, None, None)

    with pytest.raises(OSError, match="in use"), closing(socket.socket()) as plain:
        plain.bind(("127.0.0.1", port))
    with Reservation(Address("127.0.0.1", port)) as again:
        assert again.address.port == port


def accepted(worker: socket.socket) -> int:
    """Returns how many connections wait for a worker, and closes it."""
    worker.settimeout(0.2)
    count = 0
    with worker:
        while True:
            try:
                worker.accept()[0].close()
            except TimeoutError:
                return count
            count += 1
