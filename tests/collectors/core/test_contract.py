"""The contract of collectors: ours keep it, and whoever does not is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.collectors.core.samples import SAMPLES

from readygate_server.adapters.collectors.contract import Case, assert_contract, contract_problems
from readygate_server.adapters.collectors.limits import Limits
from readygate_server.adapters.collectors.registry import OURS, entry_of, registered
from readygate_server.adapters.collectors.runner import Runner
from readygate_server.adapters.fact_catalogue import fact_catalogue
from readygate_server.domain.collected import Subject
from readygate_server.domain.vocabulary import Scope

SAMPLE = "tests.collectors.core.sample"


def case(folder: Path, way: str = "crm", **changes: object) -> Case:
    """Returns a case whose first line names a way to go wrong."""
    folder.mkdir(exist_ok=True)
    (folder / "crm.lines").write_text(f"lines of {way}\na\n\nsecret\n")
    return Case(folder, ("crm.lines",), Scope.SOURCE, secrets=("secret",))._replace(**changes)  # type: ignore[arg-type]


def test_every_collector_of_ours_has_a_sample() -> None:
    """None is left out of what all have to keep."""
    assert {entry.name for entry in registered() if entry.package == OURS} == set(SAMPLES)


@pytest.mark.parametrize("name", SAMPLES)
def test_ours_keep_the_contract(name: str, tmp_path: Path) -> None:
    """Each gives the same everywhere, nothing that it must not, and a clear error for what it can not read."""
    assert_contract(entry_of(name).reference, [SAMPLES[name].in_folder(tmp_path)])


def test_a_sound_collector_keeps_the_contract(tmp_path: Path) -> None:
    """The contract finds nothing where there is nothing."""
    assert_contract(f"{SAMPLE}:LINES", [case(tmp_path / "case", states=("source.completeness",))])


@pytest.mark.parametrize(
    ("way", "words"),
    [
        ("raises", "ValueError at sample.py"),
        ("connects_silently", "tried to reach the network"),
        ("of_the_machine", "it names a folder of this machine"),
        ("at_random", "two runs differ: notes"),
        ("by_the_clock", "two runs differ: facts"),
        ("quotes", "the result holds 'a'"),
        ("wrong_digest", "is not that of its bytes"),
        ("touches", "it changes the folder that it reads"),
        ("nothing", "its result is none"),
    ],
)
def test_what_breaks_the_contract_is_told(way: str, words: str, tmp_path: Path) -> None:
    """Each way to break it is found."""
    broken = case(tmp_path / "case", way, secrets=("a",) if way == "quotes" else ("secret",))
    problems = "; ".join(contract_problems(f"{SAMPLE}:BROKEN", [broken], limits=Limits(wall_seconds=20)))

    assert words in problems


def test_a_fact_that_has_to_be_stated_is_missed(tmp_path: Path) -> None:
    """A case can say which facts it has to give."""
    asked = case(tmp_path / "case", states=("source.uniqueness",))

    assert list(contract_problems(f"{SAMPLE}:LINES", [asked])) == ["crm.lines: source.uniqueness: has no value"]


def test_a_look_that_raises_is_told(tmp_path: Path) -> None:
    """Looking at any file raises nothing."""
    problems = list(contract_problems(f"{SAMPLE}:CURIOUS", [case(tmp_path / "case")]))

    assert any("recognises raises KeyError" in problem for problem in problems)


def test_what_is_no_collector_is_told(tmp_path: Path) -> None:
    """So is one that has nothing to show."""
    assert "it has no version" in next(iter(contract_problems(f"{SAMPLE}:NOT_ONE", [case(tmp_path / "case")])))
    assert list(contract_problems(f"{SAMPLE}:LINES", [])) == ["there is no case to hold it to"]


def test_all_problems_are_in_the_error(tmp_path: Path) -> None:
    """Who runs the contract in a test sees all of them."""
    with pytest.raises(AssertionError, match=r"does not keep the contract:\n  crm\.lines: "):
        assert_contract(f"{SAMPLE}:LINES", [case(tmp_path / "case", states=("source.uniqueness",))])


@pytest.mark.parametrize("name", SAMPLES)
def test_the_catalogue_names_the_collectors_of_each_fact(name: str, tmp_path: Path) -> None:
    """A work item sends people to the collectors that the catalogue names: whoever gives a value is among them."""
    sample = SAMPLES[name].in_folder(tmp_path)
    subject = Subject(sample.scope, "asset")
    found = Runner(folder=tmp_path).collect(entry_of(name), list(map(Path, sample.artefacts)), subject, sample.options)

    given = [fact.fact for fact in found.facts if fact.value is not None]
    assert [fact for fact in given if name not in fact_catalogue()[fact].collectors] == []
