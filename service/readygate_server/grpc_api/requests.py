"""Requests on their way in: every fault of a request at once, then plain values for the use cases."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath
from typing import Final, Protocol, TypeVar

from google.protobuf.descriptor import EnumDescriptor

from readygate.v1 import gate_pb2, gate_service_pb2
from readygate.v1.ruleset_pb2 import RulesetSelector
from readygate.v1.ruleset_service_pb2 import RulesetFile
from readygate.v1.waiver_pb2 import Waiver as WaiverMessage
from readygate_server.application.selection import Selection
from readygate_server.domain.errors import InvalidInputError, LimitExceededError
from readygate_server.domain.verdict import Waiver
from readygate_server.domain.vocabulary import Gate
from readygate_server.grpc_api.errors import InvalidRequestError

_REQUEST_ID: Final = re.compile(r"[\x21-\x7e]{1,128}")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")
_SHOWN: Final = 60
_LONGEST_PATH: Final = 255
_WAIVER_TEXTS: Final = (
    "id",
    "rule_id",
    "reason",
    "compensating_control",
    "requested_by",
    "approved_by",
    "starts_on",
    "ends_on",
)
_T = TypeVar("_T")
_FaultRow = tuple[str, str, str, str]


class EvaluationRequest(Protocol):
    """What Evaluate and Simulate have in common."""

    request_id: str
    gate: gate_pb2.Gate.ValueType
    as_of: str
    view: gate_service_pb2.View.ValueType


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks, checked. The gate is None when the proposal's own is meant."""

    gate: Gate | None
    as_of: str
    full: bool


class Faults:
    """Gathers the faults of a request, so that the caller learns of all of them at once."""

    def __init__(self) -> None:
        """Starts without any."""
        self._of_request: list[_FaultRow] = []
        self._of_proposal: list[_FaultRow] = []

    def add(self, path: str, message: str, *, got: str = "", expected: str = "") -> None:
        """Adds a fault of the request."""
        self._of_request.append((path, message, got[:_SHOWN], expected))

    def gather(self, read: Callable[[], _T]) -> _T | None:
        """Returns what was read, or None after keeping its faults."""
        try:
            return read()
        except InvalidInputError as error:
            kept = self._of_proposal if error.what == "proposal" else self._of_request
            kept.extend(error.faults)
            return None

    def report(self) -> None:
        """Raises the error that names every fault, if there is any."""
        if self._of_request:
            raise InvalidRequestError("request", tuple(sorted(self._of_request + self._of_proposal)))
        if self._of_proposal:
            raise InvalidInputError("proposal", tuple(sorted(self._of_proposal)))


def usable_request_id(stated: object) -> str:
    """Returns the stated id when it is well formed, else a new one."""
    return stated if isinstance(stated, str) and _REQUEST_ID.fullmatch(stated) else uuid.uuid4().hex


def read_asked(request: EvaluationRequest, has_gate: bool, today: str, faults: Faults) -> Asked:
    """Reads id, gate, day and view."""
    if request.request_id and not _REQUEST_ID.fullmatch(request.request_id):
        expected = "1 to 128 printable ASCII characters without spaces"
        faults.add("request_id", "the id is not well formed", got=request.request_id, expected=expected)
    check_enum("view", request.view, gate_service_pb2.View.DESCRIPTOR, faults)
    return Asked(
        read_gate(request.gate, has_gate=has_gate, faults=faults),
        read_day("as_of", request.as_of, today, faults),
        request.view != gate_service_pb2.VIEW_SUMMARY,
    )


def read_gate(number: gate_pb2.Gate.ValueType, *, has_gate: bool, faults: Faults) -> Gate | None:
    """Returns the gate, or None when it is left out."""
    if not has_gate:
        return None
    if number == gate_pb2.GATE_UNSPECIFIED:
        faults.add(
            "gate",
            "the gate must be named or left out",
            got="GATE_UNSPECIFIED",
            expected=_names(gate_pb2.Gate.DESCRIPTOR),
        )
        return None
    return Gate(number) if check_enum("gate", number, gate_pb2.Gate.DESCRIPTOR, faults) else None


def check_enum(path: str, number: int, enum: EnumDescriptor, faults: Faults) -> bool:
    """True for a number that the enumeration names."""
    if number in enum.values_by_number:
        return True
    faults.add(path, "the number has no name in this version", got=str(number), expected=_names(enum))
    return False


def read_day(path: str, text: str, today: str, faults: Faults) -> str:
    """Returns a day, YYYY-MM-DD, or today when it is left out."""
    if not text:
        return today
    if not is_day(text):
        faults.add(path, "the day does not exist or is written otherwise", got=text, expected="a day as YYYY-MM-DD")
        return today
    return text


def is_day(text: str) -> bool:
    """True for an existing day as YYYY-MM-DD."""
    if _DAY.fullmatch(text) is None:
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def read_selection(path: str, selector: RulesetSelector, faults: Faults) -> Selection:
    """Reads which ruleset is meant."""
    if selector.name and not _NAME.fullmatch(selector.name):
        faults.add(f"{path}.name", "the name is not well formed", got=selector.name, expected="operational-readiness")
    choice = selector.WhichOneof("choice")
    if choice is None:
        return Selection(selector.name)
    text: str = getattr(selector, choice)
    forms: dict[str, tuple[Callable[[str], object], str]] = {
        "version": (_NAME.fullmatch, "a version such as 2026.1.0"),
        "digest": (_DIGEST.fullmatch, "sha256: and 64 hexadecimal digits"),
        "channel": (_NAME.fullmatch, "a channel such as stable"),
        "in_force_on": (is_day, "a day as YYYY-MM-DD"),
    }
    fits, expected = forms[choice]
    if not fits(text):
        faults.add(f"{path}.{choice}", f"the {choice} is not well formed", got=text, expected=expected)
    return Selection(selector.name, **{choice: text})


def read_waivers(waivers: Sequence[WaiverMessage], text_limit: int, faults: Faults) -> tuple[Waiver, ...]:
    """Reads the waivers that a simulation assumes."""
    return tuple(
        waiver
        for index, message in enumerate(waivers)
        if (waiver := _waiver(f"waivers[{index}]", message, text_limit, faults)) is not None
    )


def _waiver(path: str, message: WaiverMessage, text_limit: int, faults: Faults) -> Waiver | None:
    sound = True
    for name in _WAIVER_TEXTS:
        text: str = getattr(message, name)
        if not text:
            faults.add(f"{path}.{name}", "the field is required", expected="text")
            sound = False
        check_length(f"{path}.{name}", text, text_limit)
    for name in ("starts_on", "ends_on"):
        text = getattr(message, name)
        if text and not is_day(text):
            message_text = "the day does not exist or is written otherwise"
            faults.add(f"{path}.{name}", message_text, got=text, expected="a day as YYYY-MM-DD")
            sound = False
    if message.requested_by and message.requested_by == message.approved_by:
        expected = "somebody other than who asked"
        faults.add(f"{path}.approved_by", "nobody approves for themselves", got=message.approved_by, expected=expected)
        sound = False
    if not sound:
        return None
    if message.ends_on < message.starts_on:
        faults.add(f"{path}.ends_on", "the waiver ends before it starts", got=message.ends_on, expected="a later day")
        return None
    return Waiver(
        id=message.id,
        rule_id=message.rule_id,
        subject=message.subject,
        requested_by=message.requested_by,
        approved_by=(message.approved_by,),
        starts_on=message.starts_on,
        ends_on=message.ends_on,
    )


def read_files(files: Sequence[RulesetFile], faults: Faults) -> Mapping[str, str]:
    """Returns the texts of ruleset files by their paths."""
    texts: dict[str, str] = {}
    for index, file in enumerate(files):
        place = f"files[{index}].path"
        path = PurePosixPath(file.path)
        relative = file.path == str(path) and not path.is_absolute() and ".." not in path.parts and path.parts
        if not relative or len(file.path) > _LONGEST_PATH or "\\" in file.path or "\0" in file.path:
            expected = "a path relative to the rules directory, such as data/DAT-03.yaml"
            faults.add(place, "the path is not well formed", got=file.path, expected=expected)
        elif file.path in texts:
            faults.add(place, "another file has the same path", got=file.path, expected="each path once")
        texts[file.path] = file.content
    return texts


def check_count(field: str, items: Sequence[object], limit: int) -> None:
    """Raises LimitExceededError for a list that is too long."""
    if len(items) > limit:
        raise LimitExceededError(field, limit, len(items))


def check_length(field: str, text: str, limit: int) -> None:
    """Raises LimitExceededError for a text that is too long."""
    if len(text) > limit:
        raise LimitExceededError(field, limit, len(text))


def _names(enum: EnumDescriptor) -> str:
    return ", ".join(value.name for value in enum.values if value.number)
