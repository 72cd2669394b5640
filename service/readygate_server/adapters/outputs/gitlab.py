"""GitLab's Code Quality report: one entry per finding, shown at its line in a merge request."""

from __future__ import annotations

import json
from typing import Any, Final

from readygate_server.adapters.outputs.issues import Issue, Level, issues_of
from readygate_server.adapters.outputs.model import Report

_SEVERITIES: Final = {Level.ERROR: "blocker", Level.WARNING: "major", Level.NOTE: "info"}
_NO_FILE: Final = "stdin"


def gitlab(report: Report) -> str:
    """Returns the report; of several entries with one fingerprint GitLab would show the first only."""
    by_fingerprint: dict[str, dict[str, Any]] = {}
    for issue in issues_of(report.results):
        if not issue.waiver_id:  # the report knows no suppressions
            by_fingerprint.setdefault(issue.fingerprint, _entry(issue))
    return json.dumps(list(by_fingerprint.values()), indent=1, ensure_ascii=True) + "\n"


def _entry(issue: Issue) -> dict[str, Any]:
    said = f"{issue.about} {issue.title}: {issue.details}" if issue.finding is not None else issue.details
    return {
        "description": said,
        "check_name": issue.rule_id,
        "fingerprint": issue.fingerprint,
        "severity": _SEVERITIES[issue.level],
        "location": {"path": issue.place.file or _NO_FILE, "lines": {"begin": issue.place.line}},
    }
