"""What each format makes of a small report, kept in files that people can read."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from tests.adapters.outputs.reports import FILE, FORMATS, KEPT, decision, judged, report

from readygate_server.adapters.outputs.github import github
from readygate_server.adapters.outputs.markdown import markdown
from readygate_server.adapters.outputs.model import Judged, Report
from readygate_server.adapters.outputs.sarif import sarif
from readygate_server.domain.faults import Fault


@pytest.mark.parametrize("name", FORMATS)
def test_an_output_is_the_one_that_was_kept(name: str) -> None:
    """The same report gives the same text, to the byte; `python -m tests.adapters.outputs.reports` writes it anew."""
    assert FORMATS[name](report()) == (KEPT / name).read_text(encoding="utf-8")


def results() -> list[Any]:
    """Returns the results of the SARIF log."""
    found: list[Any] = json.loads(sarif(report()))["runs"][0]["results"]
    return found


def region(result: Any) -> tuple[str, int, int]:
    """Returns where a result points."""
    place = result["locations"][0]["physicalLocation"]
    return place["artifactLocation"]["uri"], place["region"]["startLine"], place["region"]["startColumn"]


def test_results_point_at_the_fact_or_at_what_lacks_it() -> None:
    """A fact that fails is pointed at, a computed one at its first input, a missing one at the asset that lacks it."""
    places = {(each["ruleId"], each["properties"]["subject"]): region(each) for each in results()}
    assert places["DAT-03", "crm"] == (FILE, 6, 5)
    assert places["DAT-04", "crm"] == (FILE, 7, 16)
    assert places["WFL-03", "returns"] == (FILE, 11, 5)
    assert places["INP-01", ""] == ("bad.yaml", 3, 3)


def test_levels_follow_the_effect_and_waivers_suppress() -> None:
    """What blocks is an error, a condition a warning, advice a note; a waived finding is suppressed with its waiver."""
    levels = {each["ruleId"]: each["level"] for each in results()}
    assert levels == {
        **dict.fromkeys(("DAT-03", "WFL-03", "INP-01"), "error"),
        **dict.fromkeys(("DAT-04", "VAL-02"), "warning"),
        "VAL-03": "note",
    }
    suppressed = {each["ruleId"]: each["suppressions"] for each in results() if "suppressions" in each}
    assert suppressed == {
        "VAL-02": [{"kind": "external", "status": "accepted", "justification": "Waiver waiver-1 is in use."}]
    }


def test_a_fingerprint_stays_when_the_line_changes() -> None:
    """The fingerprint is over rule, subject, path and proposal, and two findings never share one."""
    moved = Report([Judged("parcels", FILE, decision())])
    before = {each["ruleId"]: each["partialFingerprints"] for each in results()}
    after = {each["ruleId"]: each["partialFingerprints"] for each in json.loads(sarif(moved))["runs"][0]["results"]}
    assert after == {rule: before[rule] for rule in after}
    assert len({each["readygate/v1"] for each in before.values()}) == len(before)


def test_no_more_results_than_are_taken() -> None:
    """A run has at most 25,000 results, the heaviest ones; a rule at most 20 tags."""
    faults = [Fault("bad.yaml", number, 1, f"fault {number}") for number in range(1, 26_000)]
    wide = decision()
    wide.findings[0].references.extend(str(number) for number in range(30))
    run = json.loads(sarif(Report([Judged("bad", "bad.yaml", faults=faults), judged(wide)])))["runs"][0]
    assert len(run["results"]) == 25_000
    assert {each["level"] for each in run["results"]} == {"error"}
    tags = json.loads(sarif(Report([judged(wide)])))["runs"][0]["tool"]["driver"]["rules"][0]["properties"]["tags"]
    assert len(tags) == 20


def test_annotations_stay_within_what_is_shown() -> None:
    """Ten errors, ten warnings and ten notices at most, faults first, and the last notice counts the rest."""
    faults = [Fault("bad.yaml", number, 1, f"fault {number}") for number in range(1, 13)]
    lines = github(Report([judged(), Judged("bad", "bad.yaml", faults=faults)])).splitlines()
    kinds = [line.split(" ", 1)[0] for line in lines]
    assert (kinds.count("::error"), kinds.count("::warning"), kinds.count("::notice")) == (10, 2, 2)
    assert lines[0].startswith("::error file=bad.yaml,line=1,col=1,")
    assert lines[-1].endswith("%0A4 more that are blocking or at fault: see the summary of the job")


@pytest.mark.parametrize("limit", [900, 2_000, 64_000, 1_000_000])
def test_markdown_that_is_too_long_is_cut_between_lines(limit: int) -> None:
    """A comment keeps within its bytes, says that it is cut, and no row of a table is cut in two."""
    wide = decision()
    wide.findings.extend(wide.findings[0] for _ in range(10_000))
    whole = markdown(Report([judged(wide)]), marker="check", limit=10**9)
    cut = markdown(Report([judged(wide)]), marker="check", limit=limit)
    lines = cut.splitlines()
    assert limit - 1_000 < len(cut.encode()) <= limit
    assert lines[-1].startswith("**Cut here:** ")
    assert whole.splitlines()[: len(lines) - 2] == lines[:-2]


def test_a_case_is_there_for_every_finding() -> None:
    """JUnit has a case per rule and subject; only what blocks fails, and what is not due or waived is skipped."""
    suite = ET.fromstring(FORMATS["junit.xml"](report()))[0]  # noqa: S314 -- our own text
    marks = {str(case.get("name")).split()[0]: [each.tag for each in case] for case in suite.iter("testcase")}
    assert marks == {
        "DAT-03[crm]": ["failure"],
        "WFL-03[returns]": ["failure"],
        "DAT-03[orders]": [],
        **{name: ["skipped"] for name in ("GOV-01", "ORG-05", "VAL-02")},
        **{name: ["system-out"] for name in ("DAT-04[crm]", "VAL-03")},
    }
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("8", "2", "3")
