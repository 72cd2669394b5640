"""Settings of a server, checked before anything starts."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_UNIX: Final = "unix:"
_MAX_PORT: Final = 65_535


class SettingsError(ValueError):
    """Reports a setting that can not be used."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen: a host and a port, or a socket in the file system. Port 0 takes a free one."""

    host: str
    port: int = 0
    path: str = ""

    @classmethod
    def parse(cls, text: str, *, what: str = "--listen") -> Address:
        """Reads `HOST:PORT`, `[HOST]:PORT` or `unix:PATH`.

        Raises:
          SettingsError: when it is none of these, or a host that other machines can reach.
        """
        if text.startswith(_UNIX):
            path = text.removeprefix(_UNIX)
            if not path:
                raise SettingsError(f"{what} {text}: the path is missing, expected unix:PATH")
            return cls("", path=path)
        host, colon, port = text.rpartition(":")
        if not colon or not host or not (port.isascii() and port.isdigit()) or int(port) > _MAX_PORT:
            raise SettingsError(f"{what} {text}: expected HOST:PORT such as 127.0.0.1:50051, or unix:PATH")
        return cls(_loopback(host.removeprefix("[").removesuffix("]"), what=what), int(port))

    @property
    def is_unix(self) -> bool:
        """True for a socket in the file system."""
        return bool(self.path)

    def __str__(self) -> str:
        """Returns the address as it is written."""
        if self.is_unix:
            return f"{_UNIX}{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _loopback(host: str, *, what: str) -> str:
    """Returns a numeric host of this machine, because nobody checks yet who calls."""
    if host == "localhost":
        return "127.0.0.1"
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise SettingsError(
            f"{what} {host}: other machines could reach it, and there is neither TLS nor authentication yet; "
            "listen on 127.0.0.1, [::1] or unix:PATH and put a proxy in front that has both"
        )
    return host


@dataclass(frozen=True, slots=True)
class Limits:
    """What a request may hold. Small by default: a proposal is a form, not a data set."""

    request_bytes: int = 1 << 20
    batch_items: int = 100
    assets: int = 200
    evidence: int = 5_000
    statements: int = 1_000
    overrides: int = 500
    waivers: int = 200
    files: int = 1_000
    text_characters: int = 4_000


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Everything that a server is started with."""

    listen: Address
    data_dir: Path | None = None
    rules: Path | None = None
    metrics: Address | None = None
    concurrent_calls: int = 256
    drain_seconds: float = 20.0
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        """Refuses what does not fit together."""
        if self.metrics is not None and self.metrics.is_unix:
            raise SettingsError(f"--metrics {self.metrics}: expected HOST:PORT")
        if self.concurrent_calls < 1:
            raise SettingsError("at least one call at a time must be allowed")
        if self.drain_seconds < 0:
            raise SettingsError("a drain takes at least 0 seconds")
        if self.rules is not None and not self.rules.is_dir():
            raise SettingsError(f"--rules {self.rules}: there is no such directory")
