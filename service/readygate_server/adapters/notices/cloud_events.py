"""Notices as CloudEvents 1.0 in JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Final

from readygate_server.domain.notices import Notice

CONTENT_TYPE: Final = "application/cloudevents+json"


def cloud_event(notice: Notice, *, source: str) -> bytes:
    """Returns an event in structured mode; the source is the name of the log."""
    event = {
        "specversion": "1.0",
        "id": notice.id,
        "source": source,
        "type": notice.type.value,
        "subject": notice.subject,
        "time": moment(notice.at),
        "datacontenttype": "application/json",
        "data": dict(notice.data),
    }
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def moment(microseconds: int) -> str:
    """Returns a moment as RFC 3339 writes it, in UTC."""
    seconds, rest = divmod(microseconds, 1_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:06d}Z"
