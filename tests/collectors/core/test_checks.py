"""What collectors promise of a result: each broken promise is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from tests.collectors.core.sample import measured

from readygate_server.adapters.collectors.checks import BrokenResultError, check_collected, folders_of, result_problems
from readygate_server.domain.collected import Artefact, Collected, Coverage, Measured, Status, Subject
from readygate_server.domain.vocabulary import Grade, Scope

CRM = Subject(Scope.SOURCE, "crm")
FILE = Artefact("data/crm.csv", f"sha256:{'0' * 64}", 10)
SOUND = Collected("lines", "1", CRM, (FILE,), (measured("source.completeness", 0.5),), ("a note",))


def problems(**changes: Any) -> str:
    """Returns what is wrong with a result."""
    return "; ".join(result_problems(SOUND._replace(**changes), "lines", CRM))


def of_fact(fact: Measured) -> str:
    """Returns what is wrong with a result with one fact."""
    return problems(facts=(fact,))


def test_a_sound_result_passes() -> None:
    """Nothing is said of a result that keeps the promises."""
    assert problems() == ""
    assert of_fact(measured("source.validity", None, "no type is declared")) == ""
    assert of_fact(measured("source.owner.person", "group:data/crm")) == ""
    assert of_fact(measured("source.uses", ("reference", "training"), as_of=datetime(2026, 1, 1, tzinfo=UTC))) == ""


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"collector": "rows"}, "of the collector 'rows'"),
        ({"subject": Subject(Scope.SOURCE, "erp")}, "is about source 'erp', asked was source 'crm'"),
        ({"subject": Subject(Scope.API, "crm")}, "is about api 'crm'"),
        ({"artefacts": ()}, "names no artefact"),
        ({"artefacts": (FILE,) * 10_001}, "at most 10000"),
        ({"artefacts": (FILE._replace(uri="/home/jane/crm.csv"),)}, "'crm.csv' is not named relative"),
        ({"artefacts": (FILE._replace(uri="C:\\data\\crm.csv"),)}, "is not named relative"),
        ({"artefacts": (FILE._replace(uri="postgresql://jane:pw@db/crm"),)}, "user info or a query"),
        ({"artefacts": (FILE._replace(uri="https://x.example/a?token=1"),)}, "user info or a query"),
        ({"artefacts": (FILE._replace(digest="md5:0"),)}, "is not sha256:"),
        ({"artefacts": (FILE._replace(size=-1),)}, "is negative"),
        ({"facts": SOUND.facts * 2}, "source.completeness: is there 2 times"),
        ({"notes": ("x",) * 101}, "101 notes"),
        ({"notes": ("bell \x07",)}, "control characters"),
        ({"notes": ("x" * 4_001,)}, "4001 characters"),
    ],
)
def test_a_result_that_breaks_a_promise_is_told(changes: dict[str, Any], words: str) -> None:
    """Origin, artefacts and notes are held to what is promised."""
    assert words in problems(**changes)


@pytest.mark.parametrize(
    ("fact", "words"),
    [
        (measured("source.completness", 0.5), "the catalogue has no such fact"),
        (measured("evidence.grade", "e2_measured"), "the catalogue has no such fact"),
        (measured("source.accuracy", 0.5), "has parts"),
        (measured("api.spec_valid", True), "is about a api, asked was a source"),
        (measured("source.completeness", 1.5), "the value is out of range"),
        (measured("source.completeness", True), "the value has the wrong type"),
        (measured("source.completeness", float("nan")), "finite"),
        (measured("source.authority", "the_best"), "the name is not known"),
        (measured("source.owner.person", "Jane Doe"), "names a person"),
        (measured("source.completeness", 0.5, "why?"), "is stated with a reason"),
        (measured("source.completeness", None, " "), "is not_stated without a reason"),
        (measured("source.completeness", None, "x" * 1_001), "a reason of 1001 characters"),
        (measured("source.completeness", 0.5, status=Status.NOT_STATED), "is not_stated with a value"),
        (measured("source.completeness", 0.5, grade=Grade.E3), "has the grade E3"),
        (measured("source.completeness", 0.5, grade=Grade.E0), "has the grade E0"),
        (measured("source.completeness", 0.5, method="by hand"), "has the method 'by hand'"),
        (measured("source.completeness", 0.5, parameters=(("b", ""), ("a", ""))), "not sorted"),
        (measured("source.completeness", 0.5, parameters=(("a", ""), ("a", ""))), "there twice"),
        (measured("source.completeness", 0.5, coverage=Coverage(-1, 0)), "negative coverage"),
        (measured("source.completeness", 0.5, coverage=Coverage(1, 1)), "skips without saying why"),
        (measured("source.completeness", 0.5, coverage=Coverage(1, 51, ("x",) * 51)), "51 reasons"),
        (measured("source.completeness", 0.5, as_of=datetime(2026, 1, 1)), "not in UTC"),  # noqa: DTZ001
        (measured("source.completeness", 0.5, as_of=datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1)))), "UTC"),
    ],
)
def test_a_fact_that_breaks_a_promise_is_told(fact: Measured, words: str) -> None:
    """Name, value, status and origin of each fact are held to what is promised."""
    assert words in of_fact(fact)


@pytest.mark.parametrize(
    "changes",
    [
        {"notes": ("read from /home/jane/crm.csv",)},
        {"artefacts": (FILE._replace(uri="file:/home/jane/crm.csv"),)},
        {"facts": (measured("source.entity", "/home/jane"),)},
        {"facts": (measured("source.validity", None, "/home/jane/x has no type"),)},
        {"facts": (measured("source.validity", 1.0, coverage=Coverage(1, 1, ("/home/jane/x",))),)},
    ],
)
def test_folders_of_the_machine_are_told_apart_from_other_paths(changes: dict[str, Any]) -> None:
    """What names a folder of this machine is refused; a path that only looks like one, as those of APIs do, is not."""
    found = SOUND._replace(**changes)

    assert "it names a folder of this machine" in [*result_problems(found, "lines", CRM, ("/home/jane",))]
    assert list(result_problems(found, "lines", CRM, ("/home/john",))) == []


def test_folders_that_no_result_may_name() -> None:
    """They are those of the user, of the work and of artefacts named with theirs; a single step is no such name."""
    here, given = Path("/srv/here"), [Path("/data/in/x.csv"), Path("y.csv"), Path("/app/z.csv")]

    assert {"/srv/here", "/data/in"} <= set(folders_of(given, here=here))
    assert "/app" not in folders_of(given, here=here)


def test_all_that_is_wrong_is_said_at_once() -> None:
    """Who maintains a collector need not find one fault after the other."""
    wrong = SOUND._replace(collector="rows", artefacts=(), facts=(measured("source.x", 1), measured("source.y", 1)))
    with pytest.raises(BrokenResultError) as caught:
        check_collected(wrong, "lines", CRM)

    assert len(caught.value.problems) == 4
