"""What a certificate of a go says, for how long it may hold, and when none may be issued."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final, NamedTuple

from readygate_server.domain.errors import CertificateRefusedError
from readygate_server.domain.rule import RulesetIdentity
from readygate_server.domain.vocabulary import Gate, Tier, Verdict

LONGEST_DAYS: Final = 92
"""Days after the day of the decision beyond which no certificate holds, whatever a ruleset allows: rule OPS-08."""

CLOCK_SKEW_SECONDS: Final = 300
"""How far two clocks may be apart before a certificate counts as not yet valid, or as lapsed."""

MAX_AUDIENCE: Final = 255
_LAST_SECOND: Final = 86_399
_SECONDS_A_DAY: Final = 86_400
_MICROSECONDS: Final = 1_000_000


class Condition(NamedTuple):
    """What is still open under a go with conditions."""

    rule_id: str
    subject: str
    title: str
    due: Gate
    blocks_from: Gate | None
    """Gate at which it prevents a go unless it is met by then; None when no later gate asks for it."""


class WaiverTerm(NamedTuple):
    """A waiver in use: what it covers, its last day as YYYY-MM-DD, and whether it still counts."""

    id: str
    rule_id: str
    subject: str
    ends_on: str
    is_revoked: bool = False


class LogPlace(NamedTuple):
    """Where the decision is in the log."""

    origin: str
    leaf_index: int
    entry_digest: str


@dataclass(frozen=True, slots=True)
class CertifiedDecision:
    """The part of a recorded decision that a certificate speaks of. Digests are `sha256:` and hexadecimal digits."""

    id: str
    recorded_at: int
    """Microseconds since 1970 in UTC."""
    verdict: Verdict
    gate: Gate
    tier: Tier
    as_of: str
    valid_until: str
    conditions: tuple[Condition, ...]
    waived: tuple[tuple[str, str, str], ...]
    """Per waived finding: waiver, rule, subject."""
    proposal_id: str
    proposal_digest: str
    """Over the bytes of the proposal as they were submitted."""
    facts_digest: str
    ruleset: RulesetIdentity
    engine_version: str


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is signed. Times are seconds since 1970 in UTC."""

    decision: CertifiedDecision
    waivers: tuple[WaiverTerm, ...]
    audience: str
    issued_at: int
    not_before: int
    not_after: int
    log: LogPlace


def certificate_of(
    decision: CertifiedDecision,
    waivers: Iterable[WaiverTerm],
    *,
    audience: str,
    now: int,
    validity_days: int,
    log: LogPlace,
) -> Certificate:
    """Returns the certificate of a decision.

    It holds from now on, and not before the day that was judged; it lapses with the first of: what was asked for, the
    last day of the decision, the end of a waiver in use, and the longest time that any certificate holds.

    Args:
      decision: what was decided.
      waivers: waivers that the decision used, as they are now.
      audience: who the certificate is for.
      now: seconds since 1970.
      validity_days: days that were asked for; as long as possible when 0.
      log: where the decision is in the log.

    Raises:
      CertificateRefusedError: for anything but a go, and when it would have lapsed already.
    """
    if not decision.verdict.passes:
        raise CertificateRefusedError(f"the verdict is {decision.verdict}; only a go is certified")
    terms = _terms(decision, tuple(waivers))
    issued_at = max(now, -(-decision.recorded_at // _MICROSECONDS))  # a clock that was set back does not tell otherwise
    if not decision.valid_until:
        raise CertificateRefusedError("the decision does not say until when it holds")
    ends = [(_end_of(decision.valid_until), f"the decision holds until {decision.valid_until}")]
    ends += [(_end_of(term.ends_on), f"the waiver {term.id} ends on {term.ends_on}") for term in terms]
    ends.append(_longest(decision.as_of))
    if validity_days:
        ends.append((issued_at + validity_days * _SECONDS_A_DAY, f"{validity_days} days were asked for"))
    not_after, why = min(ends)
    not_before = max(issued_at, _start_of(decision.as_of))
    if not_after <= not_before:
        raise CertificateRefusedError(f"it would have lapsed: {why}; ask for a new verdict")
    return Certificate(decision, terms, audience, issued_at, not_before, not_after, log)


def audience_fault(audience: str) -> str:
    """Returns what is wrong with the name of an audience; empty when nothing is."""
    if not audience:
        return "it is missing"
    if len(audience) > MAX_AUDIENCE:
        return f"it has {len(audience)} characters, the limit is {MAX_AUDIENCE}"
    if not audience.isprintable() or audience != audience.strip():
        return "it has characters that do not print, or blanks around it"
    return ""


def period_fault(certificate_from: int, certificate_until: int, now: int) -> str:
    """Returns why a certificate does not hold at a moment; empty when it does, give or take the skew of clocks."""
    if now < certificate_from - CLOCK_SKEW_SECONDS:
        return "not yet valid"
    if now > certificate_until + CLOCK_SKEW_SECONDS:
        return "expired"
    return ""


def _terms(decision: CertifiedDecision, waivers: Sequence[WaiverTerm]) -> tuple[WaiverTerm, ...]:
    """Returns one term per waived finding; a waiver that nobody knows any more, or that was revoked, ends it."""
    known = {each.id: each for each in waivers}
    terms = []
    for waiver_id, rule_id, subject in decision.waived:
        waiver = known.get(waiver_id)
        if waiver is None:
            raise CertificateRefusedError(f"the waiver {waiver_id} is not on record, so that its end is not known")
        if waiver.is_revoked:
            raise CertificateRefusedError(f"the waiver {waiver_id} was revoked; ask for a new verdict")
        terms.append(WaiverTerm(waiver_id, rule_id, subject, waiver.ends_on))
    return tuple(terms)


def _longest(as_of: str) -> tuple[int, str]:
    day = date.fromordinal(min(date.fromisoformat(as_of).toordinal() + LONGEST_DAYS, date.max.toordinal())).isoformat()
    return _end_of(day), f"nothing holds for more than {LONGEST_DAYS} days after the day that was judged, {as_of}"


def _start_of(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())


def _end_of(day: str) -> int:
    return _start_of(day) + _LAST_SECOND
