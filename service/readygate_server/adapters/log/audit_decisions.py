"""Checks decisions against their entries: rows, requests and responses are what the log committed to.

Two things can not be checked without the names: that a request said what its commitment says, and who called.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final

from google.protobuf.message import DecodeError
from sqlalchemy import Row

from readygate.v1.decision_pb2 import Verdict
from readygate.v1.gate_service_pb2 import EvaluateRequest, EvaluateResponse
from readygate.v1.record_pb2 import LogEntry
from readygate_server.adapters.log.audit_entries import LoggedEntry, recorded_at
from readygate_server.adapters.log.findings import Step, counted
from readygate_server.adapters.log.record_copy import RecordCopy

_PIECE: Final = 64
"""Payloads that are held at once."""
_SAME: Final = ("ruleset_digest", "facts_digest", "engine_version", "as_of")


class DecisionCheck:
    """Checks decision after decision."""

    def __init__(self, copy: RecordCopy) -> None:
        """Takes the tables."""
        self._copy = copy
        self._count = self._payloads = 0
        self._gone: list[tuple[str, int]] = []
        self._dropped_before = 0
        self.step = Step("Decisions")

    def look(self, entries: Sequence[LoggedEntry]) -> None:
        """Checks the decisions among entries."""
        for start in range(0, len(entries), _PIECE):
            piece = entries[start : start + _PIECE]
            rows = self._copy.decisions([each.entry.id for each in piece])
            for each in piece:
                where = f"leaf {each.index}, {each.entry.WhichOneof('body')} {each.entry.id}"
                self._look(where, each.entry, rows.get(each.entry.id))

    def finish(self, size: int) -> None:
        """Says what was checked; a payload that is gone needs a retention on the log."""
        for body in self._copy.retentions_from(size) if self._gone else ():
            self._learn_retention(LogEntry.FromString(body))
        for where, at in self._gone:
            if at >= self._dropped_before:
                self.step.add(where, expected="request and response, or a retention on the log", found="neither")
        dropped = f", {len(self._gone)} without" if self._gone else ""
        self.step.said = (
            f"{counted(self._count, 'decision')} against the log, {self._payloads} with request and response{dropped}"
        )

    def _look(self, where: str, entry: LogEntry, row: Row[Any] | None) -> None:
        kind = entry.WhichOneof("body")
        if kind == "retention":
            self._learn_retention(entry)
        if kind != "decision":
            self.step.compare(f"{where}, row", expected=None, found=row.id if row else None)
            return
        self._count += 1
        if row is None:
            self.step.add(where, expected="a decision", found="nothing")
            return
        self._compare_row(where, entry, row)
        if row.payload_id is None:
            self._gone.append((where, recorded_at(entry)))
        else:
            self._payloads += 1
            self._compare_payload(where, entry, row)

    def _compare_row(self, where: str, entry: LogEntry, row: Row[Any]) -> None:
        said = entry.decision
        expected = {name: getattr(said, name) for name in _SAME} | {
            "recorded_at": recorded_at(entry),
            "verdict": _name(Verdict, said.verdict),
            "request_digest": f"sha256:{said.redacted_request_digest.hex()}",
        }
        for name, value in expected.items():
            self.step.compare(f"{where}, {name}", expected=value, found=getattr(row, name))

    def _compare_payload(self, where: str, entry: LogEntry, row: Row[Any]) -> None:
        said, request, response = entry.decision, bytes(row.request), bytes(row.response)
        is_whole = self.step.compare(
            f"{where}, request", expected=said.redacted_request_digest, found=sha256(request).digest()
        ) & self.step.compare(f"{where}, response", expected=said.response_digest, found=sha256(response).digest())
        if not is_whole:
            return
        try:
            asked, answered = EvaluateRequest.FromString(request), EvaluateResponse.FromString(response)
        except DecodeError:
            self.step.add(where, expected="an EvaluateRequest and its EvaluateResponse", found="bytes that are none")
            return
        decision = answered.decision
        for name, expected, found in (
            ("decision id", entry.id, answered.record.decision_id),
            ("proposal", asked.proposal.id, row.proposal_id),
            ("gate", decision.gate, row.gate),
            ("tier", decision.tier.tier, row.tier),
            (
                "ruleset",
                f"{decision.ruleset.name} {decision.ruleset.version}",
                f"{row.ruleset_name} {row.ruleset_version}",
            ),
            ("waivers", list(decision.waiver_ids), json.loads(row.waiver_ids)),
        ):
            self.step.compare(f"{where}, {name}", expected=expected, found=found)

    def _learn_retention(self, entry: LogEntry) -> None:
        before = entry.retention.recorded_before
        self._dropped_before = max(self._dropped_before, before.seconds * 1_000_000 + before.nanos // 1000)


def _name(enum: Any, number: int) -> str:
    """Returns the name of a verdict as it is stored."""
    known = enum.DESCRIPTOR.values_by_number.get(number)
    return known.name.removeprefix("VERDICT_") if known else str(number)
