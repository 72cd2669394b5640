"""The two servers that are compared: readygate as it is served, and an empty servicer that answers prepared bytes."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import grpc
import grpc.aio

from tests.bench.processes import PATIENCE_SECONDS, BenchError, on_cores, stop_process


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs."""

    name: str
    address: str
    pid: int
    beside: tuple[int, ...] = ()
    """Other processes of the same server that the first did not start."""
    log: Path | None = None

    @property
    def pids(self) -> tuple[int, ...]:
        """Returns the processes that all others of the server descend from."""
        return (self.pid, *self.beside)


@contextmanager
def gate_server(
    cores: Collection[int], *, keeping: Sequence[str] = ("--no-record",), name: str = "readygate"
) -> Iterator[Server]:
    """Runs `readygate serve` as its users do, with its log in a file, and waits until it serves."""
    command = [sys.executable, "-m", "readygate_server", "serve", *keeping, "--listen", "127.0.0.1:0"]
    command += ["--grace", "2"]
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory) / "log"
        with log.open("wb") as stream, on_cores(cores):
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream)
        try:
            yield Server(name, _address(process, log), process.pid, log=log)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Returns the address that the server says it serves at."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        for line in log.read_text(encoding="utf-8").splitlines(keepends=True):
            if '"serving"' in line and line.endswith("\n"):
                return str(json.loads(line)["address"])
        time.sleep(0.05)
    raise BenchError(f"readygate does not serve:\n{log.read_text(encoding='utf-8')}")


@contextmanager
def echo_server(
    replies: Mapping[str, bytes], cores: Collection[int], *, workers: int = 1, name: str = "echo"
) -> Iterator[Server]:
    """Runs a servicer that answers each method with its reply, in spawned processes that share a port."""
    with ExitStack() as stack:
        port = stack.enter_context(_free_port()) if workers > 1 else 0
        servers = [stack.enter_context(_echo_process(replies, cores, port)) for _ in range(workers)]
        address = servers[0][0]
        yield Server(name, address, servers[0][1], tuple(pid for _address, pid in servers[1:]))


@contextmanager
def _free_port() -> Iterator[int]:
    """Yields a port that several processes can listen on, and nobody else."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@contextmanager
def _echo_process(replies: Mapping[str, bytes], cores: Collection[int], port: int) -> Iterator[tuple[str, int]]:
    context = multiprocessing.get_context("spawn")
    link, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(replies, theirs, port), daemon=True)
    with on_cores(cores):
        process.start()
    theirs.close()
    try:
        if not link.poll(PATIENCE_SECONDS):
            raise BenchError("the echo servicer does not serve")
        assert process.pid is not None, "a process that was started has an id"
        yield f"127.0.0.1:{link.recv()}", process.pid
    finally:
        link.close()
        stop_process(process)


class _Echo(grpc.GenericRpcHandler):
    """Knows each method's reply; nothing is parsed, nothing is built.

    Any other method whose name ends in a number is answered with as many bytes: once, or once for each message where
    the name says `EchoStream`.
    """

    def __init__(self, replies: Mapping[str, bytes]) -> None:
        self._handlers = {method: _handler(reply) for method, reply in replies.items()}

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes] | None:
        method = handler_call_details.method
        if method not in self._handlers:
            service, _, size = method.rpartition("/")
            if not size.isdecimal():
                return None
            self._handlers[method] = (_stream_handler if "Stream" in service else _handler)(bytes(int(size)))
        return self._handlers[method]


def _handler(reply: bytes) -> grpc.RpcMethodHandler[bytes, bytes]:
    async def answer(_request: bytes, _context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
        return reply

    return grpc.unary_unary_rpc_method_handler(answer)


def _stream_handler(reply: bytes) -> grpc.RpcMethodHandler[bytes, bytes]:
    async def answer(
        requests: AsyncIterator[bytes], _context: grpc.aio.ServicerContext[Any, Any]
    ) -> AsyncIterator[bytes]:
        async for _request in requests:
            yield reply

    return grpc.stream_stream_rpc_method_handler(answer)


def _serve(replies: Mapping[str, bytes], link: Connection, port: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent, which gets it too, decides when to end
    asyncio.run(_serve_until_closed(replies, link, port))


async def _serve_until_closed(replies: Mapping[str, bytes], link: Connection, port: int) -> None:
    most = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
    server = grpc.aio.server(options=[("grpc.so_reuseport", int(port > 0)), *most])
    server.add_generic_rpc_handlers((_Echo(replies),))
    port = server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    link.send(port)
    await asyncio.to_thread(link.poll, None)  # nothing is ever sent: there is news only when the parent goes away
    await server.stop(0)
