"""What others are told of: kinds of events, who wants which, and when a delivery is tried again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Final

PREFIX: Final = "dev.readygate."
FIRST_PAUSE: Final = 2.0
LONGEST_PAUSE: Final = 6 * 3600.0
LONGEST_WISH: Final = 24 * 3600.0
"""The most that is waited because a receiver asks for it."""
CERTIFICATE_NOTICE_SECONDS: Final = 7 * 86_400
"""How long before its end a certificate is said to be expiring."""
_DOUBLINGS: Final = 30


class NoticeType(StrEnum):
    """What happened. The version stands in the name: what is in the data of one never changes its meaning."""

    DECISION_RECORDED = "dev.readygate.decision.recorded.v1"
    DECISION_LAPSED = "dev.readygate.decision.lapsed.v1"
    DECISION_CHANGED = "dev.readygate.decision.changed.v1"
    CERTIFICATE_ISSUED = "dev.readygate.certificate.issued.v1"
    CERTIFICATE_EXPIRING = "dev.readygate.certificate.expiring.v1"
    CERTIFICATE_EXPIRED = "dev.readygate.certificate.expired.v1"
    WAIVER_REQUESTED = "dev.readygate.waiver.requested.v1"
    WAIVER_APPROVED = "dev.readygate.waiver.approved.v1"
    WAIVER_REVOKED = "dev.readygate.waiver.revoked.v1"
    WAIVER_EXPIRED = "dev.readygate.waiver.expired.v1"
    TEST = "dev.readygate.webhook.test.v1"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that happened, as receivers are told of it."""

    id: str
    """The same however often and to whomever it is told; without dots, which a signature puts behind it."""
    type: NoticeType
    subject: str
    """Id of the proposal that it is about."""
    at: int
    """When it happened, in microseconds since 1970."""
    data: tuple[tuple[str, str | int], ...]
    """Small, and without facts and names of people."""

    @property
    def verdict(self) -> str:
        """The verdict that it is about; empty when it is about none."""
        return str(dict(self.data).get("verdict", ""))


@dataclass(frozen=True, slots=True)
class Interest:
    """Which notices somebody wants. Patterns are as in file names; without verdicts any will do."""

    types: tuple[str, ...] = (f"{PREFIX}*",)
    proposals: tuple[str, ...] = ("*",)
    verdicts: tuple[str, ...] = ()

    def covers(self, kind: str, subject: str, verdict: str) -> bool:
        """True when such a notice is wanted; one that is about no verdict is not held back by verdicts."""
        return (
            any(fnmatchcase(kind, pattern) for pattern in self.types)
            and any(fnmatchcase(subject, pattern) for pattern in self.proposals)
            and (not self.verdicts or not verdict or verdict in self.verdicts)
        )


def pause_seconds(attempts: int, *, chance: float, wished: float = 0.0) -> float:
    """Returns how long to wait after so many failed attempts, with `chance` from 0 to 1.

    Anything up to a bound that doubles, so that many who failed together do not come back together; at least what the
    receiver asked for, as long as that is reasonable.
    """
    bound = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(attempts - 1, _DOUBLINGS))
    return max(chance * bound, min(max(wished, 0.0), LONGEST_WISH))
