"""Published logs give what their publishers and another program say of them, or the test says why not."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from tests.collectors.eventlog.logs import (
    CASES,
    EXCEPTIONS,
    REWORK,
    STABLE,
    VARIANTS,
    WEEKS,
    collected,
    fact,
    note,
    values,
)
from tests.collectors.inputs import artefact

from readygate_server.adapters.collectors.eventlog import COLLECTOR
from readygate_server.adapters.collectors.eventlog.drift import drift_of
from readygate_server.adapters.collectors.eventlog.log import STANDARD, EventLog
from readygate_server.adapters.collectors.eventlog.tables import read_csv, read_parquet
from readygate_server.adapters.collectors.eventlog.times import Clock, moment_of
from readygate_server.adapters.collectors.eventlog.traces import (
    DAY,
    coverage,
    covering,
    policy_of,
    quantile,
    reworked,
    traces_of,
)
from readygate_server.adapters.collectors.eventlog.xes import read_xes

LOGS = (
    "running-example.xes",
    "running-example.csv",
    "receipt.csv",
    "receipt.parquet",
    "08_receipt.xes.gz",
    "bpic2012.xes.gz",
    "helpdesk.xes.gz",
    "02_teleclaims.xes.gz",
    "reviewing.xes",
    "13_SEPSIS_1t_per_variant.xes.gz",
)
ZONES = {"receipt.parquet": "Europe/Amsterdam"}
"""Of a municipality there, as the offsets of the same log as CSV say; the Parquet file says none."""


def _read(name: str, path: Path) -> EventLog:
    clock = Clock(ZONES.get(name, ""))
    if name.endswith(".csv"):
        return read_csv(path, STANDARD, clock, ",", "utf-8-sig", lambda *_: None)
    if name.endswith(".parquet"):
        pytest.importorskip("duckdb", reason="the extra collect-eventlog is not installed")
        return read_parquet(path, STANDARD, clock, lambda *_: None)
    return read_xes(path, STANDARD, clock, "", lambda *_: None)


@pytest.mark.parametrize("name", LOGS)
def test_counts_agree_with_another_program(name: str) -> None:
    """Cases, events, variants, coverage, rework, ties, durations and resources are the same to its last digit."""
    given = artefact("eventlog", name)
    log = _read(name, given.path)
    traces = traces_of(log, policy_of(log, ""))
    variants, cases = traces.variants, len(traces.all)
    took = sorted(trace.end - trace.start for trace in traces.all)
    resources = {resource for _, _, resource in log.kinds if resource}
    ours: dict[str, Any] = {
        "cases": traces.cases,
        "events": log.read,
        "empty_cases": traces.empty,
        "out_of_order_events": traces.disordered,
        "tied_ts_share": round(traces.ties / traces.events, 4),
        "activities": len({activity for shape in traces.shapes for activity in shape}),
        "variants": len(traces.shapes),
        "top1": round(coverage(variants, 1), 4),
        "top5": round(coverage(variants, 5), 4),
        "top10": round(coverage(variants, 10), 4),
        "var80": covering(variants, 80),
        "singleton_case_share": round(sum(count == 1 for count in variants.values()) / cases, 4),
        "rework_case_share": round(reworked(traces) / cases, 4),
        "resources": len(resources),
    }
    assert ours == {key: given.second_opinion[key] for key in ours}
    assert took[-1] / DAY == pytest.approx(given.second_opinion["tt_days"]["max"], abs=_longest(name))
    # It takes a neighbour of the rank that we take for a percentile of few cases: both are given room of 2 %.
    p95 = given.second_opinion["tt_days"]["p95"]
    assert quantile(took, 0.93) / DAY - 0.001 <= p95 <= quantile(took, 0.97) / DAY + 0.001
    span = [moment_of(min(t.start for t in traces.all)), moment_of(max(t.end for t in traces.all))]
    assert [each.date().isoformat() for each in span] == given.second_opinion["span"]


def _longest(name: str) -> float:
    """Returns how far the longest case may be off: without timezone the other program counts one hour of summer."""
    return 0.11 if name == "receipt.parquet" else 0.051


@pytest.mark.parametrize("name", [name for name in LOGS if not name.startswith("running")])
def test_drift_agrees_with_another_program(name: str) -> None:
    """The distance is the same to three digits; what chance gives is near, for it split the log by other dice."""
    given = artefact("eventlog", name)
    log = _read(name, given.path)
    drift = drift_of(traces_of(log, policy_of(log, "")))
    assert drift is not None
    assert drift.distance == pytest.approx(given.second_opinion["drift_jsd_q1q4"], abs=0.001)
    assert drift.by_chance == pytest.approx(given.second_opinion["drift_null"], rel=0.3)
    assert drift.moved is (given.second_opinion["drift_jsd_q1q4"] > 1.5 * given.second_opinion["drift_null"])


def test_bpic_2012_has_its_published_figures() -> None:
    """13,087 cases and 262,200 events, of which completions count, and rework is not inflated by starts."""
    given = artefact("eventlog", "bpic2012.xes.gz")
    began = time.process_time()
    found = collected(given.path)
    used = time.process_time() - began
    assert fact(found, CASES).value == 13_087
    assert fact(found, CASES).coverage.examined == 262_200
    assert [fact(found, name).value for name in (WEEKS, VARIANTS, REWORK)] == [23, 1719, 0.536334]
    assert fact(collected(given.path, lifecycle="all"), REWORK).value == pytest.approx(0.738, abs=0.0005)
    assert "W_" not in repr(found)
    # 2.0 to 2.9 s on the machine that the figure of docs is from; the bound is for a machine that does other work.
    assert used < 10


def test_receipt_says_the_same_in_three_formats() -> None:
    """CSV, compressed XES and Parquet of one log, the last told where its timestamps were written."""
    pytest.importorskip("duckdb", reason="the extra collect-eventlog is not installed")
    names = ("receipt.csv", "08_receipt.xes.gz", "receipt.parquet")
    found = [
        collected(
            artefact("eventlog", name).path,
            end_activity=("T10 Determine necessity to stop indication",),
            exception_activity=("T20 Print report Y to stop indication",),
            **({"timezone": ZONES[name]} if name in ZONES else {}),
        )
        for name in names
    ]
    assert fact(found[0], CASES).value == 1_434
    assert fact(found[0], EXCEPTIONS).value is not None
    assert fact(found[0], STABLE).value is not None
    assert values(found[0]) == values(found[1]) == values(found[2])


def test_teleclaims_has_placeholder_dates() -> None:
    """The other program gives a span of no days in 1970; here it is not evaluable, and variants still are."""
    found = collected(artefact("eventlog", "02_teleclaims.xes.gz").path)
    assert "46,138 of 46,138 timestamps are placeholders" in fact(found, WEEKS).reason
    assert (fact(found, VARIANTS).value, fact(found, REWORK).value) == (9, 0.0)
    assert fact(found, CASES).as_of is None


@pytest.mark.parametrize("name", ["13_SEPSIS_1t_per_variant.xes.gz", "running-example.xes", "running-example.csv"])
def test_one_case_per_variant_is_refused(name: str) -> None:
    """The other program gives shares, with a flag for the larger log; here nothing rests on them."""
    given = artefact("eventlog", name)
    found = collected(given.path)
    assert fact(found, CASES).value == given.second_opinion["variants"]
    assert "variant of its own" in fact(found, VARIANTS).reason
    assert "variant of its own" in fact(found, REWORK).reason


def test_reviewing_says_days_only() -> None:
    """The other program looks for midnight in UTC and finds none; in the offsets of the log all is midnight."""
    given = artefact("eventlog", "reviewing.xes")
    found = collected(given.path)
    assert given.second_opinion["midnight_share"] == 0.0
    assert "76 variants in the order of the file and 78 in that of names" in fact(found, VARIANTS).reason
    assert fact(found, REWORK).value == given.second_opinion["rework_case_share"]
    assert note(found, "Jensen-Shannon").endswith("is not shown to have moved")


def test_a_log_without_activities_answers_nothing() -> None:
    """As the other program has it: no parsable timestamps or activities."""
    found = collected(artefact("eventlog", "xes_20.xes").path)
    assert {each.value for each in found.facts} == {None}


@pytest.mark.parametrize("name", LOGS)
def test_published_logs_are_recognised(name: str) -> None:
    """They name their columns as the standard does, so that nothing has to be asked."""
    path = artefact("eventlog", name).path
    with path.open("rb") as file:
        found = COLLECTOR.recognises(path, file.read(65_536))
    assert found is not None
    assert found.confidence == "high"
