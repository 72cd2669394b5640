"""Published artefacts give what another program found, or the difference is explained."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.collectors.dbt.telling import facts, value
from tests.collectors.inputs import Input, artefact

from readygate_server.adapters.collectors.dbt.manifest import read_project, summary_of
from readygate_server.adapters.collectors.dbt.reading import read_json
from readygate_server.adapters.collectors.dbt.runs import dbt_results
from readygate_server.domain.collected import Status

PROJECTS = (
    "v12/jaffle_shop/manifest_1.12.json",
    "v12/jaffle_shop/manifest_1.10.json",
    "dbt/test/target/manifest.json",
    "dbt/fail/target/manifest.json",
    "dbt/large/target/manifest.json",
    "dbt/postgres/target/manifest.json",
    "dbt/spark/thrift/target/manifest.json",
)


def _run_of(found: Input) -> Path:
    """Returns the results that belong to a manifest: they lie beside it with the same beginning."""
    path = found.path.with_name(f"{found.path.name.partition('_')[0]}_run_results.json")
    if not path.is_file():
        pytest.skip(f"the results beside {found.name} are not there")
    return path


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 3) if whole else None


@pytest.mark.parametrize("name", PROJECTS)
def test_a_project_is_that_of_the_second_opinion(name: str) -> None:
    """Models, tests, sources and their shares agree to three digits."""
    found = artefact("dbt", name)
    opinion = found.second_opinion
    project = read_project(read_json(found.path), "")
    summary = summary_of(project)
    assert (summary.models, len(project.tests), project.disabled) == (
        opinion["own_models"],
        opinion["tests"],
        opinion["disabled"],
    )
    assert (summary.sources, summary.columns) == (opinion["sources"], opinion["columns_declared"])
    assert dict(summary.kinds) == opinion["test_kinds"]
    shares = {
        "models_with_test": (summary.with_test, summary.models),
        "models_key_tested": (summary.with_key_test, summary.models),
        "models_described": (summary.described, summary.models),
        "columns_described": (summary.columns_described, summary.columns),
        "contract_enforced": (summary.contracts, summary.models),
        "owner_meta": (summary.owned, summary.models),
        "src_freshness": (summary.sources_with_freshness, summary.sources),
        "src_tested": (summary.sources_with_test, summary.sources),
    }
    assert {key: _ratio(*share) for key, share in shares.items()} == {key: opinion[key] for key in shares}


@pytest.mark.parametrize("name", PROJECTS)
def test_a_run_is_that_of_the_second_opinion(name: str) -> None:
    """What ran, failed and is not known agrees; a rate is given only where manifest and run belong together.

    For the manifest of dbt 1.10 the other program gives 20 tests that ran, all passed: they are of another project,
    and only 8 of them have the id of a test here. The invocations differ, so no rate is stated.
    """
    found = artefact("dbt", name)
    opinion, path = found.second_opinion["rr"], _run_of(found)
    manifest = read_json(found.path)
    results = dbt_results(manifest, read_project(manifest, ""), [read_json(path)])
    run = results.runs[-1]
    ran = [check for check in run.checks if check.outcome.ran]
    assert run.strangers == opinion["unknown_ids"]
    assert sum(check.failing or 0 for check in ran) == opinion["failing_rows"]
    rate = facts(found.path, path)["contract_check_pass_rate"]
    if not opinion["same_invocation"]:
        assert (len(ran), round(len(ran) / len(read_project(manifest, "").tests), 3)) == (
            8,
            opinion["of_tests_defined"],
        )
        assert rate.status is Status.NOT_EVALUABLE
        return
    assert len(ran) == opinion["really_ran"]
    if opinion["pass_rate"] is None:
        assert rate.status is Status.NOT_EVALUABLE
    else:
        assert round(value(rate), 3) == opinion["pass_rate"]
        share = facts(found.path, path)["executed_check_share"]
        assert round(value(share), 3) == opinion["of_tests_defined"]


def test_27_of_27_successes_are_no_test_that_ran() -> None:
    """`dbt docs generate` wrote them."""
    found = artefact("dbt", PROJECTS[0])
    rate = facts(found.path, _run_of(found))["contract_check_pass_rate"]
    assert rate.status is Status.NOT_EVALUABLE
    assert "0 of 27 tests were run" in rate.reason


def test_a_build_that_passed_makes_keys_references_and_values_sound() -> None:
    """All 20 tests of the jaffle shop on Spark ran and passed, among them three lists of values and one reference."""
    found = artefact("dbt", PROJECTS[6])
    told = facts(found.path, _run_of(found), critical=("customer_id",))
    measured = ("completeness", "contract_check_pass_rate", "referential_integrity", "uniqueness", "validity")
    assert {name: value(told[name]) for name in measured} == dict.fromkeys(measured, 1.0)


def test_the_profile_of_great_expectations_is_read() -> None:
    """There is no second opinion but the tool's own: 43 of 51, 84.3 %, and the ages that the table itself has.

    The only unique column is the number of the row, and the sets of the profiler are empty, so neither says anything.
    """
    found = artefact("gx", "BasicDatasetProfiler_evrs.json")
    own = read_json(found.path).data["statistics"]
    assert isinstance(own, dict)
    told = facts(found.path, critical=("Age", "Name"))
    assert value(told["contract_check_pass_rate"]) * 100 == pytest.approx(own["success_percent"])
    assert value(told["completeness"]) == pytest.approx(756 / 1313)
    assert told["uniqueness"].status is Status.NOT_EVALUABLE
    assert told["validity"].status is Status.NOT_STATED
