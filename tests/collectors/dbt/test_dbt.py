"""Of dbt's tests only those count that ran, of the project's own, in the run that the manifest belongs to."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.collectors.dbt.telling import Data, a_test, collected, facts, manifest, results, value, written

from readygate_server.adapters.collectors.port import ArtefactError, OptionError
from readygate_server.domain.collected import Status

NULL, UNIQUE = a_test("not_null"), a_test("unique")
ID_NULL, ID_UNIQUE = NULL["unique_id"], UNIQUE["unique_id"]
PASSED = ("pass", 0)


def test_tests_that_ran_are_a_pass_rate_and_prove_what_they_ask(tmp_path: Path) -> None:
    """A clean not_null and a clean unique of a key make it complete and unique, on the day of the run."""
    files = manifest(tmp_path, NULL, UNIQUE), results(tmp_path, {ID_NULL: PASSED, ID_UNIQUE: PASSED})
    found = facts(*files, critical=("id",))
    assert value(found["contract_check_pass_rate"]) == 1.0
    assert value(found["completeness"]) == 1.0
    assert value(found["uniqueness"]) == 1.0
    assert found["uniqueness"].as_of == datetime(2026, 3, 30, 6, tzinfo=UTC)
    assert found["validity"].status is found["referential_integrity"].status is Status.NOT_STATED


@pytest.mark.parametrize(
    ("which", "status"),
    [("generate", "success"), ("compile", "success"), ("generate", "pass"), ("run", "pass"), ("test", "success")],
)
def test_a_success_is_no_pass(tmp_path: Path, which: str, status: str) -> None:
    """`dbt docs generate` calls every test a success: nothing ran, so the rate is neither 1 nor 0."""
    files = manifest(tmp_path, NULL), results(tmp_path, {ID_NULL: (status, None)}, which=which)
    found = facts(*files, critical=("id",))
    assert {each.status for each in found.values()} == {Status.NOT_EVALUABLE}
    assert "0 of 1 tests were run" in found["contract_check_pass_rate"].reason


@pytest.mark.parametrize(
    ("status", "rate"), [("pass", 1.0), ("fail", 0.5), ("warn", 0.5), ("error", 0.5), ("skipped", 1.0), ("reused", 1.0)]
)
def test_what_warns_or_errs_did_not_pass_and_what_is_skipped_did_not_run(
    tmp_path: Path, status: str, rate: float
) -> None:
    """A skipped test is told in the coverage."""
    files = manifest(tmp_path, NULL, UNIQUE), results(tmp_path, {ID_NULL: PASSED, ID_UNIQUE: (status, 3)})
    found = facts(*files)["contract_check_pass_rate"]
    assert value(found) == rate
    assert found.coverage.examined + found.coverage.skipped == 2
    assert bool(found.coverage.why) is (found.coverage.skipped > 0)


def test_tests_that_never_ran_are_told(tmp_path: Path) -> None:
    """One of three that ran and passed is 1, and the coverage says that two did not run."""
    files = manifest(tmp_path, NULL, UNIQUE, a_test("not_null", column="x")), results(tmp_path, {ID_NULL: PASSED})
    found = facts(*files)["contract_check_pass_rate"]
    assert (value(found), found.coverage.examined, found.coverage.skipped) == (1.0, 1, 2)


def test_the_share_of_declared_tests_that_ran(tmp_path: Path) -> None:
    """A test counts once, whichever run it ran in; what ran more than 30 days before the newest run is past."""
    files = manifest(tmp_path, NULL, UNIQUE, a_test("not_null", column="x"))
    whole = facts(files, results(tmp_path, {ID_NULL: PASSED, ID_UNIQUE: ("skipped", None)}))["executed_check_share"]
    assert value(whole) == pytest.approx(1 / 3)
    assert whole.coverage.examined == 3
    failed = facts(files, results(tmp_path, {ID_NULL: ("fail", 3), ID_UNIQUE: ("error", None)}))
    assert value(failed["executed_check_share"]) == pytest.approx(2 / 3)


@pytest.mark.parametrize(("moment", "share"), [("2026-02-28T06:00:01Z", 1.0), ("2026-02-28T06:00:00Z", 0.5)])
def test_a_test_that_ran_too_long_ago_did_not_run(tmp_path: Path, moment: str, share: float) -> None:
    """Runs count up to 30 days before the newest, and each test once."""
    old = results(tmp_path, {ID_NULL: PASSED, ID_UNIQUE: PASSED}, run="old", at=moment, name="old_run_results.json")
    found = facts(manifest(tmp_path, NULL, UNIQUE), old, results(tmp_path, {ID_NULL: PASSED}))["executed_check_share"]
    assert value(found) == share


def test_a_run_of_another_invocation_says_nothing(tmp_path: Path) -> None:
    """A manifest of today does not know what a run of last year tested."""
    files = manifest(tmp_path, NULL), results(tmp_path, {ID_NULL: PASSED, "test.other.x": PASSED}, run="other")
    found = facts(*files)["contract_check_pass_rate"]
    assert found.status is Status.NOT_EVALUABLE
    assert "different invocations" in found.reason
    assert "1 results belong to nothing" in found.reason


def test_a_manifest_or_a_run_alone_says_nothing(tmp_path: Path) -> None:
    """Tests that are defined may never have run, and results alone do not say whose they are."""
    alone = facts(manifest(tmp_path, NULL))["contract_check_pass_rate"]
    assert "1 tests are defined" in alone.reason
    run = facts(results(tmp_path, {ID_NULL: PASSED}))["contract_check_pass_rate"]
    assert alone.status is run.status is Status.NOT_EVALUABLE


def test_tests_of_packages_are_theirs(tmp_path: Path) -> None:
    """A package brings tests of its own, which pass whatever the project does."""
    theirs = [a_test("not_null", column=f"c{number}", package="dbt_utils") for number in range(9)]
    outcomes = {each["unique_id"]: PASSED for each in theirs} | {ID_NULL: ("fail", 2)}
    found = facts(manifest(tmp_path, NULL, *theirs), results(tmp_path, outcomes))["contract_check_pass_rate"]
    assert (value(found), found.coverage.examined) == (0.0, 1)


def test_a_project_without_a_name_and_with_packages_has_to_be_named(tmp_path: Path) -> None:
    """Manifests before dbt 1.4 do not say which package is the project's own."""
    extra = {"unique_id": "model.utils.x", "name": "x", "resource_type": "model", "package_name": "utils"}
    path = manifest(
        tmp_path, NULL, extra, metadata={"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v2.json"}
    )
    with pytest.raises(OptionError, match="2 packages"):
        collected(path)
    assert "tests defined 1, of packages 0" in " ".join(collected(path, package="shop").notes)


def test_failing_rows_without_a_total_are_no_ratio(tmp_path: Path) -> None:
    """Dbt says that three rows have no id, and not of how many: neither 0 nor a guess."""
    files = manifest(tmp_path, NULL, UNIQUE), results(tmp_path, {ID_NULL: ("fail", "3"), ID_UNIQUE: ("fail", 2)})
    found = facts(*files, critical=("id",))
    assert found["completeness"].status is found["uniqueness"].status is Status.NOT_EVALUABLE
    assert "3 failing rows" in found["completeness"].reason
    assert value(found["contract_check_pass_rate"]) == 0.0


def test_a_threshold_does_not_make_gaps_complete(tmp_path: Path) -> None:
    """A test that tolerates ten rows passes with three that fail."""
    tolerant = a_test("not_null", error_if=">10", warn_if=">10")
    for failures in (3, None):
        files = manifest(tmp_path, tolerant), results(tmp_path, {ID_NULL: ("pass", failures)})
        assert facts(*files, critical=("id",))["completeness"].status is Status.NOT_EVALUABLE


@pytest.mark.parametrize("config", [{"where": "active"}, {"fail_calc": "max(n)"}])
def test_a_test_of_some_rows_says_nothing_of_all(tmp_path: Path, config: Data) -> None:
    """Nor does one that counts in a way of its own."""
    files = manifest(tmp_path, a_test("not_null", **config)), results(tmp_path, {ID_NULL: PASSED})
    assert facts(*files, critical=("id",))["completeness"].status is Status.NOT_EVALUABLE


def test_a_unique_key_that_may_be_null_is_left_open(tmp_path: Path) -> None:
    """Dbt's unique passes nulls by, however many there are."""
    found = facts(manifest(tmp_path, UNIQUE), results(tmp_path, {ID_UNIQUE: PASSED}))["uniqueness"]
    assert found.status is Status.NOT_EVALUABLE
    assert "may be null" in found.reason


def test_every_critical_column_has_to_be_tested(tmp_path: Path) -> None:
    """One that is says nothing of the other; without a declaration nothing is asked."""
    files = manifest(tmp_path, NULL), results(tmp_path, {ID_NULL: PASSED})
    assert facts(*files, critical=("id", "name"))["completeness"].status is Status.NOT_EVALUABLE
    assert facts(*files)["completeness"].status is Status.NOT_STATED
    assert value(facts(*files, critical=("customers.id",))["completeness"]) == 1.0
    assert facts(*files, critical=("orders.id",))["completeness"].status is Status.NOT_STATED


def test_one_model_of_many_is_the_source(tmp_path: Path) -> None:
    """With --node only its tests count; a test of references belongs to the table that refers."""
    other = a_test("not_null", model="orders")
    refers = a_test("relationships", model="orders", column="customer_id")
    refers["depends_on"] = {"nodes": ["model.shop.customers", "model.shop.orders"]}
    outcomes = {ID_NULL: PASSED, other["unique_id"]: ("fail", 1), refers["unique_id"]: PASSED}
    files = manifest(tmp_path, NULL, other, refers, models=("customers", "orders")), results(tmp_path, outcomes)
    assert value(facts(*files, node=("customers",))["contract_check_pass_rate"]) == 1.0
    orders = facts(*files, node=("model.shop.orders",))
    assert value(orders["contract_check_pass_rate"]) == 0.5
    assert value(orders["referential_integrity"]) == 1.0
    assert facts(*files, node=("customers",))["referential_integrity"].status is Status.NOT_STATED
    with pytest.raises(OptionError, match="no such model"):
        collected(*files, node=("nobody",))


def test_a_test_of_the_same_name_by_somebody_else_asks_something_else(tmp_path: Path) -> None:
    """A package may call anything `unique`."""
    foreign = a_test("unique")
    foreign["test_metadata"]["namespace"] = "elementary"
    found = facts(manifest(tmp_path, foreign, NULL), results(tmp_path, {ID_UNIQUE: PASSED, ID_NULL: PASSED}))
    assert found["uniqueness"].status is Status.NOT_STATED


def test_tests_without_metadata_and_results_without_an_id_are_read(tmp_path: Path) -> None:
    """Singular tests have no kind; dbt has written results whose id is null."""
    singular = a_test("x")
    del singular["test_metadata"]
    path = results(tmp_path, {singular["unique_id"]: PASSED})
    text = path.read_text().replace('"results": [', '"results": [{"unique_id": null, "status": "pass"}, 7, ')
    path.write_text(text)
    assert value(facts(manifest(tmp_path, singular), path)["contract_check_pass_rate"]) == 1.0


def test_runs_of_thirty_days_are_one_rate(tmp_path: Path) -> None:
    """Older runs do not count, and a run that is given twice counts once; the data is that of the newest."""
    path = manifest(tmp_path, NULL)
    newest = results(tmp_path, {ID_NULL: PASSED})
    again = results(tmp_path, {ID_NULL: PASSED}, name="copy.json")
    recent = results(tmp_path, {ID_NULL: ("fail", 4)}, run="b", at="2026-03-02T06:00:00Z", name="b.json")
    old = results(tmp_path, {ID_NULL: ("fail", 4)}, run="c", at="2026-02-20T06:00:00Z", name="c.json")
    found = facts(path, old, newest, recent, again, critical=("id",))
    rate = found["contract_check_pass_rate"]
    assert (value(rate), rate.coverage.examined) == (0.5, 2)
    assert dict(rate.parameters) == {"days_with_a_run": "2", "runs": "2", "tool": "dbt", "window_days": "30"}
    assert value(found["completeness"]) == 1.0


def _looks(folder: Path, day: int, *entries: Data) -> Path:
    schema = "https://schemas.getdbt.com/dbt/sources/v3.json"
    data = {"metadata": {"dbt_schema_version": schema}, "results": list(entries)}
    return written(folder, f"sources-{day}.json", data)


def _look(day: int, minutes: int, source: str = "source.shop.raw.orders") -> Data:
    at = datetime(2026, 3, day, 8, minutes, tzinfo=UTC).isoformat()
    return {"unique_id": source, "status": "pass", "snapshotted_at": at, "max_loaded_at": f"2026-03-{day:02}T08:00:00Z"}


def _shop(folder: Path) -> Path:
    source = {
        "unique_id": "source.shop.raw.orders",
        "name": "orders",
        "resource_type": "source",
        "package_name": "shop",
    }
    return manifest(folder, sources={"source.shop.raw.orders": source})


def test_fourteen_days_of_looks_are_a_lag(tmp_path: Path) -> None:
    """Of fourteen the greatest; the newest look dates it."""
    looks = [_looks(tmp_path, day, _look(day, day)) for day in range(1, 15)]
    found = facts(_shop(tmp_path), *looks)["freshness_lag_p95"]
    assert value(found) == 14.0
    assert found.as_of == datetime(2026, 3, 14, 8, 14, tzinfo=UTC)


def test_one_look_is_no_lag(tmp_path: Path) -> None:
    """It says how old the newest row was once."""
    found = facts(_shop(tmp_path), _looks(tmp_path, 1, _look(1, 5)))["freshness_lag_p95"]
    assert found.status is Status.NOT_EVALUABLE
    assert "on 1 of the last 14 days" in found.reason


def test_an_empty_look_is_not_fresh(tmp_path: Path) -> None:
    """Dbt writes no results when no source says how old it may be."""
    found = facts(_shop(tmp_path), _looks(tmp_path, 1))["freshness_lag_p95"]
    assert found.status is Status.NOT_EVALUABLE
    assert found.coverage.skipped == 1


def test_a_source_that_could_not_be_asked_leaves_the_lag_open(tmp_path: Path) -> None:
    """It may be the late one: dbt 1 notes the error, dbt 2 leaves the source out."""
    looks = [_looks(tmp_path, day, _look(day, 3)) for day in range(1, 14)]
    failed = {"unique_id": "source.shop.raw.orders", "status": "runtime error", "error": "password of bob"}
    erred = facts(_shop(tmp_path), *looks, _looks(tmp_path, 14, failed, _look(14, 3)))["freshness_lag_p95"]
    assert erred.status is Status.NOT_EVALUABLE
    absent = facts(_shop(tmp_path), *looks, _looks(tmp_path, 14))["freshness_lag_p95"]
    assert absent.status is Status.NOT_EVALUABLE
    assert "bob" not in erred.reason


def test_nothing_of_the_sql_or_the_project_is_told(tmp_path: Path) -> None:
    """Compiled code, ids of cloud projects and jobs stay where they are."""
    found = collected(manifest(tmp_path, NULL), results(tmp_path, {ID_NULL: ("fail", 1)}), critical=("id",))
    assert "select" not in str(found)
    assert "vault" not in str(found)


def test_files_of_several_tools_or_none_are_refused(tmp_path: Path) -> None:
    """Each tool has a run of its own, and what is no result is told."""
    gx = written(tmp_path, "gx.json", {"success": True, "results": [], "statistics": {}, "meta": {}})
    with pytest.raises(ArtefactError, match="several tools"):
        collected(manifest(tmp_path, NULL), gx)
    with pytest.raises(ArtefactError, match="no result of a tool"):
        collected(written(tmp_path, "x.json", {"a": 1}))
    with pytest.raises(ArtefactError, match="one manifest"):
        collected(manifest(tmp_path, NULL), written(tmp_path, "m.json", {"metadata": {}, "nodes": {}}))
    with pytest.raises(ArtefactError, match="nothing to read"):
        collected()


def test_a_target_folder_is_read_as_it_is(tmp_path: Path) -> None:
    """Manifest and results lie beside each other in it, and `recognises` says so."""
    from readygate_server.adapters.collectors.dbt import COLLECTOR

    path = manifest(tmp_path, NULL)
    run = results(tmp_path, {ID_NULL: PASSED})
    assert value(facts(tmp_path)["contract_check_pass_rate"]) == 1.0
    seen = COLLECTOR.recognises(path, path.read_bytes())
    assert seen is not None
    assert (seen.confidence, seen.along) == ("high", (run,))
