"""How collectors are found: ours, those of others, and what happens with broken ones."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest
from tests.collectors.core.sample import LINES

from readygate_server.adapters.collectors.port import Option
from readygate_server.adapters.collectors.registry import (
    OURS,
    BrokenCollectorError,
    Entry,
    UnknownCollectorError,
    entry_of,
    load,
    load_all,
    registered,
    shape_problems,
)
from readygate_server.domain.vocabulary import Scope

SAMPLE = "tests.collectors.core.sample"
SOUND = Entry("lines", f"{SAMPLE}:LINES", "their-package", "2")
KINDS = ("bpmn", "dbt", "eventlog", "interfaces", "openapi", "ownership", "table")


def test_ours_are_registered() -> None:
    """The collectors that the documentation names are there, whatever else is installed."""
    assert [entry.name for entry in registered() if entry.package == OURS] == list(KINDS)


def test_names_are_listed_without_importing_a_collector() -> None:
    """What is registered is known before anything of it runs."""
    program = (
        "import sys; from readygate_server.adapters.collectors.registry import registered; registered(); "
        "print(*(name for name in sys.modules if name.startswith('readygate_server.adapters.collectors.')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert {name.rpartition(".")[2] for name in done.stdout.split()} == {"port", "registry"}


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (SOUND._replace(reference="no_such_module:X"), "ModuleNotFoundError: No module named 'no_such_module'"),
        (SOUND._replace(reference=f"{SAMPLE}:NO_SUCH"), "AttributeError"),
        (SOUND._replace(reference=f"{SAMPLE}:NOT_ONE"), "it has no version"),
        (SOUND._replace(name="rows"), "it calls itself 'lines'"),
        (SOUND._replace(reference="tests.collectors.core.leaves:X"), "SystemExit: 3"),
    ],
)
def test_a_broken_collector_is_told_and_does_not_break_others(entry: Entry, words: str) -> None:
    """Each is imported by itself; why one can not be used is said with its package."""
    sound = Entry("broken", f"{SAMPLE}:BROKEN", "other", "1")
    told = {each.entry: each for each in load_all([entry, sound])}

    assert words in told[entry].problem
    assert "their-package 2" in told[entry].problem
    assert sum(each.collector is not None for each in told.values()) == 1
    with pytest.raises(BrokenCollectorError):
        load(entry)


def test_ours_can_not_be_taken_over() -> None:
    """Who registers a name of ours is told that it is not used."""
    ours, theirs = SOUND._replace(package=OURS), SOUND._replace(package="aaa")
    told = {each.entry.package: each for each in load_all([ours, theirs])}

    assert told[OURS].collector is LINES
    assert "its own is used" in told["aaa"].problem


def test_two_strangers_with_one_name_are_both_refused() -> None:
    """Nobody has to guess which of two is meant."""
    entries = [SOUND, SOUND._replace(package="other")]

    assert all("uninstall all but one" in each.problem for each in load_all(entries))
    with pytest.raises(BrokenCollectorError, match=r"their-package .* other"):
        entry_of("lines", entries)


def test_a_name_that_is_not_there_gives_the_names_that_are() -> None:
    """A misspelt name is met with the likely one."""
    with pytest.raises(UnknownCollectorError, match="there are lines; did you mean lines"):
        entry_of("line", [SOUND])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "auto"}, "is taken"),
        ({"name": "Lines!"}, "lower-case"),
        ({"version": ""}, "no version"),
        ({"scope": "source"}, "its scope is none"),
        ({"scopes": ()}, "its scope is none"),
        ({"options": (Option("Key", ""),)}, "its option 'Key' is not lower-case"),
        ({"options": (Option("asset", ""),)}, "its option 'asset' is one of readygate's own"),
        ({"options": (Option("key", ""), Option("key", ""))}, "its option 'key' is there twice"),
    ],
)
def test_the_shape_of_a_collector_is_checked(changes: dict[str, object], words: str) -> None:
    """What would fail or mislead later is said when the collector is imported."""
    given = {name: getattr(LINES, name) for name in ("name", "version", "scope", "options", "recognises", "collect")}
    collector = SimpleNamespace(**{**given, **changes})

    assert words in " ".join(shape_problems(str(collector.name), collector))


def test_a_sound_collector_has_no_problems() -> None:
    """One scope or several, both are fine."""
    given = {name: getattr(LINES, name) for name in ("name", "version", "scope", "options", "recognises", "collect")}

    assert shape_problems("lines", LINES) == ()
    assert shape_problems("lines", SimpleNamespace(**given, scopes=(Scope.SOURCE, Scope.API))) == ()
