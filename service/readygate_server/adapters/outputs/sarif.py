"""SARIF 2.1.0: findings at their lines, for code scanning and editors.

Written as plain data. What GitHub asks for beyond the standard is kept: a place for every result, right rule indexes,
own fingerprints, and its limits.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from readygate.v1 import decision_pb2 as pb
from readygate_server.adapters.outputs.issues import Issue, Level, issues_of
from readygate_server.adapters.outputs.markdown_text import escaped
from readygate_server.adapters.outputs.model import Judged, Report
from readygate_server.adapters.outputs.rule_help import RuleHelp, help_of
from readygate_server.adapters.outputs.texts import one_line
from readygate_server.adapters.words import gate_name, tier_word, verdict_name
from readygate_server.domain.texts import sentence

MAX_RESULTS: Final = 25_000
"""Results that GitHub takes of one run; it refuses a run with more."""
MAX_TAGS: Final = 20
STANDARD_INPUT: Final = "stdin"
"""Path of a proposal that came from standard input: a result without a place is refused."""
_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_HOME: Final = "https://readygate.dev"
_ARTICLES: Final = ("a", "an", "the")
_SOURCES: Final = "SRCROOT"
_SECURITY: Final = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "recommendation"}


def sarif(report: Report) -> str:
    """Returns a log with one run over all files."""
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [_run(report)]}
    return json.dumps(log, indent=1, ensure_ascii=True) + "\n"


def _run(report: Report) -> dict[str, Any]:
    issues = issues_of(report.results, unjudged=False)[:MAX_RESULTS]
    helps = {issue.rule_id: help_of(report, issue) for issue in issues}
    order = sorted(helps)
    return {
        "tool": {"driver": _driver(report, [helps[each] for each in order])},
        "automationDetails": {"id": "readygate/"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_SOURCES: {"description": {"text": "The root of the checked sources."}}},
        "invocations": [_invocation(report)],
        "results": [_result(issue, order.index(issue.rule_id)) for issue in issues],
        "properties": {"verdicts": [_verdict(each) for each in report.results if each.decision is not None]},
    }


def _driver(report: Report, helps: Sequence[RuleHelp]) -> dict[str, Any]:
    return {
        "name": "readygate",
        "informationUri": _HOME,
        "fullName": f"readygate {report.version}",
        "version": report.version,
        "semanticVersion": report.version,
        "rules": [_rule(report, each) for each in helps],
    }


def _rule(report: Report, rule: RuleHelp) -> dict[str, Any]:
    paragraphs = rule.paragraphs() or [("Rule", sentence(rule.title))]
    described: dict[str, Any] = {
        "id": rule.id,
        "name": _pascal_case(rule.title) or "Rule",
        "shortDescription": {"text": sentence(rule.title)},
        "fullDescription": {"text": sentence(rule.question or rule.title)},
        "help": {
            "text": "\n".join(f"{label}: {text}" for label, text in paragraphs),
            "markdown": "\n\n".join(f"**{label}**: {escaped(text)}" for label, text in paragraphs),
        },
        "defaultConfiguration": {"level": rule.level.value},
        "properties": {"tags": _tags(rule), "precision": "very-high", "problem.severity": _SECURITY[rule.level]},
    }
    if address := report.help_of(quote(rule.id, safe="")):
        described["helpUri"] = address
    return described


def _tags(rule: RuleHelp) -> list[str]:
    tags = dict.fromkeys(("ai-readiness", rule.foundation, *rule.references))
    return [tag for tag in tags if tag][:MAX_TAGS]


def _pascal_case(title: str) -> str:
    """Returns a title as the name of a rule, such as `CriticalElementsAreComplete`."""
    letters = "".join(each if each.isascii() and each.isalnum() else " " for each in title)
    return "".join(word.capitalize() for word in letters.split() if word.lower() not in _ARTICLES)


def _result(issue: Issue, rule_index: int) -> dict[str, Any]:
    file, line, column = issue.place
    place = {
        "artifactLocation": _artifact(file),
        "region": {"startLine": line, "startColumn": column},
    }
    result: dict[str, Any] = {
        "ruleId": issue.rule_id,
        "ruleIndex": rule_index,
        "level": issue.level.value,
        "message": {"text": f"{_subject(issue)}{issue.details}"},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"readygate/v1": issue.fingerprint, "primaryLocationLineHash": issue.fingerprint},
        "properties": {"proposal": one_line(issue.proposal), "subject": issue.subject},
    }
    if issue.waiver_id:
        waived = f"Waiver {issue.waiver_id} is in use."
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": waived}]
    return result


def _subject(issue: Issue) -> str:
    return f"{issue.title} ({issue.subject}): " if issue.subject else f"{issue.title}: "


def _artifact(path: str) -> dict[str, str]:
    """Returns where a file is: below the root of the sources, or for one outside as an address of its own."""
    address = quote(path.encode("utf-8", "backslashreplace"), safe="/") or STANDARD_INPUT
    return {"uri": f"file://{address}"} if path.startswith("/") else {"uri": address, "uriBaseId": _SOURCES}


def _invocation(report: Report) -> dict[str, Any]:
    unjudged = [each for each in report.results if each.decision is None and not each.faults]
    said: dict[str, Any] = {"executionSuccessful": not unjudged}
    if unjudged:
        said["toolExecutionNotifications"] = [
            {"level": "error", "message": {"text": sentence(one_line(each.problem or each.name))}} for each in unjudged
        ]
    return said


def _verdict(result: Judged) -> dict[str, str]:
    decision = result.decision or pb.Decision()
    return {
        "proposal": one_line(result.name),
        "verdict": verdict_name(decision.verdict),
        "gate": gate_name(decision.gate),
        "tier": tier_word(decision.tier.tier),
        "asOf": one_line(decision.as_of),
        "ruleset": one_line(f"{decision.ruleset.name} {decision.ruleset.version} {decision.ruleset.digest}"),
        "factsDigest": one_line(decision.facts_digest),
    }
