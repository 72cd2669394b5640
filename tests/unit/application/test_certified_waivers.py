"""What certificates learn about waivers."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from readygate_server.application.certified_waivers import WaiversOnRecord
from readygate_server.application.waiver_ports import FiledStep, NewWaiverStep
from readygate_server.domain.certificate import WaiverTerm
from readygate_server.domain.record import SealedText, Stamp
from readygate_server.domain.verdict import Waiver
from readygate_server.domain.waivers import WaiverAction, WaiverState

WAIVER = Waiver("w-1", "DAT-03", "crm", "person:a", ("person:b",), "2026-10-20", "2026-11-10")


class Book:
    """One waiver, and where it stands."""

    def __init__(self, state: WaiverState) -> None:
        """Takes the state after its last step."""
        self._state = state

    async def named(self, waiver_ids: Sequence[str]) -> tuple[Waiver, ...]:
        """Returns the waiver when it is asked for."""
        return (WAIVER,) if WAIVER.id in waiver_ids else ()

    async def get(self, waiver_id: str) -> Sequence[FiledStep]:
        """Returns its last step."""
        step = NewWaiverStep(
            waiver_id, 2, WaiverAction.APPROVED, self._state, "sha256:facts", SealedText("p", b""), b"", b""
        )
        return [FiledStep(step, Stamp("0" * 32, 0))]


@pytest.mark.parametrize(("state", "is_revoked"), [(WaiverState.APPROVED, False), (WaiverState.REVOKED, True)])
async def test_a_waiver_is_told_with_its_end_and_whether_it_was_revoked(state: WaiverState, is_revoked: bool) -> None:
    """What a certificate learns of a waiver is what it covers, its last day, and whether it still counts."""
    book = Book(state)

    assert await WaiversOnRecord(book, book).terms(["w-1"]) == [
        WaiverTerm("w-1", "DAT-03", "crm", "2026-11-10", is_revoked)
    ]
    assert await WaiversOnRecord(book, book).terms(["w-2"]) == []
