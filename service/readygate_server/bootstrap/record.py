"""Opens the record of a server: keys, names, the store, and the services over them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Final

from readygate.v1.foundation_pb2 import Asset
from readygate_server.adapters.certificates.forms import SignedCertificates
from readygate_server.adapters.certificates.stored import StoredDecisionReader
from readygate_server.adapters.clock import seconds_now
from readygate_server.adapters.foundations.forms import offered
from readygate_server.adapters.foundations.resolving import RegisteredAssets
from readygate_server.adapters.log.anchor import AnchorError
from readygate_server.adapters.log.note import NoteError
from readygate_server.adapters.names.sealing import RequestSealer
from readygate_server.adapters.recorded import RecordedDecisions, RecordedWaivers
from readygate_server.adapters.signing.errors import KeyProblemError, MalformedError
from readygate_server.adapters.storage import RecordStore, StoreRefusedError
from readygate_server.adapters.storage.clock import microseconds_now
from readygate_server.adapters.storage.foundations import StoredFoundations
from readygate_server.adapters.storage.retention import StoredRetention
from readygate_server.adapters.storage.waivers import StoredWaivers
from readygate_server.application.certify import Certify
from readygate_server.application.foundations import Foundations
from readygate_server.application.retention import Dropped, keep_for
from readygate_server.application.waivers import WaiverPorts, Waivers
from readygate_server.bootstrap.local import Snapshot
from readygate_server.bootstrap.opened import Opened, open_all
from readygate_server.bootstrap.past_rulesets import PastRulesets
from readygate_server.bootstrap.served_rules import ServedRules
from readygate_server.bootstrap.webhooks import Webhooks
from readygate_server.domain.errors import GateError, RecordUnavailableError
from readygate_server.grpc_api.certificate_servicer import CertificateServicer
from readygate_server.grpc_api.decision_servicer import DecisionServicer
from readygate_server.grpc_api.foundation_servicer import FoundationServicer
from readygate_server.grpc_api.keeping import Keeping
from readygate_server.grpc_api.log_servicer import LogServicer
from readygate_server.grpc_api.page_tokens import PageTokens
from readygate_server.grpc_api.recording import Recording
from readygate_server.grpc_api.reevaluation import Reevaluation, ReevaluationPorts
from readygate_server.grpc_api.replay import Replayer
from readygate_server.grpc_api.waiver_servicer import WaiverServicer
from readygate_server.observability import logger
from readygate_server.settings import RecordSettings, SettingsError

_RETRY_SECONDS: Final = 1.0
_UNUSABLE: Final = (StoreRefusedError, AnchorError, NoteError, KeyProblemError, MalformedError, GateError, OSError)


class Record:
    """The open record of a server."""

    def __init__(
        self,
        store: RecordStore,
        keeping: Keeping,
        secret: Callable[[str], bytes],
        closing: AsyncExitStack,
        webhooks: Webhooks | None = None,
    ) -> None:
        """Takes what is open, and what closes it."""
        self._store = store
        self._closing = closing
        self.keeping = keeping
        self.webhooks = webhooks
        self.secret = secret
        """Returns a secret for a purpose, which all servers with the same keys share."""

    async def keep_rulesets(self, snapshot: Snapshot) -> None:
        """Keeps the files of all rulesets; waits for a record that is out of reach."""
        bundle = snapshot.bundle
        for ruleset in snapshot.rulesets:
            while True:
                try:
                    await self._store.keep_ruleset(ruleset.identity.digest, bundle)
                    break
                except RecordUnavailableError as error:
                    logger().error("ruleset_not_kept", digest=ruleset.identity.digest, detail=error.detail)
                    await asyncio.sleep(_RETRY_SECONDS)

    async def close(self) -> None:
        """Writes what was asked for and lets go of everything."""
        await self._closing.aclose()


async def open_record(settings: RecordSettings, rules: ServedRules, lock: int | None = None) -> Record:
    """Opens the record, for a worker with the lock that it inherited.

    Raises:
      SettingsError: when it can not or must not be opened like this.
    """
    async with AsyncExitStack() as opened:
        try:
            return await _open(settings, rules, opened, lock)
        except _UNUSABLE as error:
            raise SettingsError(str(error)) from error


async def _open(settings: RecordSettings, rules: ServedRules, opened: AsyncExitStack, lock: int | None) -> Record:
    parts = await open_all(settings, opened, lock)
    if settings.retention_days:
        opened.push_async_callback(_cancelled, asyncio.create_task(_keep_for(parts.store, settings.retention_days)))
    keeping, again = _keeping(parts, rules, sign_in_seconds=settings.waiver_sign_in_seconds)
    webhooks = None
    if settings.webhooks is not None:
        webhooks = Webhooks(settings.webhooks, parts.store, again, settings, parts.origin)
        await webhooks.prepare()
    return Record(parts.store, keeping, parts.vault.secret, opened.pop_all(), webhooks)


def _keeping(parts: Opened, rules: ServedRules, *, sign_in_seconds: int) -> tuple[Keeping, Reevaluation]:
    store, vault, ring = parts.store, parts.vault, parts.ring
    sealer = RequestSealer(vault)
    past = PastRulesets(rules, store)
    tokens = PageTokens(vault.secret("page tokens"))
    waivers = Waivers(
        WaiverPorts(StoredWaivers(store), RecordedDecisions(store), past, vault, microseconds_now),
        sign_in_seconds=sign_in_seconds,
    )
    book, asset_sealer = StoredFoundations(store), RequestSealer(vault, Asset.DESCRIPTOR)
    assets = RegisteredAssets(book, asset_sealer)
    again = Reevaluation(
        rules,
        ReevaluationPorts(store, vault, book, assets, past.active, waivers, sealer.for_replay, microseconds_now),
    )
    replayer = Replayer(rules, past.active, waivers.named, sealer.for_replay, assets)
    certify = Certify(
        store,
        store,
        store,
        vault,
        RecordedWaivers(waivers),
        StoredDecisionReader(sealer),
        SignedCertificates(lambda: ring.current().certificate_signer),
        origin=parts.origin,
        now=seconds_now,
    )
    keeping = Keeping(
        recording=Recording(store, store, vault, sealer),
        waivers=waivers,
        decisions=DecisionServicer(store, store, vault, sealer, replayer, parts.erasures, tokens),
        log=LogServicer(store, ring),
        certificates=CertificateServicer(certify),
        waiver_steps=WaiverServicer(waivers, tokens),
        assets=assets,
        foundations=FoundationServicer(Foundations(book, vault, asset_sealer), offered, again, tokens),
    )
    return keeping, again


async def _keep_for(store: RecordStore, days: int) -> None:
    """Drops old payloads for as long as the server runs."""

    def told(what: Dropped | RecordUnavailableError) -> None:
        if isinstance(what, Dropped):
            logger().info("payloads_dropped", payloads=what.payloads, entry=what.entry_id)
        else:
            logger().error("payloads_not_dropped", detail=what.detail)

    await keep_for(StoredRetention(store), days=days, now=microseconds_now, told=told)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})
