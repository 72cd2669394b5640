"""Broken, enormous and tangled files are refused or read in bounded time, and nothing of them is told."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from tests.collectors.dbt.telling import RUN, a_test, collected, facts, manifest, results, value

from readygate_server.adapters.collectors.contract import Case, assert_contract
from readygate_server.adapters.collectors.port import ArtefactError
from readygate_server.domain.collected import Status
from readygate_server.domain.vocabulary import Scope

NULL = a_test("not_null")
PASSED = ("pass", 0)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b"\xff\xfe{\x00}\x00",
        b'{"metadata": {}, "metadata": {}}',
        b'{"a": 1e999999}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b"\x00" * 1000,
        b'{"Ottilie Quastenflosser": }',
    ],
)
def test_what_is_no_artefact_is_refused(tmp_path: Path, content: bytes) -> None:
    """Cut off, nested without end, of another encoding, or with a key twice."""
    path = tmp_path / "manifest.json"
    path.write_bytes(content)
    began = time.perf_counter()
    with pytest.raises(ArtefactError) as caught:
        collected(path)
    assert time.perf_counter() - began < 5
    assert "Quastenflosser" not in str(caught.value)


@pytest.mark.parametrize("junk", [None, 7, "x", [], [None], {}, {"a": None}, True, -1, 1e308])
@pytest.mark.parametrize("place", ["nodes", "sources", "metadata", "disabled", "results", "args"])
def test_parts_of_another_type_are_absent(tmp_path: Path, place: str, junk: object) -> None:
    """Whatever stands where something else belongs, nothing is stated that is not so."""
    paths = manifest(tmp_path, NULL), results(tmp_path, {NULL["unique_id"]: PASSED})
    for path in paths:
        data = json.loads(path.read_text())
        if place in data:
            data[place] = junk
            schema = "manifest/v12" if path.name.startswith("m") else "run-results/v6"
            if place == "metadata":
                data[place] = {
                    "dbt_schema_version": f"https://schemas.getdbt.com/dbt/{schema}.json",
                    "invocation_id": junk if "manifest" in schema else RUN,
                }
        path.write_text(json.dumps(data))
    found = facts(*paths, critical=("id",))
    if place not in ("disabled", "sources", "args"):
        assert {fact.status for fact in found.values()} == {Status.NOT_EVALUABLE}


@pytest.mark.parametrize("failures", ["3", "x", -1, 1e9, True, "9" * 400, None, [1]])
def test_odd_numbers_of_failures_are_no_clean_test(tmp_path: Path, failures: object) -> None:
    """Only a failure that is known to be none makes a column complete."""
    files = manifest(tmp_path, NULL), results(tmp_path, {NULL["unique_id"]: ("fail", failures)})
    assert facts(*files, critical=("id",))["completeness"].status is Status.NOT_EVALUABLE


def test_a_hundred_thousand_tests_are_read_quickly(tmp_path: Path) -> None:
    """Time grows with the number of tests only."""
    tests = [a_test("not_null", column=f"c{number}") for number in range(50_000)]
    files = manifest(tmp_path, *tests), results(tmp_path, {each["unique_id"]: PASSED for each in tests})
    began = time.process_time()
    assert value(facts(*files, critical=("c1", "c2"))["completeness"]) == 1.0
    assert time.process_time() - began < 10


def test_it_keeps_the_contract_of_collectors(tmp_path: Path) -> None:
    """Same bytes, same facts in any zone and language; halves and noise are refused; no SQL gets out."""
    manifest(tmp_path, NULL, a_test("unique"))
    results(tmp_path, {NULL["unique_id"]: PASSED, a_test("unique")["unique_id"]: PASSED})
    states = tuple(f"source.{name}" for name in ("completeness", "uniqueness", "contract_check_pass_rate"))
    case = Case(
        tmp_path,
        ("manifest.json", "run_results.json"),
        Scope.SOURCE,
        {"critical": ("id",)},
        states=states,
        secrets=("vault", RUN),
    )
    assert_contract("readygate_server.adapters.collectors.dbt:COLLECTOR", [case])
