"""What a report says about a rule, once for all its findings: what it asks, why, and what closes it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from readygate.v1.ruleset_pb2 import Rule
from readygate_server.adapters.outputs.issues import NOT_JUDGED, PROPOSAL_FAULT, Issue, Level, level_of
from readygate_server.adapters.outputs.model import Report
from readygate_server.adapters.outputs.texts import one_line
from readygate_server.domain.texts import sentence

_PLACEHOLDER: Final = re.compile(r"\{([a-z0-9_.]+)\}")
"""Stands in the text of a rule for the threshold of a fact, which differs by tier."""


@dataclass(frozen=True, slots=True)
class RuleHelp:
    """Texts about a rule, each on one line; empty where the rules are not known."""

    id: str
    title: str
    level: Level
    foundation: str
    question: str = ""
    motivation: str = ""
    remediation: str = ""
    done_when: str = ""
    references: tuple[str, ...] = ()

    def paragraphs(self) -> list[tuple[str, str]]:
        """Returns a label and a text for each thing that is said."""
        said = (
            ("Question", self.question),
            ("Why it is asked", self.motivation),
            ("What closes it", self.remediation),
            ("Done when", self.done_when),
            ("References", "; ".join(self.references)),
        )
        return [(label, sentence(text)) for label, text in said if text]


_OF_FAULTS: Final = {
    PROPOSAL_FAULT: RuleHelp(
        id=PROPOSAL_FAULT,
        title="Fault of the proposal",
        level=Level.ERROR,
        foundation="proposal",
        question="Can the proposal be read, and does it say only what can be so?",
        motivation="A proposal with faults is not judged, so that nothing passes because it was misspelt",
        remediation="Correct what stands at the line and column",
        done_when="`readygate check` reaches a verdict",
    ),
    NOT_JUDGED: RuleHelp(
        id=NOT_JUDGED,
        title="No verdict was reached",
        level=Level.ERROR,
        foundation="proposal",
        question="Was the proposal judged?",
        motivation="Without a verdict there is no go",
        remediation="Do what the message says, and ask again",
        done_when="`readygate check` reaches a verdict",
    ),
}


def help_of(report: Report, issue: Issue) -> RuleHelp:
    """Returns what is known about the rule of an issue: from its ruleset, else from the issue itself."""
    if issue.rule_id in _OF_FAULTS:
        return _OF_FAULTS[issue.rule_id]
    rule = report.rules.get(issue.rule_id)
    foundation = one_line(issue.finding.foundation) if issue.finding is not None else ""
    if rule is not None:
        return _of_rule(issue.rule_id, rule)
    references = tuple(map(one_line, issue.finding.references)) if issue.finding is not None else ()
    return RuleHelp(issue.rule_id, issue.title, issue.level, foundation, references=references)


def _of_rule(rule_id: str, rule: Rule) -> RuleHelp:
    severities = [each.severity for each in rule.severities]
    return RuleHelp(
        id=rule_id,
        title=one_line(rule.title),
        level=level_of(max(severities, default=0)),
        foundation=one_line(rule.foundation),
        question=one_line(rule.question),
        motivation=one_line(rule.motivation),
        remediation=one_line(rule.work.title),
        done_when=one_line(_PLACEHOLDER.sub(r"the threshold of \1", rule.work.done_when)),
        references=tuple(map(one_line, rule.references)),
    )
