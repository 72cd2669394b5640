"""Files for Jira, ServiceNow and OSCAL: what their importers ask for, and ids that stay the same."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from tests.work_lists import TEXT_FIELDS, judged

from readygate.v1 import decision_pb2 as pb
from readygate.v1 import gate_pb2
from readygate.v1.ruleset_pb2 import EffortRange
from readygate_server.adapters.worklists.jira import LONGEST_SUMMARY, jira_text, split
from readygate_server.adapters.worklists.oscal import oscal_text
from readygate_server.adapters.worklists.rows import rows_of
from readygate_server.adapters.worklists.schedule import schedule_of
from readygate_server.adapters.worklists.servicenow import servicenow_text


def jira(text: str) -> list[dict[str, list[str]]]:
    """Reads issues; a column that is there several times has several values."""
    head, *lines = csv.reader(io.StringIO(text, newline=""))
    return [{name: [c for n, c in zip(head, line, strict=True) if n == name and c] for name in head} for line in lines]


def test_jira_issues_have_what_the_importer_needs() -> None:
    """Every issue has a summary, labels without blanks, a link to what comes first, and an id that stays."""
    first, second = jira(jira_text(list(rows_of([judged({"foundation": "data and more"})]))))
    assert first["Summary"] == ["Repair completeness (W-DAT-0[crm])"]
    assert second["Link Blocked By"] == first["Issue ID"] == ["1"]
    assert first["External ID"] == ["refunds/pilot/W-DAT-0[crm]"]
    assert "data-and-more" in first["Labels"]
    assert "Done when: 14 days at >= 0.99" in first["Description"][0]


def test_jira_cells_are_all_quoted_and_names_have_no_punctuation() -> None:
    """The importer takes every cell as it stands."""
    text = jira_text(list(rows_of([judged({"title": 'say "no", twice\nand again'})])))
    assert all(line.startswith('"') and line.endswith('"') for line in text.removesuffix("\r\n").split("\r\n"))
    assert text.split("\r\n")[0].replace('"', "").replace(",", "").replace(" ", "").isalpha()
    assert jira(text)[0]["Summary"] == ['say "no", twice and again (W-DAT-0[crm])']


def test_jira_files_of_a_long_list_are_split() -> None:
    """No part is longer than asked for, no issue is lost, and a part links to nothing outside of it."""
    rows = list(rows_of([judged(items=7)]))
    parts = split(rows, 3)
    issues = [jira(jira_text(part)) for part in parts]
    assert [len(part) for part in issues] == [3, 3, 1]
    assert [part[0]["External ID"][0] for part in issues] == [f"refunds/pilot/W-DAT-{n}[crm]" for n in (0, 3, 6)]
    assert issues[1][0].get("Link Blocked By", []) == []
    assert "Comes after: W-DAT-2[crm]" in issues[1][0]["Description"][0]
    assert split([], 250) == [[]]


def test_a_long_summary_is_cut() -> None:
    """Jira takes 255 characters."""
    issue = jira(jira_text(list(rows_of([judged({"title": "=" + "x" * 300})]))))[0]
    assert len(issue["Summary"][0]) == LONGEST_SUMMARY + 1 == 255


def test_servicenow_records_are_one_flat_object_each() -> None:
    """The records have only columns that a table can have, with plain values."""
    records = json.loads(servicenow_text(rows_of([judged(), judged({"proposal": "other"})])))["records"]
    assert len(records) == 4
    assert len({record["u_external_id"] for record in records}) == 4
    for record in records:
        assert all(name.startswith("u_") and name.islower() for name in record)
        assert all(isinstance(value, (str, int, float)) for value in record.values())


def poam(**texts: str) -> dict[str, Any]:
    """Returns the plan of the example with other texts."""
    root: dict[str, Any] = json.loads(oscal_text(judged(texts)))["plan-of-action-and-milestones"]
    return root


def values(part: object, key: str) -> Iterator[str]:
    """Yields every value of a key, however deep."""
    if isinstance(part, dict):
        for name, value in part.items():
            if name == key:
                yield value
            yield from values(value, key)
    elif isinstance(part, list):
        for value in part:
            yield from values(value, key)


def test_oscal_references_lead_somewhere() -> None:
    """Every id is a version 5 UUID and there once, and every reference is to one of them."""
    root = poam()
    ids = list(values(root, "uuid"))
    assert len(ids) == len(set(ids)) == 1 + 2 * 5
    assert {UUID(each).version for each in ids} == {5}
    for name in ("risk-uuid", "observation-uuid", "task-uuid"):
        found = list(values(root, name))
        assert found
        assert set(found) <= set(ids)
    assert set(values(root, "role-id")) == set(values(root["metadata"]["roles"], "id"))


def test_oscal_is_the_same_for_the_same_decision_only() -> None:
    """Text and ids depend on the decision, and differ between decisions."""
    assert poam() == poam()
    assert not set(values(poam(decision_id="a"), "uuid")) & set(values(poam(decision_id="b"), "uuid"))


def test_oscal_says_from_which_gate_a_rule_is_due() -> None:
    """An observation names the gate of its rule, whatever gate was asked for."""
    asked = judged(items=1)
    asked.decision.findings[0].due = gate_pb2.GATE_COMMIT
    root = json.loads(oscal_text(asked))["plan-of-action-and-milestones"]
    said = {each["name"]: each["value"] for each in root["observations"][0]["props"]}
    assert (said["due"], asked.decision.gate) == ("commit", gate_pb2.GATE_PILOT)


def test_oscal_milestones_follow_the_waves() -> None:
    """An item that comes after another names it, and ends later."""
    first, second = (risk["remediations"][0]["tasks"][0] for risk in poam()["risks"])
    assert second["dependencies"] == [{"task-uuid": first["uuid"]}]
    assert first["timing"]["within-date-range"] == {"start": "2026-11-01T00:00:00Z", "end": "2026-11-29T00:00:00Z"}
    assert second["timing"]["within-date-range"] == {"start": "2026-11-11T00:00:00Z", "end": "2026-12-27T00:00:00Z"}


@pytest.mark.parametrize("field", TEXT_FIELDS)
def test_oscal_shows_markup_as_it_is(field: str) -> None:
    """A text with markup is shown, not obeyed, and a text with several lines stays one where one is asked for."""
    root = poam(**{field: "<script>x</script>\n[a](javascript:b)\x07"})
    for name in ("title", "description", "statement", "remarks"):
        for text in values(root, name):
            assert "<" not in text.replace(r"\<", "")
            assert "[" not in text.replace(r"\[", "")
            assert name != "title" or "\n" not in text
    assert not any("\n" in text or text != text.strip() or not text for text in values(root, "value"))


def test_a_schedule_never_leaves_the_calendar() -> None:
    """Work of a million weeks ends on the last day there is."""
    span = schedule_of([pb.WorkItem(id="a", effort=EffortRange(min_person_weeks=1, max_person_weeks=1e6))])["a"]
    assert span.days(date(2026, 11, 1)) == (date(2026, 11, 1), date.max)
