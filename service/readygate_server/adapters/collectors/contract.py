"""What every collector has to keep, as a test that collectors of others run too. It needs no test framework.

    from readygate_server.adapters.collectors.contract import Case, assert_contract

    def test_contract() -> None:
        assert_contract("my_package.collector:COLLECTOR", [Case(Path("tests/data"), ("orders.wsdl",), Scope.API)])

Each case is collected in processes of its own, as `readygate collect` does: twice from copies in different folders,
with other hash seeds, zones, languages and dates of files, and then once from each of its files made empty, cut in half
and overwritten with noise.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from readygate_server.adapters.collectors.checks import result_problems
from readygate_server.adapters.collectors.foundation import foundation_text
from readygate_server.adapters.collectors.frames import Frame, encode
from readygate_server.adapters.collectors.limits import Limits
from readygate_server.adapters.collectors.port import HEAD, ArtefactError, Collector, OptionValue
from readygate_server.adapters.collectors.registry import Entry, load
from readygate_server.adapters.collectors.runner import Runner
from readygate_server.adapters.evidence_files.reader import read_evidence
from readygate_server.domain.collected import Collected, Subject
from readygate_server.domain.errors import GateError
from readygate_server.domain.faults import FaultsError
from readygate_server.domain.vocabulary import Scope

MOST: Final = 1 << 20
"""Bytes that a result may have as JSON."""
_NOISE: Final = bytes(range(255, -1, -1)) * 4
_ASSET: Final = "contract-asset"
_WORLDS: Final[tuple[Mapping[str, str], ...]] = (
    {"PYTHONHASHSEED": "1", "TZ": "Pacific/Kiritimati", "LC_ALL": "C"},
    {"PYTHONHASHSEED": "2", "TZ": "America/Los_Angeles", "LC_ALL": "C.UTF-8"},
)


class Case(NamedTuple):
    """Artefacts that a collector reads, in a folder that has nothing else."""

    folder: Path
    """Copied whole, so that it should be small."""
    artefacts: tuple[str, ...]
    """Names in the folder."""
    scope: Scope
    options: Mapping[str, OptionValue] = {}
    """Options; paths in them are relative to the folder."""
    states: tuple[str, ...] = ()
    """Facts that have to have a value."""
    secrets: tuple[str, ...] = ()
    """Texts in the artefacts, such as cell values and names of people, that must be nowhere in the result."""
    recognised: bool = True
    """False when the first artefact does not say what it is, so that `recognises` may return nothing."""


def assert_contract(reference: str, cases: Sequence[Case], *, limits: Limits = Limits()) -> None:  # noqa: B008
    """Raises AssertionError with all that a collector does not keep; `reference` is that of its entry point."""
    problems = list(contract_problems(reference, cases, limits=limits))
    if problems:
        raise AssertionError(f"{reference} does not keep the contract:\n" + "\n".join(f"  {each}" for each in problems))


def contract_problems(
    reference: str,
    cases: Sequence[Case],
    *,
    limits: Limits = Limits(),  # noqa: B008, a tuple of numbers
) -> Iterator[str]:
    """Yields what a collector does not keep."""
    module = reference.partition(":")[0]
    try:
        collector = _collector(reference)
    except (GateError, AttributeError) as error:
        yield f"{module} gives no collector: {error}"
        return
    entry = Entry(collector.name, reference, "under test", "")
    if not cases:
        yield "there is no case to hold it to"
    for case in cases:
        for problem in _case_problems(collector, entry, case, limits):
            yield f"{', '.join(case.artefacts)}: {problem}"


def _collector(reference: str) -> Collector:
    """Imports a collector, whatever name it has."""
    module, _, attribute = reference.partition(":")
    found: object = __import__(module, fromlist=["_"])
    for step in attribute.split("."):
        found = getattr(found, step)
    name = str(getattr(found, "name", ""))
    return load(Entry(name, reference, "under test", ""))


def _case_problems(collector: Collector, entry: Entry, case: Case, limits: Limits) -> Iterator[str]:
    yield from _recognition_problems(collector, case)
    with tempfile.TemporaryDirectory(prefix="collector-contract-") as scratch:
        runs = []
        for number, world in enumerate(_WORLDS):
            folder = Path(scratch, f"place-{number}")
            shutil.copytree(case.folder, folder)
            _date(folder, 1_000_000_000 + number)
            before = _digests(folder)
            try:
                found = _run(entry, case, folder, world, limits, absolute=False)
            except GateError as error:
                yield str(error)
                return
            runs.append(found)
            if _digests(folder) != before:
                yield "it changes the folder that it reads"
        yield from _result_problems(runs[0], entry, case)
        if encode(Frame(collected=runs[0])) != encode(Frame(collected=runs[1])):
            yield f"two runs differ: {_difference(*runs)}"
        yield from _absolute_problems(entry, case, Path(scratch, "place-0"), limits, runs[0])
        yield from _hostile_problems(entry, case, Path(scratch), limits)


def _recognition_problems(collector: Collector, case: Case) -> Iterator[str]:
    path = case.folder / case.artefacts[0]
    head = path.read_bytes()[:HEAD] if path.is_file() else b""
    for name, start in ((path, head), (path, b""), (path, _NOISE), (Path("x"), head), (Path("x"), head[:100])):
        try:
            seen = collector.recognises(name, start)
        except Exception as error:  # noqa: BLE001, that is what is looked for
            yield f"recognises raises {type(error).__name__}: {error}"
            continue
        if case.recognised and path.is_file() and start is head and name is path and seen is None:
            yield "it does not recognise the artefact"


def environment(world: Mapping[str, str]) -> dict[str, str]:
    """Returns an environment in which all can be imported that can be imported here, as a test framework set it up."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path), **world}


def _run(
    entry: Entry, case: Case, folder: Path, world: Mapping[str, str], limits: Limits, *, absolute: bool
) -> Collected:
    runner = Runner(limits, environment=environment(world), folder=folder)
    artefacts = [folder / name if absolute else Path(name) for name in case.artefacts]
    subject = Subject(case.scope, "" if case.scope is Scope.DEPLOYMENT else _ASSET)
    return runner.collect(entry, artefacts, subject, case.options)


def _result_problems(found: Collected, entry: Entry, case: Case) -> Iterator[str]:
    subject = Subject(case.scope, found.subject.id)
    yield from result_problems(found, entry.name, subject)
    text = encode(Frame(collected=found)).decode()
    if len(text) > MOST:
        yield f"the result has {len(text)} bytes, at most {MOST} are taken"
    yield from (f"the result holds {secret!r}" for secret in case.secrets if secret in text)
    stated = {fact.fact for fact in found.facts if fact.value is not None}
    yield from (f"{fact}: has no value" for fact in case.states if fact not in stated)
    for artefact in found.artefacts:
        real = case.folder / artefact.uri
        if not real.is_file():
            yield f"the artefact {artefact.uri!r} is not one of the case"
        elif artefact.digest.removeprefix("sha256:") != hashlib.sha256(real.read_bytes()).hexdigest():
            yield f"the digest of {artefact.uri!r} is not that of its bytes"
    try:
        read_evidence(foundation_text([found], collected_at=datetime(2000, 1, 1, tzinfo=UTC)), file="written")
    except FaultsError as error:
        yield f"what is written of it does not read back: {error}"


def _absolute_problems(entry: Entry, case: Case, folder: Path, limits: Limits, usual: Collected) -> Iterator[str]:
    """Yields what is other when artefacts are named with the folders of the machine."""
    try:
        found = _run(entry, case, folder, _WORLDS[0], limits, absolute=True)
    except GateError as error:
        yield f"named with its folders: {error}"
        return
    if str(folder) in encode(Frame(collected=found)).decode():
        yield "named with its folders, the result holds the path of a machine"
    if [fact.value for fact in found.facts] != [fact.value for fact in usual.facts]:
        yield "named with its folders, an artefact gives other values"


def _hostile_problems(entry: Entry, case: Case, scratch: Path, limits: Limits) -> Iterator[str]:
    """Yields what goes wrong with damaged artefacts: an error that says so is right, and so is a sound result."""
    for name in case.artefacts:
        if not (case.folder / name).is_file():
            continue
        whole = (case.folder / name).read_bytes()
        damaged = {"empty": b"", "cut in half": whole[: len(whole) // 2], "noise": _NOISE}
        for what, content in damaged.items():
            folder = scratch / "damaged"
            shutil.copytree(case.folder, folder)
            (folder / name).write_bytes(content)
            try:
                _run(entry, case, folder, _WORLDS[0], limits, absolute=False)
            except ArtefactError as error:
                if str(folder) in str(error) or any(secret in str(error) for secret in case.secrets):
                    yield f"{name} {what}: the error tells too much: {error}"
                if not str(error).strip():
                    yield f"{name} {what}: the error says nothing"
            except GateError as error:
                yield f"{name} {what}: {error}"
            shutil.rmtree(folder)


def _difference(one: Collected, other: Collected) -> str:
    for name in Collected._fields:
        if (left := getattr(one, name)) != (right := getattr(other, name)):
            pairs = zip(left, right, strict=False) if isinstance(left, tuple) else ()
            return next((f"{name}: {a!r} and {b!r}" for a, b in pairs if a != b), name)
    return "in their types"


def _digests(folder: Path) -> dict[str, str]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _date(folder: Path, moment: int) -> None:
    for path in folder.rglob("*"):
        os.utime(path, (moment, moment))
