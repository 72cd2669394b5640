"""Which decisions are certified, and for how long."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readygate_server.domain.certificate import (
    CLOCK_SKEW_SECONDS,
    LONGEST_DAYS,
    Certificate,
    CertifiedDecision,
    LogPlace,
    WaiverTerm,
    audience_fault,
    certificate_of,
    period_fault,
)
from readygate_server.domain.errors import CertificateRefusedError
from readygate_server.domain.rule import RulesetIdentity
from readygate_server.domain.vocabulary import Gate, Tier, Verdict

DAY = 86_400
PLACE = LogPlace("gate.example.org/records", 7, "sha256:entry")


def moment(text: str) -> int:
    """Returns the seconds since 1970 of a moment in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


NOON = moment("2026-11-01T12:00:00")
DECISION = CertifiedDecision(
    id="0" * 32,
    recorded_at=(NOON - 60) * 1_000_000,
    verdict=Verdict.GO,
    gate=Gate.PRODUCTION,
    tier=Tier.T3,
    as_of="2026-11-01",
    valid_until="2026-12-24",
    conditions=(),
    waived=(),
    proposal_id="refund-agent",
    proposal_digest="sha256:bytes",
    facts_digest="sha256:facts",
    ruleset=RulesetIdentity("ours", "2026.1.0", "sha256:rules", "stable", "2026-01-01", "", "Ours."),
    engine_version="1",
)
WAIVED = replace(DECISION, verdict=Verdict.GO_WITH_CONDITIONS, waived=(("w1", "DAT-03", "crm"),))


def certify(decision: CertifiedDecision = DECISION, *waivers: WaiverTerm, **other: Any) -> Certificate:
    """Returns the certificate of a decision, issued an instant after it was recorded."""
    asked: dict[str, Any] = {"audience": "bank", "now": NOON, "validity_days": 0, "log": PLACE, **other}
    return certificate_of(decision, waivers, **asked)


@pytest.mark.parametrize("verdict", [Verdict.NO_GO, Verdict.UNDETERMINED])
def test_only_a_go_is_certified(verdict: Verdict) -> None:
    """A no and an undetermined are refused; the same decision as a go is certified."""
    assert certify(replace(DECISION, verdict=Verdict.GO_WITH_CONDITIONS)).not_after
    with pytest.raises(CertificateRefusedError, match=f"the verdict is {verdict}"):
        certify(replace(DECISION, verdict=verdict))


def test_it_holds_to_the_end_of_the_decisions_last_day() -> None:
    """When nothing ends earlier, a certificate holds to the last second in UTC of the decision's last day."""
    assert certify().not_after == moment("2026-12-24T23:59:59")
    assert certify().not_before == NOON


def test_it_holds_no_longer_than_was_asked_for() -> None:
    """Days that are asked for count from the moment of issuing, and can not make it hold longer."""
    assert certify(validity_days=3).not_after == NOON + 3 * DAY
    assert certify(validity_days=92).not_after == certify().not_after


def test_it_ends_with_the_earliest_waiver() -> None:
    """A certificate that rests on waivers holds to the end of the last day of the first of them that ends."""
    two = replace(WAIVED, waived=(("w1", "DAT-03", "crm"), ("w2", "DAT-05", "")))
    terms = WaiverTerm("w1", "DAT-03", "crm", "2026-11-20"), WaiverTerm("w2", "DAT-05", "", "2026-11-10")

    assert certify(two, *terms).not_after == moment("2026-11-10T23:59:59")
    assert certify(two, *terms).waivers == terms


def test_nothing_holds_longer_than_92_days_after_the_day_that_was_judged() -> None:
    """A ruleset that lets verdicts hold for a year does not make a certificate hold for more than 92 days."""
    assert LONGEST_DAYS == 92
    assert certify(replace(DECISION, valid_until="2027-10-31")).not_after == moment("2027-02-01T23:59:59")
    assert certify(replace(DECISION, as_of="2026-10-01", valid_until="2027-10-31")).not_after == moment(
        "2027-01-01T23:59:59"
    )


def test_a_revoked_waiver_ends_it() -> None:
    """A decision whose waiver was revoked since is refused; with the waiver in force it is certified."""
    term = WaiverTerm("w1", "DAT-03", "crm", "2026-11-20")

    assert certify(WAIVED, term).not_after
    with pytest.raises(CertificateRefusedError, match="the waiver w1 was revoked"):
        certify(WAIVED, term._replace(is_revoked=True))


def test_a_waiver_that_is_not_on_record_is_refused() -> None:
    """When nobody knows how long a waiver in use holds, nothing is certified."""
    with pytest.raises(CertificateRefusedError, match="w1 is not on record"):
        certify(WAIVED)


def test_a_lapsed_decision_is_refused() -> None:
    """The second after the last day of the decision, of a waiver, or of the longest time is too late, and says why."""
    last = moment("2026-12-24T23:59:59")

    assert certify(now=last - 1).not_after == last
    with pytest.raises(CertificateRefusedError, match="the decision holds until 2026-12-24; ask for a new verdict"):
        certify(now=last)
    with pytest.raises(CertificateRefusedError, match="the waiver w1 ends on 2026-11-02"):
        certify(WAIVED, WaiverTerm("w1", "DAT-03", "crm", "2026-11-02"), now=NOON + 2 * DAY)
    with pytest.raises(CertificateRefusedError, match="more than 92 days"):
        certify(replace(DECISION, as_of="2026-06-01"))


def test_a_decision_about_a_later_day_holds_from_that_day() -> None:
    """What was judged for a day to come is not valid before that day."""
    ahead = replace(DECISION, as_of="2026-11-05")

    assert certify(ahead).not_before == moment("2026-11-05T00:00:00")
    with pytest.raises(CertificateRefusedError, match="2 days were asked for"):
        certify(ahead, validity_days=2)


def test_a_clock_that_was_set_back_does_not_issue_before_the_decision() -> None:
    """The moment of issuing is never before that of recording."""
    assert certify(now=NOON - 10 * DAY).issued_at == NOON - 60


def test_a_decision_without_a_last_day_is_refused() -> None:
    """A go that does not say until when it holds is not certified."""
    with pytest.raises(CertificateRefusedError, match="until when"):
        certify(replace(DECISION, valid_until=""))


@given(
    days=st.integers(0, 92),
    valid=st.dates(date(2026, 11, 1), date(2027, 12, 31)),
    ends=st.dates(date(2026, 11, 1), date(2027, 12, 31)),
    now=st.integers(NOON - DAY, NOON + 200 * DAY),
)
def test_no_certificate_outlives_what_it_rests_on(days: int, valid: Any, ends: Any, now: int) -> None:
    """Whatever is asked and whenever: it holds within all limits, and for some time, or is refused."""
    decision = replace(WAIVED, valid_until=valid.isoformat())
    try:
        made = certify(decision, WaiverTerm("w1", "DAT-03", "crm", ends.isoformat()), now=now, validity_days=days)
    except CertificateRefusedError:
        last = min(moment(f"{each.isoformat()}T23:59:59") for each in (valid, ends))
        assert now >= min(last, moment("2027-02-01T23:59:59"))
        return
    assert made.not_before < made.not_after
    assert made.not_after <= moment(f"{valid.isoformat()}T23:59:59")
    assert made.not_after <= moment(f"{ends.isoformat()}T23:59:59")
    assert made.not_after <= moment("2027-02-01T23:59:59")
    assert not days or made.not_after <= made.issued_at + days * DAY


def test_a_period_has_room_for_clocks_that_differ() -> None:
    """Five minutes before and after count as within; a second more does not."""
    assert CLOCK_SKEW_SECONDS == 300
    assert [period_fault(1000, 2000, at) for at in (699, 700, 2300, 2301)] == ["not yet valid", "", "", "expired"]


@pytest.mark.parametrize("name", ["", " bank", "bank\n", "b\u200b\x00", "x" * 256])
def test_an_audience_is_a_name_that_can_be_read(name: str) -> None:
    """A name that is missing, too long, padded or not printable is refused; an ordinary one is not."""
    assert audience_fault(name)
    assert not audience_fault("procurement.bank.example")
