"""Collectors in processes of their own: what they give, and how each way to go wrong is told."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.collectors.core.sample import LINES

from readygate_server.adapters.collectors.checks import BrokenResultError
from readygate_server.adapters.collectors.contract import environment
from readygate_server.adapters.collectors.limits import Limits
from readygate_server.adapters.collectors.port import ArtefactError, Request
from readygate_server.adapters.collectors.registry import Entry
from readygate_server.adapters.collectors.runner import CollectorDiedError, CollectorLimitError, Runner
from readygate_server.domain.collected import Collected, Subject
from readygate_server.domain.errors import GateError
from readygate_server.domain.vocabulary import Scope

SAMPLE = "tests.collectors.core.sample"
CRM = Subject(Scope.SOURCE, "crm", "Customers")
SMALL = Limits(cpu_seconds=1, memory_mib=300, wall_seconds=20, file_mib=4)
on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limit is one of Linux")


def entry(name: str = "broken") -> Entry:
    """Returns a collector of the tests."""
    return Entry(name, f"{SAMPLE}:{name.upper()}", "tests", "1")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Returns the path of an artefact that is not yet written."""
    return tmp_path / "crm.lines"


def run(file: Path, way: str = "crm", *, name: str = "broken", limits: Limits = SMALL) -> Collected:
    """Collects from a file whose first line names the way to go wrong."""
    file.write_text(f"lines of {way}\na\n\nsecret\n")
    return Runner(limits, environment=environment({}), folder=file.parent).collect(
        entry(name), [Path(file.name)], CRM, {"strict": True, "column": ("b", "a")}
    )


def failure(file: Path, way: str, *, limits: Limits = SMALL) -> GateError:
    """Returns the error of one way to go wrong."""
    with pytest.raises(GateError) as caught:
        run(file, way, limits=limits)
    return caught.value


def test_what_a_process_gives_is_what_the_collector_gives(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is lost or changed on the way between the processes, types included."""
    found = run(file, name="lines")
    monkeypatch.chdir(file.parent)

    here = LINES.collect(Request((Path(file.name),), CRM, {"column": ("b", "a"), "strict": True}))

    assert found == here
    assert type(found.facts[0].value) is type(here.facts[0].value) is float
    assert [type(fact.grade) for fact in found.facts] == [type(fact.grade) for fact in here.facts]


def test_progress_arrives(file: Path) -> None:
    """What a collector says of its progress is passed on."""
    told: list[tuple[str, int, int]] = []
    file.write_text("lines of crm\na\n\n")
    runner = Runner(SMALL, progress=lambda *words: told.append(words), environment=environment({}), folder=file.parent)

    runner.collect(entry("lines"), [Path(file.name)], CRM)

    assert told == [("counting", 3, 3)]


def test_faults_of_artefacts_arrive_as_they_are(file: Path) -> None:
    """An error of an artefact keeps its place and its way out."""
    file.write_text("something else")
    with pytest.raises(ArtefactError) as caught:
        Runner(SMALL, environment=environment({}), folder=file.parent).collect(entry("lines"), [Path(file.name)], CRM)

    assert str(caught.value) == "crm.lines: this is no file of lines; take another"


@pytest.mark.parametrize("way", ["prints", "leaves_a_thread"])
def test_noise_does_no_harm(file: Path, way: str) -> None:
    """What a library prints is no answer, and a thread that goes on keeps nobody waiting."""
    started = time.monotonic()

    assert run(file, way).facts[0].value == pytest.approx(2 / 4)
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    ("way", "words"),
    [
        ("raises", "ValueError at sample.py"),
        ("exits", "SystemExit at sample.py"),
        ("vanishes", "without an answer (exit code 7)"),
        ("crashes", "died (SIGSEGV)"),
        ("nothing", "its result is none"),
        ("connects", "tried to reach the network (socket.getaddrinfo)"),
        ("connects_silently", "tried to reach the network (socket.getaddrinfo)"),
        ("starts", "FencedError at"),
        ("huge", "more than 8 MiB"),
    ],
)
def test_a_collector_that_dies_is_told_clearly(file: Path, way: str, words: str) -> None:
    """However a collector ends, the error names it and how it ended, and nothing that the artefact holds."""
    error = failure(file, way, limits=Limits(wall_seconds=20))

    assert isinstance(error, CollectorDiedError)
    assert "collector broken" in str(error)
    assert words in str(error)
    assert "secret" not in str(error)


@on_linux
@pytest.mark.parametrize(("way", "limit"), [("spins", "max-cpu"), ("swells", "max-memory")])
def test_limits_are_enforced(file: Path, way: str, limit: str) -> None:
    """A collector that takes too much is stopped; the error says which limit it was and how to raise it."""
    error = failure(file, way)

    assert isinstance(error, CollectorLimitError)
    assert error.limit == limit
    assert f"raise the limit with --{limit}" in str(error)


@on_linux
def test_files_do_not_fill_the_disk(file: Path) -> None:
    """A collector that writes without end is stopped, however it takes the refusal."""
    error = failure(file, "writes")

    assert isinstance(error, CollectorDiedError)
    assert "OSError" in str(error) or "4 MiB to disk" in str(error)


def test_a_collector_that_hangs_is_stopped(file: Path) -> None:
    """Time by the clock is limited everywhere; the error says how to raise it."""
    started = time.monotonic()
    error = failure(file, "hangs", limits=Limits(wall_seconds=1))

    assert isinstance(error, CollectorLimitError)
    assert str(error) == (
        "the collector broken took more than its limit of 1 seconds of time by the clock and was stopped; "
        "raise the limit with --max-time, or give it less to read"
    )
    assert time.monotonic() - started < 10


def test_a_result_that_breaks_the_promises_is_not_used(file: Path) -> None:
    """A path of the machine in a note is enough."""
    error = failure(file, "of_the_machine")

    assert isinstance(error, BrokenResultError)
    assert "names a folder of this machine" in str(error)


def test_a_folder_lends_no_modules(file: Path) -> None:
    """A file beside an artefact that is called like a module of ours is never run."""
    for name in ("msgspec.py", "readygate_server.py", "json.py", "yaml.py"):
        (file.parent / name).write_text("raise SystemExit('taken in')")

    assert run(file, name="lines").facts[0].value is not None


@on_linux
def test_a_process_has_a_network_with_nothing_in_it() -> None:
    """Where the system lets it, a library's own code reaches nothing either."""
    program = (
        "from readygate_server.adapters.collectors.fences import own_network\n"
        "print(own_network(), *(line.split(':')[0].strip() for line in open('/proc/net/dev').readlines()[2:]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    isolated, *interfaces = done.stdout.split()
    if isolated == "False":
        pytest.skip("the system gives a process no network of its own")

    assert set(interfaces) <= {"lo", "sit0", "tunl0", "ip6tnl0"}
