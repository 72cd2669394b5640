"""The command `readygate serve` as a process of its own."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Line = dict[str, Any]


@dataclass
class Served:
    """A server process and what it has logged so far."""

    process: asyncio.subprocess.Process
    lines: list[Line] = field(default_factory=list)
    other: list[str] = field(default_factory=list)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def read(self) -> None:
        """Reads the log until it ends."""
        assert self.process.stderr is not None
        async for raw in self.process.stderr:
            text = raw.decode()
            async with self._news:
                try:
                    self.lines.append(json.loads(text))
                except ValueError:
                    self.other.append(text)
                self._news.notify_all()

    def of(self, event: str) -> list[Line]:
        """Returns the log lines of one kind."""
        return [line for line in self.lines if line["event"] == event]

    async def until(self, holds: Callable[[], bool], what: str, seconds: float = 20) -> None:
        """Waits until something holds about the log."""
        try:
            async with asyncio.timeout(seconds), self._news:
                await self._news.wait_for(holds)
        except TimeoutError:
            raise AssertionError(f"never {what}; the log: {self.lines[-5:]} {self.other}") from None

    async def ready(self) -> str:
        """Returns the address, once calls can be answered."""
        await self.until(lambda: bool(self.of("serving")), "serving")
        address: str = self.of("serving")[0]["address"]
        return address

    async def metrics(self) -> str:
        """Returns the metrics as Prometheus reads them."""
        address = self.of("metrics")[0]["address"]
        return await asyncio.to_thread(_get, f"http://{address}/metrics")

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """Tells the process to stop and returns its exit code."""
        self.process.send_signal(number)
        return await asyncio.wait_for(self.process.wait(), 30)


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as reply:  # noqa: S310 -- an address that the server just printed
        text: str = reply.read().decode()
        return text


@asynccontextmanager
async def serve(*arguments: str, rules: Path | None = None) -> AsyncIterator[Served]:
    """Runs `readygate serve` on a free port, without a record."""
    where = ["--rules", str(rules)] if rules else []
    listen = ("--no-record", "--listen", "127.0.0.1:0")
    async with started("-m", "readygate_server", "serve", *listen, *arguments, *where) as served:
        yield served


@asynccontextmanager
async def started(*arguments: str) -> AsyncIterator[Served]:
    """Runs a program of this Python that logs as a server does, and kills it when it is left running."""
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stderr=asyncio.subprocess.PIPE)
    served = Served(process)
    reading = asyncio.create_task(served.read())
    try:
        yield served
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await reading
