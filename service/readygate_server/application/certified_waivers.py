"""Waivers as certificates need them: until when, and whether somebody took them back since."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from readygate_server.application.waiver_ports import FiledStep
from readygate_server.domain.certificate import WaiverTerm
from readygate_server.domain.verdict import Waiver
from readygate_server.domain.waivers import WaiverState


class WaiverSteps(Protocol):
    """Keeps the steps of waivers; a WaiverBook does."""

    async def get(self, waiver_id: str) -> Sequence[FiledStep]:
        """Returns the steps of a waiver, in order; none when there is no such waiver."""
        ...


class NamedWaivers(Protocol):
    """Knows waivers that were granted."""

    async def named(self, waiver_ids: Sequence[str]) -> tuple[Waiver, ...]:
        """Returns waivers by their ids as they were granted, those revoked since included."""
        ...


class WaiversOnRecord:
    """Fills the port WaiversNow."""

    def __init__(self, waivers: NamedWaivers, steps: WaiverSteps) -> None:
        """Takes what was granted, and what happened since."""
        self._waivers = waivers
        self._steps = steps

    async def terms(self, waiver_ids: Sequence[str]) -> Sequence[WaiverTerm]:
        """Returns the waivers that are on record, those revoked or ended included."""
        found = await self._waivers.named(waiver_ids)
        return [await self._term(waiver) for waiver in found]

    async def _term(self, waiver: Waiver) -> WaiverTerm:
        steps = await self._steps.get(waiver.id)
        is_revoked = steps[-1].step.state is WaiverState.REVOKED
        return WaiverTerm(waiver.id, waiver.rule_id, waiver.subject, waiver.ends_on, is_revoked)
