"""Error pages: what the error table says, in words, with a way out; never more than a caller over the wire gets."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Final, NamedTuple

from starlette.responses import Response

from readygate_server.domain import texts
from readygate_server.grpc_api.errors import Answer
from readygate_server.observability import logger
from readygate_server.web.app.visit import Visit

STATUS: Final[Mapping[str, int]] = {
    "INVALID_ARGUMENT": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "ABORTED": 409,
    "FAILED_PRECONDITION": 409,
    "RESOURCE_EXHAUSTED": 429,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
_SERVER_FAULT: Final = 500
_TITLES: Final[Mapping[str, str]] = {
    "NOT_FOUND": "Nothing is known under this address",
    "RULESET_NOT_FOUND": "There is no such ruleset",
    "UNAUTHENTICATED": "Sign in first",
    "PERMISSION_DENIED": "You may not see or do this",
    "QUOTA_EXCEEDED": "Too many calls",
    "OVERLOADED": "The server is busy",
    "NOT_READY": "The server is not ready",
    "RECORD_UNAVAILABLE": "The record is out of reach",
    "NOT_CONFIGURED": "This server is not set up for this",
    "ETAG_MISMATCH": "Somebody else was faster",
    "WAIVER_REFUSED": "The waiver is refused",
    "CERTIFICATE_REFUSED": "No certificate for this decision",
    "INVALID_TOKEN": "This page of the list is out of date",
    "DEADLINE_EXCEEDED": "It took too long",
}
_WAYS_OUT: Final[Mapping[str, str]] = {
    "NOT_FOUND": "Check the address. What you may not see is not found either.",
    "PERMISSION_DENIED": "Ask whoever keeps the identity file of this server for the role that is named above.",
    "QUOTA_EXCEEDED": "Wait, then load the page again.",
    "OVERLOADED": "Wait a moment, then load the page again.",
    "NOT_READY": "Load the page again in a few seconds.",
    "RECORD_UNAVAILABLE": "Nothing was decided or changed. Load the page again in a few seconds.",
    "INVALID_TOKEN": "Begin with the first page of the list.",
    "DEADLINE_EXCEEDED": "Load the page again.",
}


_REFUSED: Final = ("WAIVER_REFUSED", "CERTIFICATE_REFUSED")
"""What is refused stands in the title already; the metadata says why."""


class Fault(NamedTuple):
    """A fault of an input, with the field of the form that it is about, where there is one."""

    path: str
    message: str
    got: str = ""
    expected: str = ""
    field: str = ""


class Said(NamedTuple):
    """An error as a page shows it."""

    title: str
    message: str
    way_out: str = ""
    faults: tuple[Fault, ...] = ()
    request_id: str = ""
    reason: str = ""
    needs: str = ""


def status_of(answer: Answer) -> int:
    """Returns the status of HTTP for an error."""
    return STATUS.get(answer.code.name, _SERVER_FAULT)


def said_of(answer: Answer) -> Said:
    """Returns an error in words."""
    title = _TITLES.get(answer.reason) or _title_by_code(answer)
    return Said(
        title,
        sentence(answer.metadata.get("why", "") if answer.reason in _REFUSED else answer.message),
        _WAYS_OUT.get(answer.reason, ""),
        tuple(Fault(each.path, each.message, each.got, each.expected) for each in answer.faults),
        answer.metadata.get("request_id", "") if answer.reason == "UNEXPECTED" else "",
        answer.reason,
        answer.metadata.get("needs", ""),
    )


def error_page(visit: Visit, answer: Answer) -> Response:
    """Returns the page of an error of a call."""
    status = status_of(answer)
    response = visit.page("error.html", {"said": said_of(answer), "status": status}, status=status)
    if answer.retry_after_seconds is not None:
        response.headers["retry-after"] = str(max(1, round(answer.retry_after_seconds)))
    return response


def plain_error(visit: Visit, status: int, title: str, message: str, way_out: str = "") -> Response:
    """Returns the page of an error that no call has made."""
    return visit.page("error.html", {"said": Said(title, message, way_out), "status": status}, status=status)


def unforeseen(visit: Visit, error: Exception) -> Response:
    """Returns the page of what nobody foresaw: only the log says what it was."""
    request_id = uuid.uuid4().hex
    logger().error("unexpected", failed_request=request_id, page=visit.request.url.path, exc_info=error)
    said = Said("Something unforeseen happened", "The server's log has it under the request id.", request_id=request_id)
    return visit.page("error.html", {"said": said, "status": _SERVER_FAULT}, status=_SERVER_FAULT)


def sentence(text: str) -> str:
    """Returns a message of the error table as a sentence; a name that it begins with stays as it is written."""
    begins_with_word = text.partition(" ")[0].isalpha()
    return texts.sentence(text[:1].upper() + text[1:] if begins_with_word else text)


def _title_by_code(answer: Answer) -> str:
    if answer.code.name == "INVALID_ARGUMENT":
        return "This can not be read as it stands"
    return "Something unforeseen happened"
