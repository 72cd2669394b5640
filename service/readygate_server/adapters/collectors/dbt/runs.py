"""Runs of dbt, from `run_results.json`: what became of the tests that a project defines.

`dbt docs generate` and `dbt compile` write the same file and call every test a `success`. A test that ran has passed,
failed, warned or erred; only those words count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from readygate_server.adapters.collectors.dbt.checks import Check, Outcome, Results, Run
from readygate_server.adapters.collectors.dbt.manifest import Project, Test, summary_of
from readygate_server.adapters.collectors.dbt.reading import Json, count, items, mapping, moment, text

_OUTCOMES: Final = {
    "pass": Outcome.PASSED,
    "fail": Outcome.FAILED,
    "warn": Outcome.WARNED,
    "error": Outcome.ERRORED,
    "runtime error": Outcome.ERRORED,
    "skipped": Outcome.SKIPPED,
}
_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_TESTING: Final = ("test", "build", "retry", "")
"""Commands of dbt that run tests; the first files did not say which command wrote them."""


def dbt_results(manifest: Json | None, project: Project | None, runs: Iterable[Json]) -> Results:
    """Reads runs and holds them against the project; a run that is given twice counts once."""
    files = tuple(runs)
    found = {run.id or str(place): (run, file) for place, (run, file) in enumerate(_read(files, project))}
    ordered = sorted(found.values(), key=lambda each: (each[0].at or _NEVER, each[0].id))
    artefacts = tuple(each.artefact for each in ((manifest,) if manifest else ()) + files)
    notes = tuple(_notes(project, ordered))
    fault = _fault(project, ordered[-1] if ordered else None)
    kept = tuple(run for run, _ in ordered)
    return Results("dbt", artefacts, kept, len(project.tests) if project else None, notes, fault)


def _read(files: tuple[Json, ...], project: Project | None) -> Iterable[tuple[Run, Json]]:
    tests = {each.id: each for each in project.tests} if project else {}
    ids = project.ids if project else frozenset()
    for file in files:
        metadata = mapping(file.data.get("metadata"))
        checks, strangers = [], 0
        testing = text(mapping(file.data.get("args")).get("which")) in _TESTING
        for result in items(file.data.get("results")):
            id_ = text(result.get("unique_id"))
            if id_ in tests:
                checks.append(_check(tests[id_], result, testing=testing))
            elif id_ not in ids:
                strangers += 1
        at = moment(metadata.get("generated_at"))
        yield Run(text(metadata.get("invocation_id")), at, tuple(checks), strangers), file


def _check(test: Test, result: Mapping[str, object], *, testing: bool) -> Check:
    outcome = _OUTCOMES.get(text(result.get("status")).lower(), Outcome.NOT_RUN) if testing else Outcome.NOT_RUN
    failing = count(result.get("failures"))
    if failing is None and outcome is Outcome.PASSED and not test.part:
        failing = 0
    return Check(test.id, test.asks, test.node, test.columns, outcome, failing, None, test.part)


def _fault(project: Project | None, newest: tuple[Run, Json] | None) -> str:
    """Returns why the newest run says nothing about the data of the project."""
    if project is None:
        return "without manifest.json nobody knows which tests are the project's own"
    if not project.tests:
        return "no test is defined"
    if newest is None:
        return f"{len(project.tests)} tests are defined, and no run_results.json says what became of them"
    run, file = newest
    which = text(mapping(file.data.get("args")).get("which"))
    if not run.id or run.id != project.invocation:
        return (
            "manifest and newest run are of different invocations of dbt"
            f" ({run.strangers} results belong to nothing that the manifest knows); give the two that one run wrote"
        )
    if not any(check.outcome.ran for check in run.checks):
        command = f"dbt {which}" if which.isascii() and which.isalpha() else "the last command"
        return (
            f"0 of {len(project.tests)} tests were run: {command} wrote the results, and it ran none;"
            " run dbt test or dbt build, and keep its run_results.json"
        )
    return ""


def _notes(project: Project | None, runs: list[tuple[Run, Json]]) -> Iterable[str]:
    if project is not None:
        each = summary_of(project)
        yield (
            f"models {each.models}: {each.with_test} with a test, {each.with_key_test} with a key that is tested for"
            f" unique and not null, {each.described} described, {each.contracts} with an enforced contract,"
            f" {each.owned} with an owner"
        )
        yield f"columns declared {each.columns}, described {each.columns_described}"
        yield (
            f"sources {each.sources}: {each.sources_with_freshness} say how old they may be,"
            f" {each.sources_with_test} with a test"
        )
        yield f"tests defined {len(project.tests)}, of packages {project.foreign}, disabled nodes {project.disabled}"
    for run, file in runs[-1:]:
        failing = sum(check.failing or 0 for check in run.checks if check.outcome.ran)
        ran = sum(check.outcome.ran for check in run.checks)
        errors = sum(
            text(result.get("status")) in ("error", "runtime error")
            for result in items(file.data.get("results"))
            if text(result.get("unique_id")).startswith("model.")
        )
        yield (
            f"newest run: {ran} tests ran, {len(run.checks) - ran} did not, {failing} rows broke a test,"
            f" {errors} models failed, {run.strangers} results of nothing that the manifest knows"
        )
