"""The gate behind a server: rulesets that are swapped when their files change, and the way from start to stop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

from readygate.v1.gate_service_pb2 import FactOverride
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.clock import today
from readygate_server.adapters.fact_directory import CatalogueDirectory
from readygate_server.adapters.identity.authenticator import FileAuthenticator
from readygate_server.adapters.identity.tls import TlsFiles
from readygate_server.adapters.proposals.dossier import ProposalDossier, dossier_of
from readygate_server.adapters.proposals.faults import error_of
from readygate_server.adapters.proposals.flatten import facts_of
from readygate_server.adapters.proposals.overrides import changes_of
from readygate_server.adapters.proposals.validation import validate_proposal
from readygate_server.adapters.reload import Listeners, RuleWatch
from readygate_server.adapters.rulefiles.loader import load_rulesets
from readygate_server.bootstrap.local import (
    DEFAULT_RULESET,
    Snapshot,
    fact_directory,
    load_snapshot,
    packaged_rules,
    settle_heap,
)
from readygate_server.domain.errors import NotReadyError
from readygate_server.domain.facts import FactRef, FactValue
from readygate_server.domain.faults import Fault, FaultsError
from readygate_server.domain.rule import Ruleset
from readygate_server.grpc_api.server import GateServer
from readygate_server.observability import Metrics, configure_logging, logger
from readygate_server.settings import ServerSettings, SettingsError


class ServedRules:
    """The gate as the servicers see it. What they hold is a snapshot; what is swapped is one reference."""

    def __init__(self) -> None:
        """Starts without rulesets, so that nothing can be judged yet."""
        self._snapshot: Snapshot | None = None
        self._guide = fact_directory()

    @property
    def default_ruleset(self) -> str:
        """Name that is taken when none is given."""
        return DEFAULT_RULESET

    @property
    def guide(self) -> CatalogueDirectory:
        """What is known about facts."""
        return self._guide

    def snapshot(self) -> Snapshot:
        """Returns the rulesets of now; raises NotReadyError while there are none."""
        if self._snapshot is None:
            raise NotReadyError
        return self._snapshot

    @property
    def is_ready(self) -> bool:
        """True once there are rulesets."""
        return self._snapshot is not None

    def swap(self, snapshot: Snapshot) -> None:
        """Serves other rulesets from now on; calls in flight keep theirs."""
        self._snapshot = snapshot

    def today(self) -> str:
        """Returns today in UTC."""
        return today()

    def dossier_of(self, proposal: Proposal) -> ProposalDossier:
        """Returns a checked proposal; raises InvalidInputError or LimitExceededError."""
        facts = facts_of(proposal)
        faults = validate_proposal(proposal, facts)
        if faults:
            raise error_of(faults)
        return dossier_of(proposal, facts)

    def changes_of(self, proposal: Proposal, overrides: Sequence[FactOverride]) -> Mapping[FactRef, FactValue | None]:
        """Returns what overrides change; raises InvalidInputError with every fault."""
        return changes_of(proposal, overrides)

    def check_rulesets(self, files: Mapping[str, str]) -> tuple[Sequence[Ruleset], Sequence[Fault]]:
        """Returns the rulesets that files make over the packaged ones, or every fault."""
        try:
            return load_rulesets(files, base=packaged_rules()).rulesets, ()
        except FaultsError as error:
            return (), error.faults


async def serve(settings: ServerSettings) -> None:
    """Serves until SIGTERM or SIGINT, then drains.

    1. Listen; health says NOT_SERVING.
    2. Load, check and compile the rules; from then on watch their files.
    3. Serve: health says SERVING, and one line says where.
    4. On a signal: refuse new calls, answer those in flight, stop.

    Raises:
      FaultsError: when the identity file has faults; all of them.
      SettingsError: when certificates can not be used.
      ListenError: when the address can not be listened on.
    """
    configure_logging()
    metrics = Metrics()
    rules = ServedRules()
    server = GateServer(rules, settings, metrics, callers=callers_of(settings), tls=tls_of(settings))
    stop = _stop_signal()
    await server.start()

    async def loaded(snapshot: Snapshot) -> None:
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


def data_directory(path: Path | None) -> Path | None:
    """Returns the data directory, made when it is not there."""
    if path is not None:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path
