"""What Spectral found counts beside what we find ourselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.collectors.openapi.building import answer, collected, document, fact, note, operation

from readygate_server.adapters.collectors.port import ArtefactError, OptionError
from readygate_server.domain.collected import Collected

VALID = "api.spec_valid"
SOUND = document({"/a": {"get": operation()}})


def finding(severity: object, source: str = "/somewhere/api.json", **more: Any) -> dict[str, Any]:
    """Returns a finding as Spectral writes it."""
    return {"code": "oas3-valid-media-example", "path": ["paths", "/a"], "severity": severity, "source": source, **more}


def linted(folder: Path, report: object, data: object = SOUND) -> Collected:
    """Collects with a report."""
    path = folder / "spectral.json"
    path.write_text(json.dumps(report))
    return collected(folder, data, lint=str(path))


def test_a_report_without_errors_leaves_a_sound_document_valid(tmp_path: Path) -> None:
    """Warnings do not count; the report is an artefact, its digest a parameter, and where it lay is not told."""
    found = linted(tmp_path, [finding(1), finding(3)])
    valid = fact(found, VALID)
    assert valid.value is True
    assert valid.parameters == (("lint", found.artefacts[1].digest),)
    assert [each.uri for each in found.artefacts] == ["api.json", "spectral.json"]
    assert "another program" in valid.coverage.why[0]
    assert "somewhere" not in repr(found)


def test_an_error_of_the_report_makes_the_document_invalid(tmp_path: Path) -> None:
    """The rule that found it is named."""
    found = linted(tmp_path, [finding(0), finding(0), finding(1)])
    assert answer(found, VALID) is False
    assert note(found, "wrong") == ("wrong by the specification, lint oas3-valid-media-example: 2, the first: paths./a")


def test_what_we_find_ourselves_still_counts(tmp_path: Path) -> None:
    """A report that is silent takes no fault away."""
    assert answer(linted(tmp_path, [], document({"/a": {"get": {}}})), VALID) is False


def test_a_report_about_another_document_is_refused(tmp_path: Path) -> None:
    """A report names the files that it is about."""
    with pytest.raises(OptionError, match=r"another document: got other\.json, expected api\.json"):
        linted(tmp_path, [finding(1, "c:\\x\\other.json")])


@pytest.mark.parametrize("report", [{}, "text", [1], [{}], [finding("error")], [finding(None)], [finding([])]])
def test_what_is_no_report_is_refused(tmp_path: Path, report: object) -> None:
    """Anything else that is JSON is no report."""
    with pytest.raises(ArtefactError, match="no report of Spectral"):
        linted(tmp_path, report)


def test_a_report_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """The file is named."""
    with pytest.raises(ArtefactError, match=r"gone\.json: the file can not be read"):
        collected(tmp_path, SOUND, lint=str(tmp_path / "gone.json"))
