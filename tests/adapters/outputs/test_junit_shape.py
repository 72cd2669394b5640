"""The shape that JUnit XML has for Jenkins: which elements stand where, with which attributes."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from tests.adapters.outputs.reports import report
from tests.adapters.outputs.test_hostile_texts import hostile_report

from readygate_server.adapters.outputs.junit import junit
from readygate_server.adapters.outputs.model import Report

OUTCOMES = ("skipped", "error", "failure")
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase"},
    "properties": {"property"},
    "testcase": {*OUTCOMES, "system-out"},
}
NEEDED = {
    "testsuites": set[str](),
    "testsuite": {"name", "tests", "failures", "errors"},
    "property": {"name", "value"},
    "testcase": {"name"},
}
ALLOWED = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {*NEEDED["testsuite"], "time", "skipped", "timestamp", "hostname", "id", "package", "file"},
    "property": NEEDED["property"],
    "testcase": {"name", "time", "classname", "group"},
    **{outcome: {"type", "message"} for outcome in OUTCOMES},
}


@pytest.mark.parametrize("made", [report(), hostile_report(1), Report([])], ids=["kept", "hostile", "empty"])
def test_every_element_is_where_jenkins_takes_it(made: Report) -> None:
    """No element and no attribute is one that Jenkins does not know; needed ones are there; counts are numbers."""
    root = ET.fromstring(junit(made))  # noqa: S314 -- our own text
    assert root.tag == "testsuites"
    for element in root.iter():
        assert {child.tag for child in element} <= CHILDREN.get(element.tag, set())
        assert NEEDED.get(element.tag, set()) <= set(element.keys()) <= ALLOWED.get(element.tag, set())
        for name in ("tests", "failures", "errors", "skipped", "time"):
            assert re.fullmatch(r"[0-9]+", element.get(name, "0"))
