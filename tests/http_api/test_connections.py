"""Connections that are slow, endless or malformed are given up, and a drain ends them in order."""

from __future__ import annotations

import asyncio
import time

import pytest

from readygate_server.bootstrap import Snapshot
from readygate_server.http_api import bodies, connection
from tests.grpc_api.serving import running, tiny
from tests.http_api.serving import Site, site

HEAD = b"POST /readygate.v1.GateService/GetServerInfo HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"


async def talk(http: Site, *parts: bytes, pause: float = 0.0) -> bytes:
    """Sends parts and returns all that comes until the server ends the connection."""
    reader, writer = await asyncio.open_connection(http.server.address.host, http.server.address.port)
    try:
        for part in parts:
            writer.write(part)
            await asyncio.sleep(pause)
        return await asyncio.wait_for(reader.read(), 10)
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize("parts", [(), (b"P",), (HEAD,), (HEAD + b"x-a: ", b"b", b"c", b"d")])
async def test_a_head_has_to_come_soon(
    packaged: Snapshot, monkeypatch: pytest.MonkeyPatch, parts: tuple[bytes, ...]
) -> None:
    """Who sends nothing, or a head byte by byte, is let go of."""
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.3)
    async with running(packaged) as served, site(served) as http:
        started = time.monotonic()
        assert await talk(http, *parts, pause=0.2) == b""
        assert time.monotonic() - started < 3


async def test_connections_are_limited(packaged: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    """One connection more than there may be is closed, and those before it are answered."""
    monkeypatch.setattr(connection, "CONNECTIONS", 1)
    whole = HEAD + b"connection: close\r\ncontent-length: 2\r\n\r\n{}"
    async with running(packaged) as served, site(served) as http:
        reader, writer = await asyncio.open_connection(http.server.address.host, http.server.address.port)
        await asyncio.sleep(0.05)
        assert await talk(http, whole) == b""
        writer.write(whole)
        assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
        writer.close()


async def test_a_head_has_its_length(packaged: Snapshot) -> None:
    """An endless head ends the connection before it fills the memory."""
    async with running(packaged) as served, site(served) as http:
        line = b"x-" + b"a" * 1000 + b": b\r\n"
        assert await talk(http, HEAD + line * 40) == b""
        fits = await talk(http, HEAD + line * 5 + b"connection: close\r\ncontent-length: 2\r\n\r\n{}")

    assert fits.startswith(b"HTTP/1.1 200 ")


async def test_a_body_has_to_come_soon(packaged: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that does not come to its end is answered with 408, and the connection ends."""
    monkeypatch.setattr(bodies.Bodies.__init__, "__kwdefaults__", {"seconds": 0.3, "held": bodies.HELD_BYTES})
    async with running(packaged) as served, site(served) as http:
        said = await talk(http, HEAD + b"content-length: 9\r\n\r\n{")

    assert said.startswith(b"HTTP/1.1 408 ")
    assert b'"code": "deadline_exceeded"' in said


async def test_bodies_share_their_bytes(packaged: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    """While too much is on its way, others are asked to come back."""
    monkeypatch.setattr(bodies.Bodies.__init__, "__kwdefaults__", {"seconds": 5.0, "held": 1000})
    async with running(packaged) as served, site(served) as http:
        reader, writer = await asyncio.open_connection(http.server.address.host, http.server.address.port)
        writer.write(HEAD + b"content-length: 9999\r\n\r\n" + b" " * 900)
        await asyncio.sleep(0.1)
        said = await talk(http, HEAD + b"content-length: 9999\r\n\r\n" + b" " * 900)
        writer.close()
        await asyncio.sleep(0.1)
        later = await http.call("GateService/GetServerInfo", {})
        del reader

    assert said.startswith(b"HTTP/1.1 429 ")
    assert later.status == 200


async def test_what_is_no_http_is_answered_once(packaged: Snapshot) -> None:
    """Nonsense, and requests with two lengths, end their connection; others are answered."""
    both = b"content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n"
    async with running(packaged) as served, site(served) as http:
        nonsense = await talk(http, b"\x00\x01\x02\r\n\r\n")
        smuggled = await talk(http, HEAD + both)
        assert (await http.call("GateService/GetServerInfo", {})).status == 200

    assert nonsense.startswith(b"HTTP/1.1 400 ")
    assert smuggled.count(b"HTTP/1.1 ") == 1
    assert b" 200 " not in smuggled


async def test_a_drain_answers_what_is_there_and_ends(packaged: Snapshot) -> None:
    """Calls in flight are answered, idle connections are closed, and nobody else can connect."""
    async with running(packaged) as served, site(served) as http:
        address = http.server.address
        reader, writer = await asyncio.open_connection(address.host, address.port)
        writer.write(HEAD + b"content-length: 2\r\n\r\n{}")
        assert b"200" in await reader.readline()
        body = {"proposal": {"id": tiny().id, "deployment": {"interactionsPerMonth": "100"}}}
        calls = [asyncio.create_task(http.call("GateService/Evaluate", body)) for _ in range(8)]
        await asyncio.sleep(0.05)
        await asyncio.gather(http.server.drain(), served.server.drain())
        answered = await asyncio.gather(*calls, return_exceptions=True)
        await reader.read()
        assert reader.at_eof()
        writer.close()
        with pytest.raises(ConnectionError):
            await asyncio.open_connection(address.host, address.port)

    assert all(isinstance(each, OSError) or each.status in (200, 503) for each in answered)  # type: ignore[union-attr]
