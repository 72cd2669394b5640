"""Results of Great Expectations and datacontract-cli are counted by their counts; what raised did not pass."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.collectors.dbt.telling import Data, collected, expectation, facts, validation, value, written

from readygate_server.domain.collected import Status

PRESENT, UNIQUE, IN_SET = (f"expect_column_values_to_{what}" for what in ("not_be_null", "be_unique", "be_in_set"))


def test_completeness_is_by_the_counts_and_not_by_mostly(tmp_path: Path) -> None:
    """An expectation that tolerates half of the values passes; the share is what it counted."""
    tolerant = expectation(PRESENT, "age", mostly=0.5, element_count=1313, unexpected_count=557)
    found = facts(validation(tmp_path, tolerant), critical=("age",))
    assert value(found["contract_check_pass_rate"]) == 1.0
    assert value(found["completeness"]) == pytest.approx(756 / 1313)
    assert found["completeness"].as_of == datetime(2026, 3, 30, 6, tzinfo=UTC)


def test_validity_is_of_the_values_that_are_there(tmp_path: Path) -> None:
    """Missing values break no domain; the least of the columns decides."""
    checks = (
        expectation(IN_SET, "a", value_set=["x"], element_count=10, missing_count=2, unexpected_count=2, success=False),
        expectation(IN_SET, "b", value_set=["y"], element_count=10, missing_count=0, unexpected_count=0),
    )
    assert value(facts(validation(tmp_path, *checks))["validity"]) == 0.75


def test_an_empty_set_is_no_domain(tmp_path: Path) -> None:
    """A profiler leaves it to be filled in; every value breaks it, and that says nothing."""
    check = expectation(IN_SET, "a", value_set=[], element_count=10, unexpected_count=10, success=False)
    found = facts(validation(tmp_path, check))
    assert found["validity"].status is Status.NOT_STATED
    assert value(found["contract_check_pass_rate"]) == 0.0


@pytest.mark.parametrize("info", [{"raised_exception": True}, {"('column.max', ())": {"raised_exception": True}}])
def test_what_raised_is_no_pass_and_no_count(tmp_path: Path, info: Data) -> None:
    """An exception is told apart from a failure, in both of the shapes that it has had."""
    raised = expectation(PRESENT, "age", element_count=10, unexpected_count=0)
    raised["exception_info"] = info
    path = validation(tmp_path, raised, expectation(PRESENT, "id", element_count=10, unexpected_count=0))
    found = facts(path, critical=("age",))
    assert value(found["contract_check_pass_rate"]) == 0.5
    assert found["completeness"].status is Status.NOT_EVALUABLE
    assert any("1 errored" in note for note in collected(path).notes)


def test_a_condition_on_rows_leaves_the_rest_open(tmp_path: Path) -> None:
    """What holds for the active customers need not for all."""
    check = expectation(PRESENT, "age", row_condition="active", element_count=10, unexpected_count=0)
    assert facts(validation(tmp_path, check), critical=("age",))["completeness"].status is Status.NOT_EVALUABLE


def test_uniqueness_is_one_or_open(tmp_path: Path) -> None:
    """The tool counts every row of a duplicate, the catalogue what is there too much."""
    clean = expectation(UNIQUE, "id", element_count=10, missing_count=0, unexpected_count=0)
    whole = expectation(PRESENT, "id", element_count=10, unexpected_count=0)
    assert value(facts(validation(tmp_path, clean, whole))["uniqueness"]) == 1.0
    holes = expectation(UNIQUE, "id", element_count=10, missing_count=3, unexpected_count=0)
    double = expectation(UNIQUE, "id", element_count=10, missing_count=0, unexpected_count=4, success=False)
    row_number = expectation(UNIQUE, "Unnamed: 0", element_count=10, missing_count=0, unexpected_count=0)
    for check in (holes, double, row_number):
        assert facts(validation(tmp_path, check, whole))["uniqueness"].status is Status.NOT_EVALUABLE


def test_the_old_name_of_the_type_is_read(tmp_path: Path) -> None:
    """It was `expectation_type` until version 1, and the moment was in the id of the run."""
    old = expectation(PRESENT, "age", element_count=4, unexpected_count=1, success=False)
    old["expectation_config"]["expectation_type"] = old["expectation_config"].pop("type")
    data = {"results": [old], "statistics": {}, "meta": {"run_id": "20200322T170247.671855Z"}}
    found = facts(written(tmp_path, "gx.json", data), critical=("age",))["completeness"]
    assert value(found) == 0.75
    assert found.as_of == datetime(2020, 3, 22, 17, 2, 47, 671855, tzinfo=UTC)


def test_a_checkpoint_holds_several_validations(tmp_path: Path) -> None:
    """Each is a run, and runs of thirty days are one rate."""
    report = {"results": [expectation(PRESENT)], "meta": {"validation_time": "2026-03-30T06:00:00Z"}}
    failed = {"results": [expectation(PRESENT, success=False)], "meta": {"validation_time": "2026-03-29T06:00:00Z"}}
    data = {"success": False, "run_results": {"a": {"validation_result": report}, "b": failed}}
    assert value(facts(written(tmp_path, "checkpoint.json", data))["contract_check_pass_rate"]) == 0.5


def test_samples_of_the_data_are_not_read(tmp_path: Path) -> None:
    """Lists of unexpected values have names of people, and numbers that are no JSON."""
    path = validation(tmp_path, expectation(PRESENT, "age", element_count=4, unexpected_count=0))
    path.write_text(path.read_text().replace('["Ottilie Quastenflosser"]', '[NaN, Infinity, "Ottilie Quastenflosser"]'))
    found = collected(path, critical=("age",))
    assert "Ottilie" not in str(found)


def _contract_run(folder: Path, *checks: Data) -> Path:
    data = {"runId": "r1", "dataContractId": "orders", "timestampEnd": "2026-03-30T06:00:00Z", "checks": list(checks)}
    return written(folder, "datacontract.json", {**data, "logs": [{"message": "select secret"}]})


def _check(kind: str, result: str = "passed", field: str = "id", **diagnostics: object) -> Data:
    return {"type": kind, "result": result, "model": "orders", "field": field, "diagnostics": diagnostics or None}


def test_results_of_a_contract_are_counted(tmp_path: Path) -> None:
    """Passed by those that ran; missing rows by all rows where both are told."""
    path = _contract_run(
        tmp_path,
        _check("field_required", "failed", "age", metric="missing_count", value=3, row_count=10),
        _check("field_required"),
        _check("field_unique"),
        _check("field_enum", field="state"),
        _check("field_regex", "warning", "code"),
        _check("field_type", "info"),
    )
    found = facts(path, critical=("age", "orders.id"))
    assert (value(found["contract_check_pass_rate"]), found["contract_check_pass_rate"].coverage.skipped) == (0.6, 1)
    assert value(found["completeness"]) == 0.7
    assert value(found["uniqueness"]) == 1.0
    assert found["validity"].status is Status.NOT_EVALUABLE
    assert "secret" not in str(collected(path))
