"""JUnit XML, as Jenkins, GitLab and Azure read it: a suite per proposal, a case per rule and asset.

JUnit knows no warning: what is advised or is a condition passes, and says so in its output.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final
from xml.etree import ElementTree as ET

from readygate.v1 import decision_pb2 as pb
from readygate_server.adapters.outputs.issues import Issue, issues_of, reason_of
from readygate_server.adapters.outputs.model import Judged, Report
from readygate_server.adapters.outputs.texts import one_line
from readygate_server.adapters.words import gate_name, outcome_name, tier_word, verdict_name
from readygate_server.domain.texts import clean, sentence

_SKIPPED: Final = (pb.OUTCOME_WAIVED, pb.OUTCOME_NOT_DUE, pb.OUTCOME_NOT_APPLICABLE)
_WHY_SKIPPED: Final = {
    pb.OUTCOME_NOT_DUE: "due at a later gate",
    pb.OUTCOME_NOT_APPLICABLE: "does not apply",
}
_NOT_FOR_A_NAME: Final = str.maketrans(".", "_")
"""Jenkins takes what stands before the last full stop of a class for the name of a package."""


def junit(report: Report) -> str:
    """Returns a document with all suites."""
    suites = ET.Element("testsuites", name="readygate")
    for result in report.results:
        suites.append(_suite(result))
    for name in ("tests", "failures", "errors"):
        suites.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    ET.indent(suites, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suites, encoding="unicode") + "\n"


def _suite(result: Judged) -> ET.Element:
    suite = ET.Element("testsuite", name=one_line(result.name))
    if result.file:
        suite.set("file", clean(result.file))
    issues = issues_of([result])
    if result.decision is None:
        cases = [_fault(result, issues)]
    else:
        suite.append(_properties(result.decision))
        cases = list(_cases(result, result.decision, issues))
    suite.extend(cases)
    counts = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    suite.set("tests", str(len(cases)))
    for name, tag in counts.items():
        suite.set(name, str(sum(case.find(tag) is not None for case in cases)))
    suite.set("time", "0")
    return suite


def _properties(decision: pb.Decision) -> ET.Element:
    said = {
        "verdict": verdict_name(decision.verdict),
        "gate": gate_name(decision.gate),
        "tier": tier_word(decision.tier.tier),
        "as_of": decision.as_of,
        "ruleset": f"{decision.ruleset.name} {decision.ruleset.version}",
        "ruleset_digest": decision.ruleset.digest,
        "facts_digest": decision.facts_digest,
    }
    properties = ET.Element("properties")
    for name, value in said.items():
        ET.SubElement(properties, "property", name=name, value=one_line(value))
    return properties


def _fault(result: Judged, issues: Sequence[Issue]) -> ET.Element:
    """Returns the one case of a proposal that was not judged, with everything that is wrong with it."""
    case = _case(result, "proposal", "a verdict is reached")
    message = one_line(f"{len(issues)} faults" if len(issues) > 1 else issues[0].message)
    error = ET.SubElement(case, "error", type=issues[0].rule_id, message=message)
    error.text = "\n".join(f"{_where(each)}{each.message}" for each in issues)
    return case


def _cases(result: Judged, decision: pb.Decision, issues: Sequence[Issue]) -> Iterator[ET.Element]:
    of_finding = {(each.rule_id, each.subject): each for each in issues}
    for finding in decision.findings:
        rule_id, subject = one_line(finding.rule_id), one_line(finding.subject)
        name = f"{rule_id}[{subject}]" if subject else rule_id
        case = _case(result, finding.foundation, f"{name} {one_line(finding.title)}")
        _add_outcome(case, finding, of_finding.get((rule_id, subject)))
        yield case


def _add_outcome(case: ET.Element, finding: pb.Finding, issue: Issue | None) -> None:
    """Adds what came of a finding; a case without anything has passed."""
    if finding.outcome in _SKIPPED:
        why = _WHY_SKIPPED.get(finding.outcome) or reason_of(finding)
        ET.SubElement(case, "skipped", type=outcome_name(finding.outcome), message=why)
    elif issue is not None and finding.effect == pb.EFFECT_BLOCKS:
        kind = outcome_name(finding.outcome)
        failure = ET.SubElement(case, "failure", type=kind, message=f"{kind}: {issue.message}")
        failure.text = f"{_where(issue)}{issue.details}"
    elif issue is not None:
        said = "condition" if finding.effect == pb.EFFECT_CONDITIONS else "advice"
        ET.SubElement(case, "system-out").text = f"{said}: {_where(issue)}{issue.details}"
    elif finding.outcome not in (pb.OUTCOME_SATISFIED, *_SKIPPED):
        ET.SubElement(case, "system-out").text = sentence(f"without effect: {reason_of(finding)}")


def _case(result: Judged, group: str, name: str) -> ET.Element:
    names = [one_line(each).translate(_NOT_FOR_A_NAME) for each in (result.name, group)]
    return ET.Element("testcase", classname=".".join(["readygate", *names]), name=name, time="0")


def _where(issue: Issue) -> str:
    file, line, column = issue.place
    return f"{file or '<stdin>'}:{line}:{column}: "
