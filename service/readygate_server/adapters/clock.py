"""The time. Nothing else in the service reads a clock to decide."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def today() -> str:
    """Returns today in UTC, YYYY-MM-DD."""
    return datetime.now(UTC).date().isoformat()


def seconds_now() -> int:
    """Returns the seconds since 1970 in UTC."""
    return int(time.time())
