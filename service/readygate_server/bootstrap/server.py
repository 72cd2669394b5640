"""A server, from start to stop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence

from readygate_server.adapters.identity.authenticator import FileAuthenticator
from readygate_server.adapters.identity.tls import TlsFiles
from readygate_server.adapters.reload import Listeners, RuleWatch
from readygate_server.bootstrap.local import Snapshot, load_snapshot, settle_heap
from readygate_server.bootstrap.record import Record, open_record
from readygate_server.bootstrap.served_rules import ServedRules
from readygate_server.domain.faults import Fault
from readygate_server.grpc_api.server import GateServer
from readygate_server.observability import Metrics, configure_logging, logger
from readygate_server.settings import ServerSettings, SettingsError


async def serve(settings: ServerSettings) -> None:
    """Serves until SIGTERM or SIGINT, then drains.

    1. Open the record, if one is kept.
    2. Listen; health says NOT_SERVING.
    3. Load, check and compile the rules; from then on watch their files.
    4. Serve: health says SERVING, and one line says where.
    5. On a signal: refuse new calls, answer those in flight, stop.
    6. Close the record.

    Raises:
      FaultsError: when the identity file has faults; all of them.
      SettingsError: when certificates, keys or the record can not be used.
      ListenError: when the address can not be listened on.
    """
    configure_logging()
    rules = ServedRules()
    record = await open_record(settings.record, rules) if settings.record else None
    try:
        await _serve(settings, rules, record)
    finally:
        if record is not None:
            await record.close()


async def _serve(settings: ServerSettings, rules: ServedRules, record: Record | None) -> None:
    metrics = Metrics()
    keeping = record.keeping if record else None
    server = GateServer(rules, settings, metrics, callers=callers_of(settings), tls=tls_of(settings), keeping=keeping)
    stop = _stop_signal()
    await server.start()

    async def loaded(snapshot: Snapshot) -> None:
        if record is not None:
            # What decides is kept before it decides, else its decisions could not be made again.
            await record.keep_rulesets(snapshot)
        is_first = not rules.is_ready
        rules.swap(snapshot)
        settle_heap()
        metrics.loads.labels("loaded").inc()
        metrics.show_rulesets(snapshot.rulesets)
        for ruleset in snapshot.rulesets:
            identity = ruleset.identity
            logger().info("ruleset", name=identity.name, version=identity.version, digest=identity.digest)
        if is_first:
            await server.show_serving()
            logger().info("serving", address=str(server.address))

    async def refused(faults: Sequence[Fault]) -> None:
        metrics.loads.labels("refused").inc()
        for fault in faults:
            logger().error("rules_refused", fault=str(fault))

    watch = RuleWatch(settings.rules, lambda: load_snapshot(settings.rules).compile_all(), Listeners(loaded, refused))
    watching = asyncio.create_task(watch.run())
    await stop.wait()
    watching.cancel()
    await asyncio.wait({watching})
    await server.drain()


def callers_of(settings: ServerSettings) -> FileAuthenticator | None:
    """Returns who knows the callers; raises FaultsError with every fault of the identity file."""
    return None if settings.identity is None else FileAuthenticator(settings.identity)


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
