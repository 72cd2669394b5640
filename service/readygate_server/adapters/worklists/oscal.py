"""The work of a decision as an OSCAL plan of action and milestones, in JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final
from uuid import UUID, uuid5

from readygate.v1 import decision_pb2 as pb
from readygate_server.adapters.words import gate_name, outcome_name
from readygate_server.adapters.worklists.cells import cell_text, number_text
from readygate_server.adapters.worklists.rows import Judged, Row, provenance_of, rows_of
from readygate_server.adapters.worklists.schedule import schedule_of

OSCAL_VERSION: Final = "1.1.3"
"""Nothing newer is used, and readers of later versions take it."""
NAMESPACE: Final = "https://readygate.dev/ns/oscal"
"""Namespace of the properties that OSCAL has no name for."""
_ROOT: Final = uuid5(UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8"), NAMESPACE)
_MARKUP: Final = re.compile(r"([\\`*<\[\]])")
_TOKEN: Final = re.compile(r"[^a-z0-9]+")

_Json = dict[str, Any]


def has_work(judged: Judged) -> bool:
    """True when there is anything to plan; OSCAL knows no plan without an item."""
    return bool(judged.decision.plan.items)


def oscal_text(judged: Judged) -> str:
    """Returns the document of a decision with work. The same decision gives the same text, ids included."""
    return json.dumps({"plan-of-action-and-milestones": _Document(judged).root()}, ensure_ascii=False, indent=2) + "\n"


class _Document:
    """Builds the parts of one document, which refer to each other by their ids."""

    def __init__(self, judged: Judged) -> None:
        self._judged = judged
        self._decision = judged.decision
        self._rows = list(rows_of([judged]))
        self._findings = {(each.rule_id, each.subject): each for each in self._decision.findings}
        self._spans = schedule_of(self._decision.plan.items)
        self._day = date.fromisoformat(self._decision.as_of)
        # A decision that is not recorded has no id; what it was made from tells it apart from others as well.
        made_from = (self._decision.facts_digest, self._decision.ruleset.digest, judged.proposal)
        self._about = judged.decision_id or "/".join((*made_from, self._rows[0].gate, self._decision.as_of))

    def root(self) -> _Json:
        return {
            "uuid": self._id("plan"),
            "metadata": self._metadata(),
            "system-id": {"identifier-type": NAMESPACE, "id": _string(self._judged.proposal)},
            "observations": [self._observation(row, finding) for row, finding in self._found()],
            "risks": [self._risk(row) for row in self._rows],
            "poam-items": [self._item(row) for row in self._rows],
        }

    def _metadata(self) -> _Json:
        decision, first = self._decision, self._rows[0]
        about = {
            "verdict": first.verdict,
            "gate": first.gate,
            "tier": first.tier,
            "ruleset": first.ruleset,
            "ruleset-digest": first.ruleset_digest,
            "facts-digest": decision.facts_digest,
            "decision-id": first.decision_id,
            "engine-version": decision.engine_version,
        }
        return {
            "title": _line(f"Work before {self._judged.proposal} passes the gate {first.gate}"),
            "last-modified": self._moment(),
            "version": decision.as_of,
            "oscal-version": OSCAL_VERSION,
            "props": _props(about),
            "roles": [{"id": _token(role), "title": _line(role)} for role in self._roles()],
            "remarks": _TIMING,
        }

    def _roles(self) -> Iterator[str]:
        by_token = {_token(row.owner_role): row.owner_role for row in self._rows if row.owner_role}
        yield from by_token.values()

    def _found(self) -> Iterator[tuple[Row, pb.Finding]]:
        for row, item in zip(self._rows, self._decision.plan.items, strict=True):
            finding = self._findings.get((item.rule_id, item.subject))
            if finding is not None:
                yield row, finding

    def _observation(self, row: Row, finding: pb.Finding) -> _Json:
        unmet = [each for each in finding.observations if each.outcome != pb.OUTCOME_SATISFIED]
        lines = [finding.message, *provenance_of(finding)]
        about = {
            "rule": finding.rule_id,
            "subject": finding.subject,
            "outcome": outcome_name(finding.outcome),
            "due": gate_name(finding.due) if finding.due else "",
        }
        facts = dict.fromkeys(each.fact for each in unmet if each.fact)
        return {
            "uuid": self._id("observation", row),
            "title": _line(f"{finding.rule_id} {finding.title}"),
            "description": _lines("\n\n".join(filter(None, lines)) or finding.title),
            "props": [*_props(about), *(prop for fact in facts for prop in _props({"fact": fact}))],
            "methods": ["EXAMINE"],
            "types": ["finding"],
            "collected": self._moment(),
        }

    def _risk(self, row: Row) -> _Json:
        finding = self._findings.get((row.rules.split("\n")[0], row.subject))
        risk: _Json = {
            "uuid": self._id("risk", row),
            "title": _line(f"{row.work_item}: {finding.title if finding else row.title}"),
            "description": _lines(row.finding or row.title),
            "statement": _lines(f"It keeps {row.proposal} from passing the gate {row.gate}."),
            "props": _props({"rule": row.rules.split("\n")[0], "subject": row.subject, "foundation": row.foundation}),
            "status": "open",
            "remediations": [self._remediation(row)],
        }
        if finding is not None:
            risk["related-observations"] = [{"observation-uuid": self._id("observation", row)}]
        return risk

    def _remediation(self, row: Row) -> _Json:
        about = {
            "kind": row.kind,
            "nature": row.nature,
            "effort-person-weeks-min": number_text(row.effort_min_person_weeks),
            "effort-person-weeks-max": number_text(row.effort_max_person_weeks),
            "wait-weeks-min": number_text(row.wait_min_weeks),
            "wait-weeks-max": number_text(row.wait_max_weeks),
        }
        return {
            "uuid": self._id("remediation", row),
            "lifecycle": "recommendation",
            "title": _line(row.title),
            "description": _lines(f"Done when: {row.done_when}"),
            "props": _props(about),
            "tasks": [self._milestone(row)],
        }

    def _milestone(self, row: Row) -> _Json:
        start, end = self._spans[row.work_item].days(self._day)
        task: _Json = {
            "uuid": self._task_id(row.work_item),
            "type": "milestone",
            "title": _line(f"Wave {row.wave}: {row.title}"),
            "description": _lines(row.done_when or row.title),
            "props": _props({"wave": str(row.wave), "work-item": row.work_item}),
            "timing": {"within-date-range": {"start": _moment_of(start), "end": _moment_of(end)}},
        }
        before = [item for item in row.after.split("\n") if item in self._spans]
        if before:
            task["dependencies"] = [{"task-uuid": self._task_id(item)} for item in before]
        if row.owner_role:
            task["responsible-roles"] = [{"role-id": _token(row.owner_role)}]
        if row.proved_by:
            task["remarks"] = _lines(f"Proved by:\n\n{row.proved_by}")
        return task

    def _item(self, row: Row) -> _Json:
        item: _Json = {
            "uuid": self._id("item", row),
            "title": _line(row.title),
            "description": _lines(f"{row.finding}\n\nDone when: {row.done_when}".strip()),
            "props": _props({"work-item": row.work_item}),
            "related-risks": [{"risk-uuid": self._id("risk", row)}],
        }
        if (row.rules.split("\n")[0], row.subject) in self._findings:
            item["related-observations"] = [{"observation-uuid": self._id("observation", row)}]
        return item

    def _id(self, kind: str, row: Row | None = None) -> str:
        return str(uuid5(_ROOT, "\n".join((self._about, kind, row.work_item if row else ""))))

    def _task_id(self, work_item: str) -> str:
        return str(uuid5(_ROOT, "\n".join((self._about, "task", work_item))))

    def _moment(self) -> str:
        return _moment_of(self._day)


_TIMING: Final = (
    "Dates are estimates counted from the day of the decision: the least and the most that the rules say for each "
    "item and for what comes before it, with one person on each. Nobody has agreed to them."
)


def _moment_of(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"


def _props(values: Mapping[str, str]) -> list[_Json]:
    return [
        {"name": name, "ns": NAMESPACE, "value": value} for name, text in values.items() if (value := _string(text))
    ]


def _string(text: str) -> str:
    """Returns a text that is no markup, in one line."""
    return " ".join(cell_text(text).split())


def _line(text: str) -> str:
    """Returns a text as one line of markup that shows it as it is."""
    return " ".join(_lines(text).split()) or "-"


def _lines(text: str) -> str:
    return _MARKUP.sub(r"\\\1", cell_text(text)).strip() or "-"


def _token(text: str) -> str:
    return f"role-{_TOKEN.sub('-', text.lower()).strip('-') or 'unnamed'}"
