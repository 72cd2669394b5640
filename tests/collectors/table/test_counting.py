"""What is missing, there twice, or leads nowhere is counted exactly, and what nobody declared is not guessed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.collectors.table.telling import collected, contract, csv, facts, value

from readygate_server.adapters.collectors.port import ArtefactError, OptionError
from readygate_server.domain.collected import Status
from readygate_server.domain.vocabulary import Grade

duckdb = pytest.importorskip("duckdb", reason="the extra collect-table is not installed")


def test_completeness_is_that_of_the_worst_critical_column(tmp_path: Path) -> None:
    """Of two critical columns the one with more gaps decides, and a column that is not critical does not count."""
    file = csv(tmp_path, "a,b,c\n1,x,\n2,,\n3,z,\n4,w,\n")
    found = facts(file, critical=("a", "b"))["completeness"]
    assert value(found) == 0.75
    assert found.grade is Grade.E2
    assert (found.coverage.examined, found.coverage.skipped) == (8, 0)


def test_nulls_and_missing_values_are_both_told(tmp_path: Path) -> None:
    """A blank is no null but missing, a declared token as well; completeness is of the missing values."""
    found = collected(csv(tmp_path, 'a\n1\n""\n  \nNA\n5\n'), critical=("a",), null_token=("NA",))
    assert "critical column 1 of 1: nullValues 1, missingValues 3 of 5" in found.notes
    assert value(facts(tmp_path / "crm.csv", critical=("a",), null_token=("NA",))["completeness"]) == 0.4


@pytest.mark.parametrize("token", ["NA", "n/a", "null", "None", "\\N", "-", "nan", "#N/A"])
def test_what_may_stand_for_nothing_leaves_completeness_open_until_it_is_declared(tmp_path: Path, token: str) -> None:
    """A well-known token is a gap in one file and a name in the next, so both numbers are told and none is taken."""
    file = csv(tmp_path, f"city\nRome\n{token}\nOslo\nLima\n")
    found = facts(file, critical=("city",))["completeness"]
    assert found.status is Status.NOT_EVALUABLE
    assert "0.7500 or 1.0000" in found.reason
    assert value(facts(file, critical=("city",), null_token=(token,))["completeness"]) == 0.75
    assert value(facts(file, critical=("city",), no_null_tokens=True)["completeness"]) == 1.0


def test_the_same_table_as_csv_and_as_parquet_gives_the_same_facts(tmp_path: Path) -> None:
    """With the tokens declared, what pandas made null and what is still a text count alike."""
    file = csv(tmp_path, "id,age\n1,29\n2,NA\n3,NA\n4,40\n5,\n")
    parquet = tmp_path / "crm.parquet"
    duckdb.connect().read_csv(str(file), na_values=["NA", ""]).to_parquet(str(parquet))
    of_csv = facts(file, critical=("age",), key=("id",), null_token=("NA",))
    of_parquet = facts(parquet, critical=("age",), key=("id",), null_token=("NA",))
    assert {name: each.value for name, each in of_csv.items()} == {
        name: each.value for name, each in of_parquet.items()
    }
    assert value(of_csv["completeness"]) == pytest.approx(0.4)


def test_what_is_no_number_is_missing(tmp_path: Path) -> None:
    """NaN in a column of numbers is no value, though it is no null."""
    path = tmp_path / "crm.parquet"
    duckdb.connect().execute(f"COPY (SELECT unnest([1.0, 'nan'::DOUBLE, NULL, 4.0]) AS x) TO '{path}'")
    found = collected(path, critical=("x",), no_null_tokens=True)
    assert "critical column 1 of 1: nullValues 1, missingValues 2 of 4" in found.notes


def test_without_a_declaration_nothing_is_stated(tmp_path: Path) -> None:
    """A table alone says neither what is critical nor what is a key, whatever happens to be unique."""
    found = facts(csv(tmp_path, "id,name\n1,a\n2,b\n"))
    assert {each.status for each in found.values()} == {Status.NOT_STATED}
    assert all(each.value is None and each.reason for each in found.values())


def test_a_table_without_rows_is_neither_complete_nor_unique(tmp_path: Path) -> None:
    """No row is no evidence, so nothing is 0 or 1."""
    found = facts(csv(tmp_path, "id,name\n"), critical=("name",), key=("id",))
    assert {found[name].status for name in ("completeness", "uniqueness")} == {Status.NOT_EVALUABLE}


def test_uniqueness_is_different_keys_by_rows(tmp_path: Path) -> None:
    """A key that is there three times leaves one row of three; a row without a whole key is told apart from none."""
    file = csv(tmp_path, "a,b\n1,x\n1,x\n1,x\n2,x\n,x\n")
    assert value(facts(file, key=("a",))["uniqueness"]) == pytest.approx(2 / 5)
    assert value(facts(file, key=("a", "b"))["uniqueness"]) == pytest.approx(2 / 5)
    assert (
        "key 1 of 1: 2 different in 5 rows, duplicateValues 2, 1 rows without a whole key"
        in collected(file, key=("a",)).notes
    )


@pytest.mark.parametrize("name", ["__index_level_0__", "Unnamed: 0"])
def test_the_number_of_a_row_is_no_key(tmp_path: Path, name: str) -> None:
    """The column in which pandas numbers the rows is unique whatever the rows say."""
    found = facts(csv(tmp_path, f"{name},x\n0,a\n1,a\n"), key=(name,))["uniqueness"]
    assert found.status is Status.NOT_EVALUABLE


def test_a_first_column_without_a_name_is_the_number_of_a_row(tmp_path: Path) -> None:
    """R and pandas write the numbers of rows under an empty name; in a file without a header it is a column."""
    assert facts(csv(tmp_path, ",x\n0,a\n1,a\n"), key=("column0",))["uniqueness"].status is Status.NOT_EVALUABLE
    headless = facts(csv(tmp_path, "7,a\n8,a\n"), key=("column0",), no_header=True)
    assert value(headless["uniqueness"]) == 1.0


@settings(max_examples=25)
@given(keys=st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["", "x", "y"])), min_size=1, max_size=30))
def test_keys_are_counted_as_a_set_counts_them(
    tmp_path_factory: pytest.TempPathFactory, keys: list[tuple[int, str]]
) -> None:
    """Whatever the rows, the count is that of the different whole keys."""
    file = csv(tmp_path_factory.mktemp("keys"), "a,b\n" + "".join(f"{a},{b}\n" for a, b in keys))
    whole = {key for key in keys if key[1]}
    assert value(facts(file, key=("a", "b"))["uniqueness"]) == pytest.approx(len(whole) / len(keys))


def test_references_lead_into_another_file(tmp_path: Path) -> None:
    """A value that the other file does not have leads nowhere; a missing one does not refer at all."""
    orders = csv(tmp_path, "id,customer\n1,a\n2,b\n3,c\n4,\n", "orders.csv")
    customers = csv(tmp_path, "id\na\nb\nb\n", "customers.csv")
    found = facts(orders, customers, reference=("customer=customers.csv:id",))["referential_integrity"]
    assert value(found) == pytest.approx(2 / 3)
    assert found.coverage.examined == 3


def test_the_latest_moment_dates_the_facts_and_sentinels_do_not(tmp_path: Path) -> None:
    """The end of time is no record, and a moment with an offset is one moment in UTC."""
    file = csv(tmp_path, "id,at\n1,2026-03-01T10:00:00+02:00\n2,2026-03-01T08:30:00Z\n3,9999-12-31T00:00:00Z\n")
    assert facts(file, key=("id",), recorded_at="at")["uniqueness"].as_of == datetime(2026, 3, 1, 8, 30, tzinfo=UTC)


def test_a_moment_without_a_zone_dates_nothing_until_the_zone_is_told(tmp_path: Path) -> None:
    """Eight in the morning is two moments in Berlin and in New York."""
    file = csv(tmp_path, "id,at\n1,2026-07-01 08:00:00\n")
    assert facts(file, key=("id",), recorded_at="at")["uniqueness"].as_of is None
    dated = facts(file, key=("id",), recorded_at="at", timezone="Europe/Berlin")["uniqueness"]
    assert dated.as_of == datetime(2026, 7, 1, 6, tzinfo=UTC)
    assert facts(file, key=("id",), as_of="2026-07-02")["uniqueness"].as_of == datetime(2026, 7, 2, tzinfo=UTC)


def _lags(days: int, minutes: int) -> str:
    rows = (f"2026-03-{day:02} 08:00:00,2026-03-{day:02} 08:{minutes:02}:00\n" for day in range(1, days + 1))
    return "happened,arrived\n" + "".join(rows)


def test_the_lag_needs_arrivals_on_fourteen_days(tmp_path: Path) -> None:
    """Over fewer days, such as one load of everything, there is no lag to be had."""
    few = facts(csv(tmp_path, _lags(13, 7)), recorded_at="happened", loaded_at="arrived")["freshness_lag_p95"]
    assert few.status is Status.NOT_EVALUABLE
    enough = facts(csv(tmp_path, _lags(14, 7)), recorded_at="happened", loaded_at="arrived")["freshness_lag_p95"]
    assert value(enough) == 7.0


def test_what_arrives_before_it_happens_gives_no_lag(tmp_path: Path) -> None:
    """A negative lag shows that two clocks or zones were mixed, so the others are not to be trusted either."""
    file = csv(tmp_path, _lags(20, 7) + "2026-03-20 09:00:00,2026-03-20 08:00:00\n")
    found = facts(file, recorded_at="happened", loaded_at="arrived")["freshness_lag_p95"]
    assert found.status is Status.NOT_EVALUABLE
    assert "1 rows arrived before they happened" in found.reason


def test_moments_with_and_without_a_zone_are_not_compared(tmp_path: Path) -> None:
    """Neither for a lag nor for the latest; one zone for both columns is what a lag needs."""
    file = csv(tmp_path, _lags(20, 7).replace(":07:00\n", ":07:00Z\n"))
    found = facts(file, recorded_at="happened", loaded_at="arrived")["freshness_lag_p95"]
    assert found.status is Status.NOT_EVALUABLE
    assert "14 rows state a zone in one" in found.reason
    mixed = csv(tmp_path, "id,at\n1,2026-07-01 08:00:00\n2,2026-07-01T09:00:00Z\n")
    assert facts(mixed, key=("id",), recorded_at="at", timezone="Europe/Berlin")["uniqueness"].as_of is None


@pytest.mark.parametrize(("rows", "gaps"), [(1000, 5), (100, 1), (50, 1), (300, 3), (7000, 70), (1100, 22), (2900, 58)])
def test_a_share_on_a_threshold_meets_it(tmp_path: Path, rows: int, gaps: int) -> None:
    """995 of 1,000 are 0.995 and not a bit less."""
    file = csv(tmp_path, "a,b\n" + "".join(f"{number},{'' if number < gaps else 1}\n" for number in range(rows)))
    assert value(facts(file, critical=("b",))["completeness"]) == float(f"{1 - gaps / rows:.6f}")


def test_a_reference_into_a_column_that_is_not_there_is_told(tmp_path: Path) -> None:
    """The file is there, the column is not."""
    orders, customers = csv(tmp_path, "id,customer\n1,a\n", "orders.csv"), csv(tmp_path, "id\na\n", "customers.csv")
    with pytest.raises(OptionError, match="no such column"):
        collected(orders, customers, reference=("customer=customers.csv:number",))
    with pytest.raises(ArtefactError, match="is not known"):
        collected(orders, customers, reference=("customer=suppliers.csv:id",))


def test_columns_that_are_not_there_are_all_told_at_once(tmp_path: Path) -> None:
    """Every wrong name is a fault; the names of the file, which may be values where it has no header, are not told."""
    file = csv(tmp_path, "secret,other\n1,2\n")
    with pytest.raises(OptionError) as caught:
        collected(file, key=("x",), critical=("y", "z"))
    assert [fault.place for fault in caught.value.faults] == ["--key", "--critical", "--critical"]
    assert "secret" not in str(caught.value)


def test_twice_the_same_is_the_same_but_for_nothing(tmp_path: Path) -> None:
    """Two runs over the same bytes give equal results, whatever the threads did."""
    file = csv(tmp_path, "id,x\n" + "".join(f"{n % 700},{n % 3}\n" for n in range(5000)))
    stated = contract(tmp_path, {"name": "x", "logicalType": "integer", "criticalDataElement": True})
    runs = [collected(file, key=("id",), contract=stated, no_null_tokens=True) for _ in range(3)]
    assert runs[0] == runs[1] == runs[2]
