"""Reads decision cases: a proposal in fragments, and the decision that has to come out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from readygate.v1.evidence_pb2 import Evidence
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.paths import clear_fact, parse_path, set_fact
from readygate_server.adapters.proposals.reader import build_proposal
from readygate_server.adapters.proposals.validation import validate_proposal
from readygate_server.adapters.yaml_text import Document, read_yaml
from readygate_server.domain.verdict import Waiver
from readygate_server.domain.vocabulary import Gate, Tier
from tests.builders import passing_proposal

FOLDER = Path(__file__).parent
OWN_RULES = FOLDER / "rules"
EMPTY = "empty"
"""Name that cases give to the ruleset that has no rules; no file can state one."""


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class WaiverCase(_Shape):
    """A waiver, in force from 1 to 20 November, requested by somebody and approved by somebody else."""

    rule_id: str
    subject: str
    approved_by: str = "somebody else"
    starts_on: str = "2026-11-01"
    ends_on: str = "2026-11-20"


class EvidenceCase(_Shape):
    """What is different about all evidence of a proposal that passes; nothing at all takes it away."""

    grade: str | None = None
    as_of: str | None = None


class DecisionCase(_Shape):
    """A proposal and its decision. Lists that are not stated are empty; those `at_least` may be longer in fact."""

    name: str = Field(min_length=10)
    passing: Literal["T1", "T2", "T3", "T4"] | None = None
    only: dict[str, Any] | None = None
    set: dict[str, Any] = {}
    evidence: EvidenceCase | None = None
    statements: list[dict[str, Any]] = []
    waivers: list[WaiverCase] = []
    ruleset: str | None = None
    gate: Literal["commit", "pilot", "production"] | None = None
    as_of: str | None = None
    verdict: Literal["GO", "GO_WITH_CONDITIONS", "NO_GO", "UNDETERMINED"]
    tier: Literal["T1", "T2", "T3", "T4"] | None = None
    floor: bool = False
    blocking: list[str] = []
    blocking_at_least: list[str] | None = None
    conditions: list[str] = []
    advice: list[str] | None = None
    missing: list[str] = []
    missing_at_least: list[str] | None = None
    plan: list[str] | None = None
    passes_today: list[str] | None = None
    valid_until: str | None = None

    @model_validator(mode="after")
    def _fits_its_verdict(self) -> DecisionCase:
        blocked = bool(self.blocking or self.blocking_at_least)
        if self.verdict in ("GO", "GO_WITH_CONDITIONS") and blocked:
            raise ValueError("a go has nothing that blocks")
        if self.verdict == "NO_GO" and not blocked:
            raise ValueError("a no names what blocks")
        if (
            (self.verdict == "GO_WITH_CONDITIONS") != bool(self.conditions)
            and not blocked
            and self.verdict != "UNDETERMINED"
        ):
            raise ValueError("conditions belong to a go with conditions")
        return self


class CaseFile(_Shape):
    """Cases with what they have in common."""

    about: str
    rules: Literal["own", "shipped"]
    ruleset: str
    gate: Literal["commit", "pilot", "production"]
    as_of: str
    proposal: dict[str, Any] | None = None
    cases: list[DecisionCase] = Field(min_length=1)


@dataclass(frozen=True)
class Case:
    """One case, with everything that its file says for all."""

    file: CaseFile
    expected: DecisionCase

    def __str__(self) -> str:
        """Returns the name of the case."""
        return self.expected.name

    @property
    def gate(self) -> Gate:
        """Gate that is asked."""
        return Gate[(self.expected.gate or self.file.gate).upper()]

    @property
    def as_of(self) -> str:
        """Day that is asked."""
        return self.expected.as_of or self.file.as_of

    @property
    def ruleset(self) -> str:
        """Name of the ruleset that judges."""
        return self.expected.ruleset or self.file.ruleset

    @property
    def waivers(self) -> tuple[Waiver, ...]:
        """Waivers that are assumed."""
        return tuple(_waiver(number, each) for number, each in enumerate(self.expected.waivers))

    def proposal(self) -> Proposal:
        """Returns the proposal of the case; it is sound."""
        case = self.expected
        if case.passing:
            proposal = passing_proposal(Tier[case.passing], self.gate)
        else:
            data = case.only if case.only is not None else self.file.proposal
            proposal = build_proposal(data, Document(case.name, data))
        for path, value in case.set.items():
            ref = parse_path(path)
            if value is None:
                clear_fact(proposal, ref)
            else:
                set_fact(proposal, ref, value)
        if case.evidence is not None:
            _change_evidence(proposal, case.evidence)
        said = (
            build_proposal({"id": "said", "statements": case.statements}, Document(case.name))
            if case.statements
            else None
        )
        if said is not None:
            proposal.statements.extend(said.statements)
        faults = validate_proposal(proposal)
        assert not faults, faults
        return proposal


def _waiver(number: int, case: WaiverCase) -> Waiver:
    return Waiver(
        f"WV-{number}", case.rule_id, case.subject, "somebody", (case.approved_by,), case.starts_on, case.ends_on
    )


def _change_evidence(proposal: Proposal, change: EvidenceCase) -> None:
    if change.grade is None and change.as_of is None:
        del proposal.evidence[:]
    data: Mapping[str, Any] = {"id": "x", "evidence": [{"facts": ["gov.*"], **change.model_dump(exclude_none=True)}]}
    other: Evidence = build_proposal(data, Document("evidence")).evidence[0]
    for entry in proposal.evidence:
        if change.grade is not None:
            entry.grade = other.grade
        if change.as_of is not None:
            entry.as_of.CopyFrom(other.as_of)


@cache
def read_cases() -> tuple[Case, ...]:
    """Reads every case file; raises when one is not of the shape above."""
    return tuple(_cases())


def _cases() -> Iterator[Case]:
    for file in sorted(FOLDER.glob("*.yaml")):
        document = read_yaml(file.read_text(encoding="utf-8"), file=file.name)
        read = CaseFile.model_validate(document.data)
        yield from (Case(read, each) for each in read.cases)
