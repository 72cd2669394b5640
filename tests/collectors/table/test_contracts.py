"""A contract declares keys, critical columns, domains and what stands for nothing; it measures nothing."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.collectors.table.telling import collected, contract, csv, facts, value

from readygate_server.adapters.collectors.port import ArtefactError, OptionError
from readygate_server.adapters.collectors.table import COLLECTOR
from readygate_server.domain.collected import Status
from readygate_server.domain.vocabulary import Grade

duckdb = pytest.importorskip("duckdb", reason="the extra collect-table is not installed")


def test_a_contract_declares_what_options_would(tmp_path: Path) -> None:
    """Key in the order of its positions, critical column, and the tokens of that column alone."""
    stated = contract(
        tmp_path,
        {"name": "country", "primaryKey": True, "primaryKeyPosition": 2},
        {"name": "number", "physicalName": "NO", "primaryKey": True, "primaryKeyPosition": 1},
        {
            "name": "city",
            "criticalDataElement": True,
            "quality": [{"metric": "missingValues", "arguments": {"missingValues": [None, "", "?"]}, "mustBe": 0}],
        },
    )
    file = csv(tmp_path, "no,country,city\n1,de,Bonn\n1,fr,?\n2,de,NA\n2,de,Rome\n")
    found = facts(file, contract=stated)
    assert value(found["uniqueness"]) == 0.75
    assert value(found["completeness"]) == 0.75


def test_a_critical_column_that_the_table_lacks_is_not_complete(tmp_path: Path) -> None:
    """Nothing is said of the others instead."""
    stated = contract(tmp_path, {"name": "a", "criticalDataElement": True}, {"name": "b", "criticalDataElement": True})
    found = facts(csv(tmp_path, "a\n1\n"), contract=stated)["completeness"]
    assert found.status is Status.NOT_EVALUABLE
    assert "1 of 2 critical columns" in found.reason


@pytest.mark.parametrize(
    ("column", "good", "bad"),
    [
        ({"logicalType": "integer"}, ["1", "-7", "007"], ["1.5", "1e3", "1_000", "0x10", "x"]),
        ({"logicalType": "number"}, ["1.5", "1e3", "-.5"], ["1,5", "inf", "x", "0x10"]),
        ({"logicalType": "boolean"}, ["true", "F", "no", "1"], ["2", "maybe"]),
        ({"logicalType": "date"}, ["2026-02-28"], ["2026-02-30", "28.02.2026", "epoch", "infinity", "20260228"]),
        (
            {"logicalType": "timestamp"},
            ["2026-02-28T10:00:00Z", "2026-02-28 10:00:00.123", "2026-02-28T10:00+02:00"],
            ["10:00", "2026-02-28T25:00:00", "now", "yesterday"],
        ),
        ({"logicalType": "time"}, ["10:00", "23:59:59"], ["24:61", "noon"]),
        (
            {"logicalType": "string", "logicalTypeOptions": {"minLength": 2, "maxLength": 3}},
            ["ab", "abc"],
            ["a", "abcd"],
        ),
        ({"logicalTypeOptions": {"pattern": "^[A-Z]{2}$"}}, ["DE"], ["de", "DEU"]),
        ({"logicalTypeOptions": {"minimum": 0, "exclusiveMaximum": 10}}, ["0", "9.99"], ["-1", "10", "x"]),
        ({"logicalTypeOptions": {"minimum": "2026-01-01"}}, ["2026-01-01", "2027-05-05"], ["2025-12-31", "x"]),
        ({"quality": [{"metric": "invalidValues", "arguments": {"validValues": ["kg", "g"]}}]}, ["kg"], ["KG", "lb"]),
        ({"quality": [{"rule": "invalidValues", "validValues": [1, 2]}]}, ["1", "2"], ["3", "1.0"]),
    ],
)
def test_values_that_break_their_domain_are_counted(
    tmp_path: Path, column: dict[str, object], good: list[str], bad: list[str]
) -> None:
    """Validity is the share of the values that keep it; a reader's own casts are more generous than any contract."""
    stated = contract(tmp_path, {"name": "x", **column})
    rows = "".join(f'{number},"{text}"\n' for number, text in enumerate((*good, *bad)))
    found = facts(csv(tmp_path, f"id,x\n{rows}98,\n99,\n"), contract=stated)["validity"]
    assert value(found) == pytest.approx(len(good) / (len(good) + len(bad)))
    assert found.coverage.examined == len(good) + len(bad)


@pytest.mark.parametrize(
    ("query", "logical", "expected"),
    [
        ("unnest([1, 2, NULL])", "integer", 1.0),
        ("unnest([1.0, 2.5]::DOUBLE[])", "integer", 0.5),
        ("unnest([1.0, 2.5]::DOUBLE[])", "number", 1.0),
        ("unnest(['1', 'x'])", "number", 0.5),
        ("unnest([20260228])", "date", 0.0),
        ("unnest([DATE '2026-02-28'])", "date", 1.0),
        ("unnest([TIMESTAMP '2026-02-28 10:00:00'])", "timestamp", 1.0),
        ("unnest([[1, 2], [3]])", "array", 1.0),
        ("unnest([{'a': 1}])", "object", 1.0),
        ("unnest([[1, 2], [3]])", "string", 0.0),
        ("unnest([true])", "boolean", 1.0),
    ],
)
def test_columns_that_have_a_type_are_held_to_it(tmp_path: Path, query: str, logical: str, expected: float) -> None:
    """A number that means a day is no date."""
    path = tmp_path / "crm.parquet"
    duckdb.connect().execute(f"COPY (SELECT {query} AS x) TO '{path}'")
    stated = contract(tmp_path, {"name": "x", "logicalType": logical})
    assert value(facts(path, contract=stated)["validity"]) == expected


@pytest.mark.parametrize(
    "column",
    [
        {"logicalType": "date", "logicalTypeOptions": {"format": "dd.MM.yyyy"}},
        {"logicalTypeOptions": {"pattern": "^(?=x)"}},
        {"logicalTypeOptions": {"pattern": "["}},
        {"logicalTypeOptions": {"multipleOf": 5}},
        {"logicalType": "money"},
        {"quality": [{"metric": "invalidValues", "mustBe": 0}]},
    ],
)
def test_a_domain_that_can_not_be_checked_leaves_validity_open(tmp_path: Path, column: dict[str, object]) -> None:
    """The other columns alone would only give the most that it can be."""
    stated = contract(tmp_path, {"name": "y", "logicalType": "integer"}, {"name": "x", **column})
    found = facts(csv(tmp_path, "y,x\n1,2\n"), contract=stated)["validity"]
    assert found.status is Status.NOT_EVALUABLE
    assert "1 of 2 columns" in found.reason


def test_a_pattern_takes_time_that_grows_with_the_text_only(tmp_path: Path) -> None:
    """A pattern that backtracks for years elsewhere is counted at once."""
    stated = contract(tmp_path, {"name": "x", "logicalTypeOptions": {"pattern": "^(a+)+$"}})
    began = time.perf_counter()
    file = csv(tmp_path, f"id,x\n1,{'a' * 5000}!\n2,aa\n")
    assert value(facts(file, contract=stated)["validity"]) == 0.5
    assert time.perf_counter() - began < 5


def test_a_contract_states_its_status_and_its_classification_as_a_document(tmp_path: Path) -> None:
    """These are of grade E1; coverage is of the columns that the table has, documented or not."""
    stated = contract(tmp_path, {"name": "a", "classification": "public"}, {"name": "b"})
    found = facts(csv(tmp_path, "a,b,c,d\n1,2,3,4\n"), contract=stated)
    assert (value(found["contract_status"]), found["contract_status"].grade) == ("active", Grade.E1)
    assert (value(found["classification_coverage"]), found["classification_coverage"].grade) == (0.25, Grade.E1)
    assert value(facts(Path(stated))["classification_coverage"]) == 0.5


def test_a_contract_that_classifies_nothing_states_no_coverage(tmp_path: Path) -> None:
    """No tag is not the same as nothing classified elsewhere, so it is no 0."""
    found = facts(Path(contract(tmp_path, {"name": "a"})))["classification_coverage"]
    assert found.status is Status.NOT_STATED


def test_a_promise_is_no_measurement(tmp_path: Path) -> None:
    """A latency that a contract promises does not become the lag of the data."""
    path = tmp_path / "crm.yaml"
    path.write_text(
        "kind: DataContract\napiVersion: v3.1.0\nstatus: Active\n"
        "slaProperties: [{property: latency, value: 5, unit: m}]\n"
        "team: {members: [{username: quastenflosser}, {username: b}]}\n"
        "schema: [{name: crm, properties: [{name: id}]}]\n"
    )
    found = collected(csv(tmp_path, "id\n1\n"), path)
    lag = next(fact for fact in found.facts if fact.fact == "source.freshness_lag_p95")
    assert lag.status is Status.NOT_STATED
    assert "promises 1 service levels" in lag.reason
    assert "quastenflosser" not in str(found)
    assert any("2 members" in note for note in found.notes)


def test_of_several_tables_the_one_with_the_name_of_the_file_is_taken(tmp_path: Path) -> None:
    """Or the one that is named; without either it is asked for."""
    path = tmp_path / "all.odcs.yaml"
    tables = "".join(f"  - {{name: {name}, properties: [{{name: id, primaryKey: true}}]}}\n" for name in ("crm", "erp"))
    path.write_text(f"kind: DataContract\napiVersion: v3.0.2\nstatus: draft\nschema:\n{tables}")
    assert value(facts(csv(tmp_path, "id\n1\n"), contract=str(path))["uniqueness"]) == 1.0
    other = csv(tmp_path, "id\n1\n", "export.csv")
    assert value(facts(other, contract=str(path), table="erp")["uniqueness"]) == 1.0
    with pytest.raises(OptionError, match="describes several tables"):
        collected(other, contract=str(path))
    with pytest.raises(OptionError, match="did you mean erp"):
        collected(other, contract=str(path), table="epr")


@pytest.mark.parametrize(
    "text",
    [
        "kind: Deployment\n",
        "kind: DataContract\napiVersion: v2.2.2\n",
        "kind: DataContract\nkind: DataContract\napiVersion: v3.1.0\n",
        "kind: DataContract\napiVersion: v3.1.0\na: &a [x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a]\n"
        + "".join(f"c{n}: &c{n} [{', '.join(['*b' if n == 0 else f'*c{n - 1}'] * 9)}]\n" for n in range(9)),
        "[" * 5000,
        "\x00",
        "- a\n",
        "kind: DataContract\n--- \nkind: DataContract\n",
    ],
)
def test_a_file_that_is_no_contract_is_refused_quickly(tmp_path: Path, text: str) -> None:
    """Bombs of aliases and nesting are refused, as is what is of another kind or version."""
    path = tmp_path / "x.yaml"
    path.write_text(text)
    began = time.perf_counter()
    with pytest.raises(ArtefactError):
        collected(csv(tmp_path, "id\n1\n"), contract=str(path))
    assert time.perf_counter() - began < 5


def test_a_contract_with_hundreds_of_keys_and_columns_keeps_its_notes_few(tmp_path: Path) -> None:
    """Each is counted; the first twenty are told one by one."""
    names = [f"c{number}" for number in range(120)]
    stated = contract(tmp_path, *({"name": name, "unique": True, "criticalDataElement": True} for name in names))
    found = collected(
        csv(tmp_path, ",".join(names) + "\n" + "\n".join(",".join([n] * 120) for n in "12")), contract=stated
    )
    assert sum(note.startswith("key ") for note in found.notes) == 20
    assert {fact.value for fact in found.facts if fact.fact == "source.uniqueness"} == {1.0}


def test_a_contract_is_known_by_its_content_and_brings_the_file_of_its_name(tmp_path: Path) -> None:
    """CSV and Parquet do not say what is a key, so they are only proposed."""
    path, file = Path(contract(tmp_path, {"name": "id"})), csv(tmp_path, "id\n1\n")
    seen = COLLECTOR.recognises(path, path.read_bytes())
    assert seen is not None
    assert (seen.id, seen.confidence, seen.along) == ("crm", "high", (file,))
    table = COLLECTOR.recognises(file, file.read_bytes())
    assert table is not None
    assert (table.confidence, table.needs) == ("low", ("critical", "key"))
    for name in ("x.yaml", "x.png", "x.json"):
        assert COLLECTOR.recognises(tmp_path / name, b"kind: Pod\n") is None


TOKENS = [{"metric": "missingValues", "arguments": {"missingValues": ["?"]}}]


@pytest.mark.parametrize(
    ("columns", "options", "expected"),
    [
        ([{"name": "a"}], {}, Status.NOT_STATED),
        ([{"name": "a", "criticalDataElement": True}], {}, Status.NOT_STATED),
        ([{"name": "a", "criticalDataElement": True, "quality": TOKENS}], {}, True),
        (
            [
                {"name": "a", "criticalDataElement": True, "quality": TOKENS},
                {"name": "b", "criticalDataElement": True},
            ],
            {},
            Status.NOT_STATED,
        ),
        ([{"name": "a", "criticalDataElement": True}], {"null_token": ("?",)}, True),
        ([{"name": "a", "criticalDataElement": True}], {"no_null_tokens": True}, True),
    ],
    ids=["none critical", "silent", "declared", "one silent", "told", "told that there are none"],
)
@pytest.mark.parametrize("table", [True, False], ids=["with the table", "alone"])
def test_what_stands_for_nothing_is_declared_or_not_stated(
    tmp_path: Path, columns: list[dict[str, object]], options: dict[str, bool | tuple[str, ...]], expected: object,
    table: bool,
) -> None:  # fmt: skip
    """It is a document's word, of each critical column; options speak of a table only, and silence is never no."""
    stated = contract(tmp_path, *columns)
    if table:
        found = facts(csv(tmp_path, "a,b\n1,2\n"), contract=stated, **options)["null_policy_declared"]
    elif options:
        return
    else:
        found = facts(Path(stated))["null_policy_declared"]
    assert (found.value if found.status is Status.STATED else found.status) == expected
    assert found.grade is Grade.E1


def test_a_critical_column_that_is_not_there_has_no_policy(tmp_path: Path) -> None:
    """What stands for nothing in a column that the table lacks can not be said."""
    stated = contract(tmp_path, {"name": "z", "criticalDataElement": True, "quality": TOKENS})
    found = facts(csv(tmp_path, "a\n1\n"), contract=stated)["null_policy_declared"]
    assert found.status is Status.NOT_EVALUABLE
