"""Settings of a server, checked before anything starts."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_UNIX: Final = "unix:"
_MAX_PORT: Final = 65_535
_MAX_WORKERS: Final = 64


class SettingsError(ValueError):
    """Reports a setting that can not be used."""


class ListenError(OSError):
    """Reports that an address can not be listened on."""


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
          SettingsError: when it is none of these.
        """
        if text.startswith(_UNIX):
            path = text.removeprefix(_UNIX)
            if not path:
                raise SettingsError(f"{what} {text}: the path is missing, expected unix:PATH")
            return cls("", path=path)
        host, colon, port = text.rpartition(":")
        if not colon or not host or not (port.isascii() and port.isdigit()) or int(port) > _MAX_PORT:
            raise SettingsError(f"{what} {text}: expected HOST:PORT such as 127.0.0.1:50051, or unix:PATH")
        return cls(_numeric(host.removeprefix("[").removesuffix("]"), what=what), int(port))

    @property
    def is_unix(self) -> bool:
        """True for a socket in the file system."""
        return bool(self.path)

    @property
    def is_local(self) -> bool:
        """True when only this machine can reach it."""
        return self.is_unix or ipaddress.ip_address(self.host).is_loopback

    def __str__(self) -> str:
        """Returns the address as it is written."""
        if self.is_unix:
            return f"{_UNIX}{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _numeric(host: str, *, what: str) -> str:
    """Returns a host as a number, because who can reach a name depends on who is asked for it."""
    if host == "localhost":
        return "127.0.0.1"
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        raise SettingsError(
            f"{what} {host}: expected a numeric address such as 127.0.0.1, [::1] or 0.0.0.0, or unix:PATH"
        ) from None


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
    stream_unanswered: int = 64
    """Items of one stream that are read and not yet answered: enough for one commit to hold many decisions."""
    stream_seconds: int = 900
    """How long a stream lasts; its ruleset is that of its beginning, and its connection ends only after it."""


@dataclass(frozen=True, slots=True)
class Tls:
    """Files of the server's certificate, and of the CA whose clients are let in by certificate."""

    certificate: Path
    key: Path
    client_ca: Path | None = None


@dataclass(frozen=True, slots=True)
class RecordSettings:
    """Where decisions are kept."""

    directory: Path
    """Keys, and the record unless a database is named."""
    database_url: str = ""
    """PostgreSQL that several servers share."""
    anchor: Path | None = None
    """Where the newest checkpoint is kept, best outside of what a backup restores; in the directory when None."""
    log_origin: str = ""
    """Name of the log; a random one when empty, chosen once."""
    retention_days: int = 0
    """Days after which the bytes of requests and answers are dropped; never when 0."""
    waiver_sign_in_seconds: int = 15 * 60
    """How long ago the approver of a waiver may have signed in."""
    webhooks: Path | None = None
    """File of those who are told what happens."""

    def __post_init__(self) -> None:
        """Refuses what makes no sense."""
        if self.waiver_sign_in_seconds < 1:
            raise SettingsError(f"--waiver-sign-in {self.waiver_sign_in_seconds}: expected a number of seconds")
        if self.retention_days < 0:
            raise SettingsError(f"--retention {self.retention_days}: expected a number of days, or 0 for ever")


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Everything that a server is started with."""

    listen: Address
    record: RecordSettings | None = None
    """None keeps no record."""
    rules: Path | None = None
    metrics: Address | None = None
    identity: Path | None = None
    """File of those who may call; None lets everybody in who reaches this machine."""
    tls: Tls | None = None
    listen_mtls: Address | None = None
    """Where callers with a client certificate connect; gRPC can not leave certificates to the caller's choice."""
    http: Address | None = None
    """Where calls over HTTP and pages are answered; None answers none."""
    workers: int = 1
    """Processes that answer; more than one share the port and the record."""
    concurrent_calls: int = 256
    """Calls at a time, of each process."""
    drain_seconds: float = 20.0
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        """Refuses what does not fit together."""
        self._check_metrics()
        self._check_reach()
        self._check_mtls()
        self._check_workers()
        if self.concurrent_calls < 1:
            raise SettingsError("at least one call at a time must be allowed")
        if self.drain_seconds < 0:
            raise SettingsError("a drain takes at least 0 seconds")
        if self.rules is not None and not self.rules.is_dir():
            raise SettingsError(f"--rules {self.rules}: there is no such directory")

    def pages_at(self, http: Address) -> str:
        """Returns where a browser finds the pages of a server that answers HTTP there."""
        return f"{'https' if self.tls else 'http'}://{http}/"

    def _check_metrics(self) -> None:
        if self.metrics is None:
            return
        if self.metrics.is_unix:
            raise SettingsError(f"--metrics {self.metrics}: expected HOST:PORT")
        if not self.metrics.is_local:
            raise SettingsError(
                f"--metrics {self.metrics}: other machines could reach it, and metrics have neither TLS nor "
                "authentication; listen on 127.0.0.1 or [::1], and let a collector on this machine read them"
            )

    def _check_workers(self) -> None:
        if not 1 <= self.workers <= _MAX_WORKERS:
            raise SettingsError(f"--workers {self.workers}: expected 1 to {_MAX_WORKERS}")
        if self.workers > 1 and self.listen.is_unix:
            raise SettingsError(
                f"--workers {self.workers}: a socket in the file system belongs to one process; listen on a port such "
                "as 127.0.0.1:7443, or leave --workers out"
            )

    def _check_reach(self) -> None:
        """Refuses to be reached by others without TLS and identities; there is no way around it."""
        if self.http is not None and self.http.is_unix:
            raise SettingsError(f"--http {self.http}: expected HOST:PORT")
        self._check_reach_of("--listen", self.listen)
        if self.http is not None:
            self._check_reach_of("--http", self.http)

    def _check_reach_of(self, option: str, address: Address) -> None:
        if address.is_local:
            return
        missing = [
            option
            for option, given in (("--tls-cert and --tls-key", self.tls), ("--identity", self.identity))
            if given is None
        ]
        if missing:
            raise SettingsError(
                f"{option} {address}: other machines could reach it without TLS and authentication; "
                f"add {' and '.join(missing)}, or listen on 127.0.0.1, [::1] or unix:PATH"
            )

    def _check_mtls(self) -> None:
        has_ca = self.tls is not None and self.tls.client_ca is not None
        if self.listen_mtls is None:
            if has_ca:
                raise SettingsError("--client-ca is of use with --listen-mtls only; add it, or leave both out")
            return
        if self.listen_mtls.is_unix:
            raise SettingsError(f"--listen-mtls {self.listen_mtls}: expected HOST:PORT")
        if not has_ca or self.identity is None:
            raise SettingsError(
                f"--listen-mtls {self.listen_mtls} needs --tls-cert, --tls-key, --client-ca and --identity"
            )
