"""What a server tells about itself: log lines in JSON, and metrics. Never the facts of a proposal."""

from __future__ import annotations

import logging
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TextIO

import msgspec
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from structlog.processors import format_exc_info
from structlog.typing import EventDict, FilteringBoundLogger

from readygate_server.domain.identity import LOCAL, Principal
from readygate_server.domain.rule import Ruleset
from readygate_server.settings import Address

_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

RULESETS: Final = "readygate_ruleset_info"


def _charge_nobody(_count: int) -> None:
    """Counts nothing, because nobody is known who could be asked to use less."""


@dataclass(slots=True)
class Call:
    """One call as it is logged; handlers add what they decided."""

    chosen_id: str
    """The id that the caller chose, else empty."""
    method: str = ""
    received: bytes = b""
    """The request as it came, byte by byte."""
    principal: Principal = LOCAL
    charge_decisions: Callable[[int], None] = _charge_nobody
    """Counts proposals that are about to be judged; raises QuotaExceededError when the caller may have no more."""
    verdict: str = ""
    ruleset: str = ""
    items: int = 0
    failed: int = 0
    """Items that were answered with an error of their own."""

    @property
    def request_id(self) -> str:
        """The id of the call; one is made when it is first asked for and the caller has chosen none."""
        if not self.chosen_id:
            self.chosen_id = uuid.uuid4().hex
        return self.chosen_id


_call: ContextVar[Call] = ContextVar("readygate_call")


def begin_call(request_id: str, method: str, received: bytes = b"") -> Call:
    """Starts a call: what is logged from here on in this task carries its id, made up when it is empty, and method."""
    call = Call(request_id, method, received)
    _call.set(call)
    return call


def name_call(request_id: str) -> None:
    """Gives the call the id that its caller chose, once the request can be read."""
    current_call().chosen_id = request_id


def current_call() -> Call:
    """Returns the call that this task answers; LookupError outside of one."""
    return _call.get()


def configure_logging(stream: TextIO | None = None, *, worker: int | None = None) -> None:
    """Writes one JSON object per line, to standard error unless said otherwise; the lines of workers have a number."""

    def complete(_logger: object, method: str, event: EventDict) -> EventDict:
        # One function, where structlog would have five: what a line costs is mostly the way from one to the next.
        if (call := _call.get(None)) is not None:  # what the line says itself goes before what its call says
            event.setdefault("request_id", call.request_id)
            event.setdefault("method", call.method)
        if worker is not None:
            event["worker"] = worker
        event["level"] = method
        seconds, microseconds = divmod(time.time_ns() // 1000, 1_000_000)
        event["timestamp"] = f"{_second(seconds)}.{microseconds:06d}Z"
        return format_exc_info(_logger, method, event) if "exc_info" in event else event

    out = stream or sys.stderr
    binary = getattr(out, "buffer", None)  # a text in memory has none
    structlog.configure(
        processors=[complete, _json if binary is None else _json_bytes],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(out) if binary is None else structlog.BytesLoggerFactory(binary),
        cache_logger_on_first_use=False,
    )
    _bound[:] = [(structlog.get_logger().bind(), out)]


def logger() -> FilteringBoundLogger:
    """Returns the logger of the service."""
    # Binding anew costs as much as half a line; a logger that is bound to settings of the past would write elsewhere.
    log: FilteringBoundLogger = _bound[0][0] if _bound and structlog.is_configured() else structlog.get_logger()
    return log


_bound: Final[list[tuple[FilteringBoundLogger, TextIO]]] = []
"""The logger as it was set last, and what it writes to: a text file that nobody holds closes the bytes below it."""
_encoder: Final = msgspec.json.Encoder(enc_hook=repr)
_thorough: Final = structlog.processors.JSONRenderer()


@lru_cache(maxsize=1)  # many lines share their second
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def _json_bytes(log: object, method: str, event: EventDict) -> bytes:
    """Returns a line in ASCII: what else may separate lines is escaped, as are characters that are none."""
    try:
        line = _encoder.encode(event)
    except (TypeError, ValueError):  # half a surrogate, or a key that is no text
        line = b""
    return line if line and line.isascii() else str(_thorough(log, method, event)).encode()


def _json(log: object, method: str, event: EventDict) -> str:
    return _json_bytes(log, method, event).decode()


class Metrics:
    """Counters and timings in the form that Prometheus reads; one set per server."""

    def __init__(self, *, is_summed: bool = False) -> None:
        """Starts all counts at zero, in a registry of its own; with others, those are summed elsewhere."""
        self._is_summed = is_summed
        registry = self._registry = CollectorRegistry()
        self.calls = Counter("readygate_calls", "Calls that ended.", ("method", "code"), registry=registry)
        self.seconds = Histogram(
            "readygate_call_seconds", "Time from request to reply.", ("method",), buckets=_BUCKETS, registry=registry
        )
        self.decisions = Counter("readygate_decisions", "Proposals that were judged.", ("verdict",), registry=registry)
        self.items = Counter(
            "readygate_items", "Items of batches and streams: answered or failed.", ("result",), registry=registry
        )
        self.in_flight = Gauge(
            "readygate_calls_in_flight",
            "Calls that are being answered.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.loads = Counter(
            "readygate_ruleset_loads", "Attempts to load rulesets: loaded or refused.", ("result",), registry=registry
        )
        self.rulesets = Gauge(
            RULESETS,
            "Rulesets that can be chosen; always 1.",
            ("name", "version", "digest"),
            registry=registry,
            multiprocess_mode="livemax",
        )
        self.webhooks = Counter(
            "readygate_webhook_deliveries",
            "Attempts to tell an endpoint: delivered, failed, gone or dead.",
            ("endpoint", "outcome"),
            registry=registry,
        )
        self._webhooks = Gauge(
            "readygate_webhook_events",
            "Events that an endpoint has not got: pending or dead.",
            ("endpoint", "state"),
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._shown: list[tuple[str, str, str]] = []
        self._ends: dict[tuple[str, str], tuple[Counter, Histogram]] = {}

    def call_ended(self, method: str, code: str, seconds: float) -> None:
        """Counts a call and the time that it took."""
        kept = self._ends.get((method, code))
        if kept is None:  # finding them costs more than counting
            kept = self._ends[method, code] = self.calls.labels(method, code), self.seconds.labels(method)
        kept[0].inc()
        kept[1].observe(seconds)

    def show_webhooks(self, endpoint: str, pending: int, dead: int) -> None:
        """Shows what an endpoint has not got."""
        self._webhooks.labels(endpoint, "pending").set(pending)
        self._webhooks.labels(endpoint, "dead").set(dead)

    def show_rulesets(self, rulesets: Sequence[Ruleset]) -> None:
        """Takes the place of the rulesets that were shown before."""
        if self._is_summed:  # nothing can be taken out of what is summed
            for labels in self._shown:
                self.rulesets.labels(*labels).set(0)
        else:
            self.rulesets.clear()
        identities = [ruleset.identity for ruleset in rulesets]
        self._shown = [(identity.name, identity.version, identity.digest) for identity in identities]
        for labels in self._shown:
            self.rulesets.labels(*labels).set(1)

    def value(self, name: str, **labels: str) -> float:
        """Returns the current value of a sample, 0 when there is none yet."""
        return self._registry.get_sample_value(name, labels) or 0.0

    def serve(self, address: Address) -> tuple[int, Callable[[], None]]:
        """Offers the metrics over HTTP; returns the port and what ends it."""
        return offer(self._registry, address)


def offer(registry: CollectorRegistry, address: Address) -> tuple[int, Callable[[], None]]:
    """Offers what a registry holds over HTTP; returns the port and what ends it."""
    server, thread = start_http_server(address.port, address.host, registry)

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return server.server_port, stop
