"""The collector of event logs: what it is told, and which reader a file gets."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Final

from readygate_server.adapters.collectors.artefacts import artefact_of, unreadable
from readygate_server.adapters.collectors.eventlog.log import STANDARD, EventLog, Mapping
from readygate_server.adapters.collectors.eventlog.tables import read_csv, read_parquet
from readygate_server.adapters.collectors.eventlog.times import Clock
from readygate_server.adapters.collectors.eventlog.traces import POLICIES, policy_of, traces_of
from readygate_server.adapters.collectors.eventlog.xes import read_xes
from readygate_server.adapters.collectors.port import (
    HEAD,
    ArtefactError,
    ArtefactFault,
    Option,
    OptionError,
    Recognition,
    Request,
)
from readygate_server.domain.collected import Collected
from readygate_server.domain.vocabulary import Scope

_STANDARD_COLUMNS: Final = (STANDARD.case, *STANDARD.activity, STANDARD.timestamp)
_GZIP: Final = b"\x1f\x8b"
_PARQUET: Final = b"PAR1"


class EventLogCollector:
    """Reads one event log."""

    name = "eventlog"
    version = "1"
    scope = Scope.WORKFLOW
    options = (
        Option("case", f"column of the case; {STANDARD.case} unless given; of XES a trace is a case"),
        Option("activity", "column or attribute of the activity; several make one name together", repeatable=True),
        Option("timestamp", f"column or attribute of the moment; {STANDARD.timestamp} unless given"),
        Option("lifecycle-column", f"column or attribute of the life cycle; {STANDARD.lifecycle} unless given"),
        Option("resource", f"column or attribute of who did it, for counts only; {STANDARD.resource} unless given"),
        Option("classifier", "of XES: a classifier that the log declares says what an activity is"),
        Option("lifecycle", f"events that count: {', '.join(POLICIES)}; complete unless given, if the log has others"),
        Option("timezone", "timezone of timestamps that say none, such as Europe/Amsterdam"),
        Option("timestamp-format", "how timestamps are written if not as ISO 8601, such as %d.%m.%Y %H:%M"),
        Option("delimiter", "of CSV: the character between columns; a comma unless given"),
        Option("encoding", "of CSV: utf-8 unless given"),
        Option("end-activity", "activity that a case ends with; needed for stable weeks", repeatable=True),
        Option("exception-activity", "activity outside of the modelled path", repeatable=True),
    )

    def recognises(self, path: Path, head: bytes) -> Recognition | None:
        """Knows XES by its root, and tables by the names of columns that the XES standard gives."""
        plain = _inflated(head) if head.startswith(_GZIP) else head
        stem = path.name.partition(".")[0]
        if b"<log" in plain and b"concept:name" in plain and plain.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
            return Recognition("event log (XES)", stem, stem, confidence="high")
        if head.startswith(_PARQUET):
            end = _end(path)
            if all(name.encode() in end for name in _STANDARD_COLUMNS):
                return Recognition("event log (Parquet)", stem, stem, confidence="high")
            return None
        header = plain.partition(b"\n")[0].decode(errors="replace").strip("\ufeff\r")
        columns = [name.strip('"') for name in header.split(",")]
        if set(_STANDARD_COLUMNS) <= set(columns):
            return Recognition("event log (CSV)", stem, stem, confidence="high")
        return None

    def collect(self, request: Request) -> Collected:
        """Returns what the log says about the workflow, and what it can not say.

        Raises:
          ArtefactError: when the file is no event log.
        """
        # Late: who only asks for the options has no use for what counts.
        from readygate_server.adapters.collectors.eventlog.facts import Answers, Asked
        from readygate_server.adapters.collectors.eventlog.notes import notes_of

        path = self._only(request)
        artefact = artefact_of(path, lambda done: request.progress("reading the file", done, 0))
        log = _read(path, request)
        request.progress("looking at cases", 0, log.cases)
        traces = traces_of(log, policy_of(log, _policy(request)))
        asked = Asked(_each(request, "end-activity"), _each(request, "exception-activity"))
        answers = Answers(log, traces, asked)
        return Collected(
            collector=self.name,
            version=self.version,
            subject=request.subject,
            artefacts=(artefact,),
            facts=tuple(answers.facts()),
            notes=tuple(notes_of(log, traces, answers.span, answers.drift)),
        )

    def _only(self, request: Request) -> Path:
        if len(request.artefacts) == 1 and not request.artefacts[0].is_dir():
            return request.artefacts[0]
        raise ArtefactError(
            ArtefactFault(
                self.name,
                "an event log is one file",
                got=f"{len(request.artefacts)} files or folders",
                way_out="collect each log as a workflow of its own",
            )
        )


COLLECTOR: Final = EventLogCollector()


def _read(path: Path, request: Request) -> EventLog:
    mapping = Mapping(
        case=request.text("case", STANDARD.case),
        activity=request.texts("activity") or STANDARD.activity,
        timestamp=request.text("timestamp", STANDARD.timestamp),
        lifecycle=request.text("lifecycle-column", STANDARD.lifecycle),
        resource=request.text("resource", STANDARD.resource),
    )
    clock = Clock(request.text("timezone"), request.text("timestamp-format"))
    head = _head(path)
    if head.startswith(_PARQUET):
        return read_parquet(path, mapping, clock, request.progress)
    plain = _inflated(head) if head.startswith(_GZIP) else head
    if _is_xml(plain):
        if request.text("case"):
            raise OptionError(ArtefactFault("--case", "of XES a trace is a case", way_out="leave it out"))
        return read_xes(path, mapping, clock, request.text("classifier"), request.progress)
    if request.text("classifier"):
        raise OptionError(ArtefactFault("--classifier", "only XES declares classifiers", way_out="leave it out"))
    encoding = request.text("encoding", "utf-8")
    return read_csv(
        path,
        mapping,
        clock,
        request.text("delimiter", ","),
        "utf-8-sig" if encoding.replace("-", "").lower() == "utf8" else encoding,
        request.progress,
    )


def _is_xml(plain: bytes) -> bool:
    return plain.startswith((b"\xff\xfe<", b"\xfe\xff\x00<")) or plain.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<")


def _policy(request: Request) -> str:
    policy = request.text("lifecycle")
    if policy and policy not in POLICIES:
        raise OptionError(
            ArtefactFault("--lifecycle", "no such policy", got=policy, expected=f"one of {', '.join(POLICIES)}")
        )
    return policy


def _each(request: Request, option: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(request.texts(option)))


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(HEAD)
    except OSError as error:
        raise unreadable(path, error) from None


def _inflated(head: bytes) -> bytes:
    """Returns the start of what was compressed; nothing when it is damaged."""
    try:
        return zlib.decompressobj(wbits=31).decompress(head, HEAD)
    except zlib.error:
        return b""


def _end(path: Path) -> bytes:
    """Returns the end of a file, where Parquet names its columns; nothing when it can not be read."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - HEAD))
            return file.read(HEAD)
    except OSError:
        return b""
