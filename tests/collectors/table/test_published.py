"""Published tables and contracts give what another program found, or the difference is explained."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.collectors.inputs import Input, artefact
from tests.collectors.table.telling import collected, facts, value

from readygate_server.adapters.collectors.table.contract import read_contract
from readygate_server.adapters.collectors.table.counts import Presence
from readygate_server.adapters.collectors.table.files import CsvOptions, open_files
from readygate_server.domain.collected import Status

pytest.importorskip("duckdb", reason="the extra collect-table is not installed")

TABLES = (
    "data/airports.dat",
    "Titanic.csv",
    "Titanic.parquet",
    "yellow_tripdata_sample_2019-02.csv",
    "yellow_tripdata_sample_2019-03.csv",
    "raw_customers.csv",
)
TOKENS = ("NA", "N/A", "\\N", "null", "Null", "None", "nan", "Nan", "NAN", "UNK", "-", "?")
"""What the other program took for nothing in every column, without asking and without regard to capitals.

So it has two codes of airports for gaps, NAN (Nadi, Fiji) and UNK (Unalakleet, Alaska), and a city, Nan in Thailand.
"""


@pytest.mark.parametrize("name", TABLES)
def test_rows_and_gaps_are_those_of_the_second_opinion(name: str) -> None:
    """Rows, columns, nulls and tokens agree column by column, to the four digits that the other program gives."""
    found = artefact("table", name)
    opinion = found.second_opinion
    header = "airports" not in name
    with open_files((found.path,), {}, CsvOptions(header=header)) as table:
        columns = {column.name: column for column in table.columns}
        assert (table.rows, len(columns)) == (opinion["rows"], opinion["cols"])
        names = _by_our_name(opinion, list(columns))
        wanted = [Presence(columns[ours], TOKENS) for ours in names]
        counts = dict(zip(names, table.absent(wanted), strict=True))
    for ours, their in names.items():
        stated = opinion["columns"][their]
        nulls, missing = counts[ours].nulls / opinion["rows"], counts[ours].missing / opinion["rows"]
        assert round(1 - nulls, 4) == stated["completeness"], ours
        assert missing - nulls == pytest.approx(stated["sentinel"], abs=5.1e-5), ours


def _by_our_name(opinion: dict[str, object], columns: list[str]) -> dict[str, str]:
    stated = opinion["columns"]
    assert isinstance(stated, dict)
    return dict(zip(columns, stated, strict=True))


@pytest.mark.parametrize("name", TABLES)
def test_keys_are_those_of_the_second_opinion_but_for_numbers_of_rows(name: str) -> None:
    """What it calls a candidate key is unique, unless pandas or R wrote it to number the rows: then nothing is said."""
    found = artefact("table", name)
    told: dict[str, bool] = {"no_header": True} if "airports" in name else {}
    for key in found.second_opinion["candidate_keys"]:
        ours = f"column{int(key[6:])}" if "airports" in name else key
        fact = facts(found.path, key=(ours,), **told)["uniqueness"]
        if name.startswith("Titanic"):
            assert fact.status is Status.NOT_EVALUABLE
        else:
            assert value(fact) == 1.0


def test_the_same_passengers_are_complete_to_58_percent_in_both_formats() -> None:
    """Read as CSV the ages look complete until NA is declared; the second opinion has 1.0 there, and 0.5758 here."""
    text, typed = artefact("table", "Titanic.csv"), artefact("table", "Titanic.parquet")
    undeclared = facts(text.path, critical=("Age",))["completeness"]
    assert undeclared.status is Status.NOT_EVALUABLE
    assert "0.5758 or 1.0000" in undeclared.reason
    declared = facts(text.path, critical=("Age",), null_token=("NA",))["completeness"]
    assert value(declared) == value(facts(typed.path, critical=("Age",))["completeness"])
    assert declared.value == pytest.approx(756 / 1313)


def test_cities_called_nan_and_null_are_not_taken_for_gaps() -> None:
    """Openflights has an airport in Nan (Thailand), so the column stays open until somebody says what is a gap."""
    found = artefact("table", "data/airports.dat")
    undeclared = facts(found.path, no_header=True, critical=("column2",))["completeness"]
    assert undeclared.status is Status.NOT_EVALUABLE
    assert value(facts(found.path, no_header=True, critical=("column4",), null_token=("\\N",))["completeness"]) == (
        pytest.approx(1 - 1626 / 7698)
    )
    taken = facts(found.path, no_header=True, critical=("column2",), no_null_tokens=True)["completeness"]
    assert value(taken) == pytest.approx(found.second_opinion["columns"]["column02"]["completeness"], abs=5e-5)


def test_a_file_with_one_other_line_end_is_read_leniently() -> None:
    """Of the 2019-02 sample 10,000 lines end in CR LF and one in LF; the rows are those of the second opinion."""
    february, march = (artefact("table", f"yellow_tripdata_sample_2019-0{month}.csv") for month in (2, 3))
    assert _strict(february) == "no"
    assert _strict(march) == "yes"


def _strict(found: Input) -> str:
    return dict(facts(found.path, critical=("vendor_id",))["completeness"].parameters)["strict"]


@pytest.mark.parametrize(
    ("name", "column", "latest"),
    [
        ("yellow_tripdata_sample_2019-02.csv", "pickup_datetime", "2019-03-01T04:56:53+00:00"),
        ("yellow_tripdata_sample_2019-03.csv", "dropoff_datetime", "2019-04-13T18:01:19+00:00"),
    ],
)
def test_the_latest_record_is_that_of_the_second_opinion(name: str, column: str, latest: str) -> None:
    """It gives the moment without a zone; trips in New York are four or five hours behind UTC."""
    found = artefact("table", name)
    stated = found.second_opinion["columns"][column]["max"]
    as_of = facts(found.path, critical=("vendor_id",), recorded_at=column, timezone="America/New_York")
    assert as_of["completeness"].as_of is not None
    assert as_of["completeness"].as_of.isoformat() == latest
    utc = facts(found.path, critical=("vendor_id",), recorded_at=column, timezone="UTC")["completeness"].as_of
    assert utc is not None
    assert utc.strftime("%Y-%m-%d %H:%M:%S") == stated


def test_the_full_example_of_odcs_is_read() -> None:
    """There is no second opinion: what is expected was read off the file by eye."""
    found = artefact("odcs", "full-example.odcs.yaml")
    contract = read_contract(found.path, "receivers")
    assert contract.status == "active"
    assert contract.table is not None
    assert contract.table.keys == (("id", "country_code"), ("id",))
    assert (contract.members, contract.promises, contract.table.references) == (3, 1, 1)
    told = collected(found.path, table="tbl")
    assert {fact.fact: fact.value for fact in told.facts} == {
        "source.classification_coverage": 1.0,
        "source.contract_status": "active",
        "source.null_policy_declared": None,
    }
    for person in ("ceastwood", "mhopper", "daustin"):
        assert person not in str(told)


def test_a_contract_of_service_levels_only_states_its_status() -> None:
    """It describes no table, so no classification is stated."""
    found = facts(artefact("odcs", "database-table-sla.odcs.yaml").path)
    assert value(found["contract_status"]) == "active"
    assert found["classification_coverage"].status is Status.NOT_STATED


def test_customers_of_jaffle_shop_share_names_and_no_ids() -> None:
    """Somebody else's run of a contract found five names there twice; nulls and tokens are absent."""
    path = Path(artefact("table", "raw_customers.csv").path)
    assert value(facts(path, key=("id",), critical=("id", "name"))["completeness"]) == 1.0
    assert "duplicateValues" in " ".join(collected(path, key=("name",)).notes)
