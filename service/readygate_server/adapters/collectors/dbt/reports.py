"""Result files of Great Expectations and of datacontract-cli, as runs of checks.

Both hold samples of the data, SQL and names of servers. Counts are taken, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

from readygate_server.adapters.collectors.dbt.checks import Asks, Check, Outcome, Results, Run
from readygate_server.adapters.collectors.dbt.reading import Json, count, items, mapping, moment, text

_EXPECTS: Final = {
    "expect_column_values_to_not_be_null": Asks.PRESENT,
    "expect_column_values_to_be_unique": Asks.UNIQUE,
    "expect_compound_columns_to_be_unique": Asks.UNIQUE,
    "expect_column_values_to_be_in_set": Asks.IN_DOMAIN,
    "expect_column_values_to_match_regex": Asks.IN_DOMAIN,
    "expect_column_values_to_match_regex_list": Asks.IN_DOMAIN,
    "expect_column_values_to_match_strftime_format": Asks.IN_DOMAIN,
    "expect_column_values_to_be_between": Asks.IN_DOMAIN,
    "expect_column_values_to_be_dateutil_parseable": Asks.IN_DOMAIN,
    "expect_column_value_lengths_to_be_between": Asks.IN_DOMAIN,
    "expect_column_value_lengths_to_equal": Asks.IN_DOMAIN,
}
_CONTRACT: Final = {
    "field_required": (Asks.PRESENT, "missing_count"),
    "field_unique": (Asks.UNIQUE, "duplicate_count"),
    "field_enum": (Asks.IN_DOMAIN, "invalid_count"),
    "field_regex": (Asks.IN_DOMAIN, "invalid_count"),
    "field_minimum": (Asks.IN_DOMAIN, "invalid_count"),
    "field_maximum": (Asks.IN_DOMAIN, "invalid_count"),
    "field_min_length": (Asks.IN_DOMAIN, "invalid_count"),
    "field_max_length": (Asks.IN_DOMAIN, "invalid_count"),
}
_RESULTS: Final = {
    "passed": Outcome.PASSED,
    "failed": Outcome.FAILED,
    "warning": Outcome.WARNED,
    "error": Outcome.ERRORED,
}


def expectation_results(files: Iterable[Json]) -> Results:
    """Reads results of validations, and those of checkpoints, which hold several."""
    read = tuple(files)
    runs: dict[tuple[str, datetime | None], Run] = {}
    for file in read:
        for place, report in enumerate(_validations(file.data)):
            meta = mapping(report.get("meta"))
            at = _validated(meta)
            checks = tuple(_expectation(each, number) for number, each in enumerate(items(report.get("results"))))
            run = Run(f"{file.artefact.digest}#{place}", at, checks)
            runs.setdefault((run.id, at), run)
    return Results("great_expectations", tuple(each.artefact for each in read), _ordered(runs.values()))


def contract_results(files: Iterable[Json]) -> Results:
    """Reads results of `datacontract test`."""
    read = tuple(files)
    runs: dict[str, Run] = {}
    for file in read:
        checks = tuple(_contract_check(each, number) for number, each in enumerate(items(file.data.get("checks"))))
        run = Run(text(file.data.get("runId")) or file.artefact.digest, moment(file.data.get("timestampEnd")), checks)
        runs.setdefault(run.id, run)
    return Results("datacontract", tuple(each.artefact for each in read), _ordered(runs.values()))


def _ordered(runs: Iterable[Run]) -> tuple[Run, ...]:
    return tuple(sorted(runs, key=lambda each: (each.at is not None, each.at.timestamp() if each.at else 0, each.id)))


def _validations(data: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    runs = data.get("run_results")
    if not isinstance(runs, dict):
        yield data
        return
    for each in runs.values():
        found = mapping(each)
        yield mapping(found.get("validation_result")) or found


def _validated(meta: Mapping[str, object]) -> datetime | None:
    """Returns when data was validated: `run_id` was a text until version 0.10."""
    run = meta.get("run_id")
    stated = (meta.get("validation_time"), mapping(run).get("run_time"), run)
    return next(filter(None, map(moment, stated)), None)


def _expectation(result: Mapping[str, object], number: int) -> Check:
    config = mapping(result.get("expectation_config"))
    keywords = mapping(config.get("kwargs"))
    counts = mapping(result.get("result"))
    raised = _raised(mapping(result.get("exception_info")))
    outcome = Outcome.PASSED if result.get("success") is True else Outcome.FAILED
    asks = _EXPECTS.get(text(config.get("type")) or text(config.get("expectation_type")), Asks.OTHER)
    if asks is Asks.IN_DOMAIN and keywords.get("value_set", "stated") in ([], None):
        asks = Asks.OTHER  # an empty set is no domain: profilers leave it to be filled in
    elements, missing = count(counts.get("element_count")), count(counts.get("missing_count")) or 0
    columns = keywords.get("column_list") if "column_list" in keywords else [keywords.get("column")]
    there = None if elements is None else elements if asks is Asks.PRESENT else elements - missing
    return Check(
        id=str(number),
        asks=asks,
        node="",
        columns=tuple(each for each in (columns if isinstance(columns, list) else ()) if isinstance(each, str)),
        outcome=Outcome.ERRORED if raised else outcome,
        failing=None if raised else count(counts.get("unexpected_count")),
        of=there,
        part=bool(keywords.get("row_condition")),
        empty=0 if asks is Asks.PRESENT else missing,
    )


def _raised(info: Mapping[str, object]) -> bool:
    """True when an expectation could not be evaluated; with several metrics there is one entry for each."""
    nested = (mapping(each) for each in info.values())
    return info.get("raised_exception") is True or any(each.get("raised_exception") is True for each in nested)


def _contract_check(check: Mapping[str, object], number: int) -> Check:
    asks, metric = _CONTRACT.get(text(check.get("type")), (Asks.OTHER, ""))
    outcome = _RESULTS.get(text(check.get("result")).lower(), Outcome.NOT_RUN)
    numbers = mapping(check.get("diagnostics"))
    counted = count(numbers.get("value")) if numbers.get("metric", metric) == metric else None
    failing = 0 if outcome is Outcome.PASSED and counted is None else counted
    field = text(check.get("field"))
    return Check(
        id=str(number),
        asks=asks,
        node=text(check.get("model")),
        columns=(field,) if field else (),
        outcome=outcome,
        failing=failing,
        of=count(numbers.get("row_count")),
    )
