"""The collector of what test tools leave behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from readygate_server.adapters.collectors.dbt.checks import Results
from readygate_server.adapters.collectors.dbt.facts import check_facts, lag_fact
from readygate_server.adapters.collectors.dbt.freshness import freshness_of
from readygate_server.adapters.collectors.dbt.manifest import Project, read_project
from readygate_server.adapters.collectors.dbt.reading import Json, read_json
from readygate_server.adapters.collectors.dbt.reports import contract_results, expectation_results
from readygate_server.adapters.collectors.dbt.runs import dbt_results
from readygate_server.adapters.collectors.port import ArtefactError, ArtefactFault, Option, Recognition, Request
from readygate_server.domain.collected import Collected, Measured
from readygate_server.domain.vocabulary import Scope

_TITLES: Final = {
    "manifest": "dbt manifest",
    "run-results": "dbt run results",
    "sources": "dbt source freshness",
    "expectations": "Great Expectations results",
    "datacontract": "datacontract-cli results",
}
_DBT: Final = ("manifest", "run-results", "sources")
_FILES: Final = ("run_results.json", "sources.json", "freshness.json")


class DbtCollector:
    """Reads what dbt, Great Expectations and datacontract-cli say of the tests that they ran."""

    name: Final = "dbt"
    version: Final = "1"
    scope: Final = Scope.SOURCE
    options: Final = (
        Option("critical", "column whose values the deployment can not do without, or table.column", repeatable=True),
        Option("node", "model or source that is the data source; all of the project unless told", repeatable=True),
        Option("package", "the project's own package, where the manifest does not name it"),
    )

    def recognises(self, path: Path, head: bytes) -> Recognition | None:
        """Knows artefacts by the schema or the keys at their start."""
        if not path.name.endswith(".json"):
            return None
        kind = _seen(head)
        if kind == "manifest":
            along = tuple(each for name in _FILES if (each := path.with_name(name)).is_file())
            return Recognition(_TITLES[kind], path.parent.parent.name or "dbt", confidence="high", along=along)
        if kind in ("expectations", "datacontract"):
            return Recognition(_TITLES[kind], path.stem, confidence="high")
        return Recognition(_TITLES[kind], path.stem) if kind else None

    def collect(self, request: Request) -> Collected:
        """Returns the facts of one tool's files."""
        files = _read(request)
        by_kind: dict[str, list[Json]] = {}
        for file in files:
            by_kind.setdefault(file.kind, []).append(file)
        _check_kinds(files, by_kind)
        critical = request.texts("critical")
        lag: list[Measured] = []
        if "expectations" in by_kind:
            results = expectation_results(files)
        elif "datacontract" in by_kind:
            results = contract_results(files)
        else:
            results, lag = _dbt(by_kind, request)
        facts = [*check_facts(results, critical), *lag]
        notes = (*results.notes, *_outcomes(results))
        artefacts = tuple(sorted(file.artefact for file in files))
        return Collected(self.name, self.version, request.subject, artefacts, tuple(sorted(facts)), notes)


def _dbt(by_kind: dict[str, list[Json]], request: Request) -> tuple[Results, list[Measured]]:
    manifest = next(iter(by_kind.get("manifest", ())), None)
    project: Project | None = None
    if manifest is not None:
        project = read_project(manifest, request.text("package")).chosen(request.texts("node"))
    results = dbt_results(manifest, project, by_kind.get("run-results", ()))
    sources = by_kind.get("sources")
    if sources is None:
        return results, []
    return results, [lag_fact(freshness_of(sources, project))]


def _read(request: Request) -> list[Json]:
    paths = [each for path in request.artefacts for each in _expanded(path)]
    files: list[Json] = []
    faults: list[ArtefactFault] = []
    for place, path in enumerate(paths):
        request.progress("reading", place, len(paths))
        try:
            files.append(read_json(path))
        except ArtefactError as error:
            faults += error.faults
    if faults:
        raise ArtefactError(*faults)
    request.progress("reading", len(paths), len(paths))
    return files


def _expanded(path: Path) -> Iterator[Path]:
    """Yields a file, or those of a dbt target folder that are read."""
    if path.is_dir():
        yield from (each for name in ("manifest.json", *_FILES) if (each := path / name).is_file())
    else:
        yield path


def _check_kinds(files: list[Json], by_kind: dict[str, list[Json]]) -> None:
    """Refuses what is not read, and what is not read together.

    Raises:
      ArtefactError: with every such file.
    """
    faults = [
        ArtefactFault(
            file.artefact.uri, "this is no result of a tool that is read", expected=", ".join(_TITLES.values())
        )
        for file in by_kind.get("", ())
    ]
    manifests = by_kind.get("manifest", [])
    faults += [ArtefactFault(file.artefact.uri, "a run reads one manifest") for file in manifests[1:]]
    tools = {"dbt" if kind in _DBT else kind for kind in by_kind if kind}
    if len(tools) > 1:
        way_out = "give each tool a run of its own; what they say is joined when the proposal is checked"
        faults.append(ArtefactFault(files[0].artefact.uri, "these are results of several tools", way_out=way_out))
    if not files:
        faults.append(ArtefactFault("dbt", "there is nothing to read", expected=", ".join(("manifest.json", *_FILES))))
    if faults:
        raise ArtefactError(*faults)


def _outcomes(results: Results) -> Iterator[str]:
    if results.runs and not results.notes:
        checks = results.runs[-1].checks
        counts = {outcome: sum(check.outcome is outcome for check in checks) for outcome in {c.outcome for c in checks}}
        told = ", ".join(f"{counts[outcome]} {outcome}" for outcome in sorted(counts))
        yield f"runs {len(results.runs)}; of the newest: {told or 'no checks'}"


def _seen(head: bytes) -> str:
    """Returns what the start of a file says that it is."""
    for sign, kind in (
        (b"schemas.getdbt.com/dbt/manifest", "manifest"),
        (b"schemas.getdbt.com/dbt/run-results", "run-results"),
        (b"schemas.getdbt.com/dbt/sources", "sources"),
        (b"schemas.getdbt.com/dbt/freshness", "sources"),
        (b'"great_expectations_version"', "expectations"),
        (b'"expectation_config"', "expectations"),
        (b'"dataContractId"', "datacontract"),
    ):
        if sign in head:
            return kind
    return ""


COLLECTOR: Final = DbtCollector()
