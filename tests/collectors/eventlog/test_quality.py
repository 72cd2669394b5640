"""How good a log is, and whether the work in it moved, are facts of their own."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.collectors.eventlog.logs import CASES, DRIFT, USABLE, Event, at, cases, collected, fact, write_csv, write_xes
from tests.collectors.inputs import artefact

from readygate_server.domain.collected import Status


@pytest.mark.parametrize(
    ("odd", "share", "others"),
    [
        ([], 1.0, Status.STATED),
        ([Event("c1", "a", "")], 40 / 41, Status.STATED),
        ([Event("c1", "a", "1970-01-01T00:00:00Z")], 40 / 41, Status.STATED),
        ([Event("c1", "", at(1))] * 10, 0.8, Status.NOT_EVALUABLE),
    ],
    ids=["whole", "without a moment", "placeholder", "too many"],
)
def test_events_that_can_be_used_are_told_also_of_a_bad_log(
    tmp_path: Path, odd: list[Event], share: float, others: Status
) -> None:
    """Of a log with too many gaps every other fact is refused, and this one says why."""
    found = collected(write_csv(tmp_path / "log.csv", [*cases(*["ab"] * 20), *odd]))
    assert fact(found, USABLE).value == pytest.approx(share, abs=1e-6)
    assert fact(found, CASES).status is others


def test_a_log_without_events_has_no_share(tmp_path: Path) -> None:
    """None of none is not all, and not none."""
    found = collected(write_xes(tmp_path / "log.xes", []))
    assert fact(found, USABLE).status is Status.NOT_EVALUABLE


def test_work_that_moved_is_further_apart_than_chance(tmp_path: Path) -> None:
    """Where half of the log goes another way the number is above 0; where both ways are mixed throughout it is not."""
    moved = collected(write_csv(tmp_path / "moved.csv", cases(*["abcd"] * 100, *["acbd"] * 100)))
    mixed = collected(write_csv(tmp_path / "mixed.csv", cases(*["abcd", "acbd"] * 100)))
    apart, near = fact(moved, DRIFT).value, fact(mixed, DRIFT).value
    assert isinstance(apart, float)
    assert isinstance(near, float)
    assert apart > 0.1 > 0 >= near


@pytest.mark.parametrize("count", [39, 40])
def test_few_cases_do_not_tell_whether_work_moved(tmp_path: Path, count: int) -> None:
    """Below 40 cases it can not be evaluated."""
    shapes = [["ab", "ba"][place % 2] for place in range(count)]
    found = fact(collected(write_csv(tmp_path / "log.csv", cases(*shapes))), DRIFT)
    assert found.status is (Status.STATED if count == 40 else Status.NOT_EVALUABLE)
    assert dict(found.parameters)["splits"] == "20"


@pytest.mark.parametrize(
    ("name", "moved"),
    [
        ("receipt.csv", True),
        ("bpic2012.xes.gz", True),
        ("helpdesk.xes.gz", True),
        ("reviewing.xes", False),
        ("running-example.xes", None),
        ("02_teleclaims.xes.gz", None),
        ("13_SEPSIS_1t_per_variant.xes.gz", None),
    ],
)
def test_published_logs_moved_or_not(name: str, moved: bool | None) -> None:
    """As another program found with other dice; of six cases, placeholder dates and one case per variant, no word."""
    given = artefact("eventlog", name)
    found = fact(collected(given.path), DRIFT)
    if moved is None:
        assert found.status is Status.NOT_EVALUABLE
        return
    assert isinstance(found.value, float)
    assert (found.value > 0) is moved
    assert (given.second_opinion["drift_jsd_q1q4"] > 1.5 * given.second_opinion["drift_null"]) is moved
