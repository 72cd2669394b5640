"""The option by which a person says what moment a file is of, where the file itself does not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from readygate_server.adapters.collectors.documents import shown
from readygate_server.adapters.collectors.port import ArtefactFault, Option, OptionError, Request

AS_OF: Final = Option(
    "as-of",
    "moment that the file describes, such as that of its release, as 2026-11-01 or 2026-11-01T09:30:00Z; left out, the "
    "facts have no age",
)


def moment_of(request: Request) -> datetime | None:
    """Returns the moment in UTC; None when none is given. A day is its first second, so that no fact looks younger.

    Raises:
      OptionError: when it is no moment.
    """
    said = request.text(AS_OF.name)
    if not said:
        return None
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        raise _refused(said) from None
    if moment.tzinfo is None and len(said) > len("2026-11-01"):
        raise _refused(said)
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise _refused(said) from None


def _refused(said: str) -> OptionError:
    return OptionError(
        ArtefactFault("--as-of", "this is no moment", got=shown(said), expected="2026-11-01 or 2026-11-01T09:30:00Z")
    )
