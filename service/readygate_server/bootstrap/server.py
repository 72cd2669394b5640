"""A server, from start to stop."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import Sequence
from typing import Final

from readygate_server.adapters.identity.authenticator import FileAuthenticator
from readygate_server.adapters.identity.shared_counts import SharedCounts
from readygate_server.adapters.identity.tls import TlsFiles
from readygate_server.adapters.reload import Listeners, RuleWatch
from readygate_server.bootstrap.http import http_server
from readygate_server.bootstrap.local import Snapshot, load_snapshot, settle_heap
from readygate_server.bootstrap.pages import PURPOSE
from readygate_server.bootstrap.record import Record, open_record
from readygate_server.bootstrap.seat import OPENED, RULESETS, SERVING, Link, Seat
from readygate_server.bootstrap.served_rules import ServedRules
from readygate_server.bootstrap.summed_metrics import remove_own_files
from readygate_server.domain.faults import Fault
from readygate_server.grpc_api.server import GateServer
from readygate_server.http_api.server import HttpServer
from readygate_server.observability import Metrics, configure_logging, logger
from readygate_server.settings import ServerSettings, SettingsError

_SWITCH_SECONDS: Final = 0.0005
"""How long a thread that computes may keep others waiting for the interpreter.

Rules are loaded in a thread while calls are answered, and a call waits for the interpreter several times: with Python's
own 5 ms the p99 of calls during a reload is nearly twice as long.
"""


async def serve(settings: ServerSettings, seat: Seat | None = None) -> None:
    """Serves until SIGTERM or SIGINT, then drains.

    1. Open the record, if one is kept.
    2. Listen; health says NOT_SERVING.
    3. Load, check and compile the rules; from then on watch their files.
    4. Serve: health says SERVING, and one line says where.
    5. On a signal: refuse new calls, answer those in flight, stop.
    6. Close the record.

    A worker has a seat. It listens after the rules are loaded, because connections come to whoever listens; it says
    where it serves to its server, and when that one is gone, it stops as on a signal.

    Raises:
      FaultsError: when the identity file has faults; all of them.
      SettingsError: when certificates, keys or the record can not be used.
      ListenError: when the address can not be listened on.
    """
    configure_logging(worker=seat.number if seat else None)
    sys.setswitchinterval(_SWITCH_SECONDS)
    rules, link = ServedRules(), Link(seat) if seat else None
    record = await open_record(settings.record, rules, seat.lock if seat else None) if settings.record else None
    try:
        await _serve(settings, rules, record, link)
    finally:
        if record is not None:
            await record.close()
        if link is not None and link.is_alone:
            remove_own_files()


async def _serve(settings: ServerSettings, rules: ServedRules, record: Record | None, link: Link | None) -> None:
    metrics = Metrics(is_summed=link is not None)
    keeping = record.keeping if record else None
    callers = callers_of(settings, None if link is None else link.counts)
    tls = tls_of(settings)
    server = GateServer(rules, settings, metrics, callers=callers, tls=tls, keeping=keeping)
    secret = record.secret(PURPOSE) if record else link.secret if link else None
    http = http_server(settings, server.calls, rules, tls, secret=secret)
    stop, ready = _stop_signal(), asyncio.Event()
    if link is None:
        await _start(server, http)
    else:
        asyncio.get_running_loop().add_reader(link, link.when_alone(stop.set))
        link.tell(OPENED)
    watching = asyncio.create_task(_watch(settings, rules, metrics, record, ready, link))
    if await _came_before(ready, stop):
        if link is not None:
            await _start(server, http)
        await server.show_serving()
        if link is None:
            pages = {"pages": settings.pages_at(http.address)} if http else {}
            logger().info("serving", address=str(server.address), **pages)
        else:
            link.tell(SERVING)
    telling = {asyncio.create_task(record.webhooks.run(metrics))} if record and record.webhooks else set()
    await stop.wait()
    for task in {watching, *telling}:
        task.cancel()
    await asyncio.wait({watching, *telling})
    await asyncio.gather(server.drain(), *([http.drain()] if http else []))


async def _start(server: GateServer, http: HttpServer | None) -> None:
    await server.start()
    if http is not None:
        await http.start()


async def _watch(
    settings: ServerSettings,
    rules: ServedRules,
    metrics: Metrics,
    record: Record | None,
    ready: asyncio.Event,
    link: Link | None,
) -> None:
    """Loads the rules, says that they are there, and loads them again when their files change."""

    async def loaded(snapshot: Snapshot) -> None:
        if record is not None:
            # What decides is kept before it decides, else its decisions could not be made again.
            await record.keep_rulesets(snapshot)
        rules.swap(snapshot)
        if not ready.is_set():
            settle_heap()
        metrics.loads.labels("loaded").inc()
        metrics.show_rulesets(snapshot.rulesets)
        identities = [ruleset.identity for ruleset in snapshot.rulesets]
        for identity in identities:
            logger().info("ruleset", name=identity.name, version=identity.version, digest=identity.digest)
        if link is not None:
            link.tell(RULESETS, [(identity.name, identity.version, identity.digest) for identity in identities])
        ready.set()

    async def refused(faults: Sequence[Fault]) -> None:
        metrics.loads.labels("refused").inc()
        for fault in faults:
            logger().error("rules_refused", fault=str(fault))

    def build() -> Snapshot:
        # What is loaded stays, and what was needed to load it goes by itself. A search for garbage among all of that
        # would keep calls waiting for half a second when there are a thousand rules.
        gc.disable()
        try:
            snapshot = load_snapshot(settings.rules).compile_all()
            settle_heap(thorough=False)
        finally:
            gc.enable()
        return snapshot

    served = None if link is None else link.served
    await RuleWatch(settings.rules, build, Listeners(loaded, refused), served).run()


async def _came_before(first: asyncio.Event, second: asyncio.Event) -> bool:
    """Waits for one of two events; returns whether the first has come."""
    waiting = [asyncio.create_task(event.wait()) for event in (first, second)]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for each in waiting:
        each.cancel()
    return first.is_set()


def callers_of(settings: ServerSettings, counts: int | None = None) -> FileAuthenticator | None:
    """Returns who knows the callers, for a worker with the counts that it inherited.

    Raises:
      FaultsError: with every fault of the identity file.
    """
    if settings.identity is None:
        return None
    return FileAuthenticator(settings.identity, None if counts is None else SharedCounts(counts))


def tls_of(settings: ServerSettings) -> TlsFiles | None:
    """Returns the certificates; raises SettingsError when they can not be used."""
    if (tls := settings.tls) is None:
        return None
    try:
        return TlsFiles(tls.certificate, tls.key, tls.client_ca)
    except OSError as error:
        raise SettingsError(f"{error.filename}: {error.strerror}") from None
    except ValueError as error:
        raise SettingsError(str(error)) from None


def _stop_signal() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
