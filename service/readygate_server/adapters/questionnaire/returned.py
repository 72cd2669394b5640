"""Makes facts with evidence of the answers of a form, or names everything that is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

from readygate.v1.evidence_pb2 import (
    FACT_STATEMENT_KIND_NOT_APPLICABLE,
    FACT_STATEMENT_KIND_NOT_STATED,
    Evidence,
    EvidenceGrade,
    FactStatement,
    FactStatementKind,
)
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.limits import MAX_TEXT
from readygate_server.adapters.proposals.paths import get_fact, parse_path, set_fact
from readygate_server.adapters.proposals.validation import validate_proposal
from readygate_server.adapters.proposals.values import (
    GRADE_NAMES,
    FactProblemError,
    Problem,
    check_value,
    is_day,
    show,
    suggest_name,
    to_wire,
)
from readygate_server.adapters.proposals.vocabulary import ASSET_FIELDS, FactField, Kind, fact_fields
from readygate_server.adapters.questionnaire.answers import Answer, Cell, FormFault, Returned, Spot, fault_at
from readygate_server.adapters.questionnaire.form import FORMAT, GRADES, MARK, NO_VALUE, vocabulary_digest
from readygate_server.adapters.questionnaire.values import limits_of, value_of
from readygate_server.domain.facts import FactRef, FactValue
from readygate_server.domain.faults import Fault, FaultsError, few_suggestions, suggest
from readygate_server.domain.vocabulary import Scope

COLLECTOR: Final = "readygate questionnaire"
_KINDS: Final[Mapping[str, FactStatementKind.ValueType]] = {
    "not_applicable": FACT_STATEMENT_KIND_NOT_APPLICABLE,
    "not_stated": FACT_STATEMENT_KIND_NOT_STATED,
}
_ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S.*")
"""An address with its scheme. Other text names no document, and is not to lift a claim to a grade above it."""
_ABOUT_EVIDENCE: Final = ("evidence_uri", "evidence_as_of", "grade")


@few_suggestions()
def answered(form: Returned, *, file: str, known: Proposal | None = None) -> Proposal:
    """Returns the part of a proposal that the answers make: facts, evidence, statements, and the assets asked about.

    An answer that only repeats what `known` says, and gives no evidence, is left out.

    Raises:
      FaultsError: with every fault, each at its place.
    """
    return _Answers(form, file, known).proposal()


class _Answers:
    """Reads the answers of one form."""

    def __init__(self, form: Returned, file: str, known: Proposal | None) -> None:
        self._form = form
        self._file = file
        self._known = known
        self._asked = frozenset(form.facts)
        self._faults: list[Fault] = []
        self._made = Proposal(id=form.head.get("proposal", ""), title=form.head.get("title", ""))

    def proposal(self) -> Proposal:
        self._check_head()
        self._name_assets()
        self._check_all_there()
        for answer, ref in self._answers():
            self._answer(answer, ref)
        if not self._faults:
            self._faults += self._late_faults()
        if self._faults:
            raise FaultsError(self._faults)
        return self._made

    def _fault(self, spot: Spot, message: str, got: str = "", expected: str = "", suggestion: str = "") -> None:
        self._faults.append(fault_at(self._file, spot, Problem(message, got, expected, suggestion)))

    def _check_head(self) -> None:
        head, start = self._form.head, Spot()
        if (version := head.get(MARK, "")) != str(FORMAT):
            self._fault(start, "the form has another version", show(version), f"version {FORMAT}; write it anew")
        if self._known is not None and self._known.id != head.get("proposal"):
            self._fault(start, "the form is about another proposal", show(head.get("proposal", "")), self._known.id)

    def _name_assets(self) -> None:
        scopes = {scope.value: name for scope, name in ASSET_FIELDS.items()}
        for scope, name, title in self._form.assets:
            if scope not in scopes:
                self._fault(Spot(), "there are no such assets", show(scope), f"one of {', '.join(scopes)}")
            elif all(each.id != name for each in getattr(self._made, scopes[scope])):
                getattr(self._made, scopes[scope]).add(id=name, title=title)

    def _check_all_there(self) -> None:
        """Refuses a workbook in which questions are not found, since their answers would be left out unnoticed."""
        there = {answer.path for answer in self._form.answers}
        lost = [path for path in self._form.facts if path not in there]
        if lost:
            got = f"{len(lost)} of {len(self._form.facts)}, the first {lost[0]}"
            advice = "every sheet with its headings in the first row, and a row for each question"
            self._fault(Spot(), "questions of the form are gone", got, advice)

    def _answers(self) -> Iterator[tuple[Answer, FactRef]]:
        """Yields the answers with their facts; those about no fact, or about one twice, are faults."""
        seen: dict[FactRef, Spot] = {}
        older = self._form.head.get("vocabulary") != vocabulary_digest()
        for answer in self._form.answers:
            try:
                ref = self._ref(answer.path)
            except FactProblemError as error:
                problem = error.problem
                advice = problem.expected or ("write the form anew: it is of another version" if older else "")
                self._fault(answer.spot, problem.message, problem.got, advice, problem.suggestion)
                continue
            if (first := seen.setdefault(ref, answer.spot)) is not answer.spot:
                where = first.cell or f"line {first.line}"
                self._fault(answer.spot, "the fact stands here twice", show(answer.path), f"only the one in {where}")
            elif answer.cells:
                yield answer, ref

    def _ref(self, path: str) -> FactRef:
        if self._asked and path not in self._asked:
            meant = suggest(path, self._form.facts)
            raise FactProblemError(Problem("the form does not ask for this", show(path), "the facts as written", meant))
        ref = parse_path(path)
        field = fact_fields()[ref.fact]
        if field.scope is not Scope.DEPLOYMENT:
            names = [name for scope, name, _ in self._form.assets if scope == field.scope.value]
            if ref.subject not in names:
                raise FactProblemError(
                    Problem("the form knows no such asset", show(ref.subject), f"one of {', '.join(names[:10])}")
                )
        if field.kind in (Kind.WHOLE, Kind.MOMENT):
            raise FactProblemError(Problem("the fact has parts", show(path), f"one of them, such as {path}.…"))
        return ref

    def _answer(self, answer: Answer, ref: FactRef) -> None:
        cells = answer.cells
        before = len(self._faults)
        self._check_together(answer)
        if "value" in cells:
            self._value(answer, ref, fact_fields()[ref.fact], before)
        elif "no_value" in cells:
            self._statement(answer, ref)

    def _check_together(self, answer: Answer) -> None:
        cells = answer.cells
        if "value" in cells and "no_value" in cells:
            got = f"{show(cells['value'].value)} and {cells['no_value'].text}"
            self._fault(cells["no_value"].spot, "a value, and a reason why there is none", got, "one of the two")
        if "reason" in cells and "no_value" not in cells:
            advice = f"one of {', '.join(NO_VALUE)} beside it, or no reason"
            self._fault(cells["reason"].spot, "a reason is given, but not what for", show(cells["reason"].text), advice)
        for name in _ABOUT_EVIDENCE:
            if name in cells and "value" not in cells:
                self._fault(cells[name].spot, "evidence is given, but no value", show(cells[name].value), "a value")

    def _value(self, answer: Answer, ref: FactRef, field: FactField, before: int) -> None:
        cell = answer.cells["value"]
        value: FactValue | None = None
        try:
            value = check_value(field, value_of(field, cell))
        except FactProblemError as error:
            self._faults.append(fault_at(self._file, cell.spot, error.problem))
        entry = self._evidence(answer, ref)
        if value is None or len(self._faults) > before:
            return
        if not any(name in answer.cells for name in (*_ABOUT_EVIDENCE, "said_by")) and self._is_known(ref, value, cell):
            return
        set_fact(self._made, ref, list(value) if isinstance(value, tuple) else value)
        if field.kind is Kind.METRICS:
            limits = limits_of(cell)
            for member in self._made.value.guardrails.members:
                if limits.get(member.metric):
                    member.limit = limits[member.metric]
        else:
            entry.value.CopyFrom(to_wire(value))
        self._made.evidence.append(entry)

    def _is_known(self, ref: FactRef, value: FactValue, cell: Cell) -> bool:
        known = self._known_value(ref)
        if known is None or self._known is None:
            return False
        if fact_fields()[ref.fact].kind is Kind.METRICS:
            members = self._known.value.guardrails.members
            return {each.metric: each.limit for each in members} == dict(limits_of(cell))
        if isinstance(known, float) and isinstance(value, float) and cell.spot.cell:
            return float(f"{known:.15g}") == float(f"{value:.15g}")  # as many digits as spreadsheets keep
        return known == value

    def _known_value(self, ref: FactRef) -> FactValue | None:
        """Returns what the proposal says; nothing of assets that it has not."""
        try:
            return None if self._known is None else get_fact(self._known, ref)
        except FactProblemError:
            return None

    def _evidence(self, answer: Answer, ref: FactRef) -> Evidence:
        cells = answer.cells
        uri, grade = self._text(cells, "evidence_uri"), self._text(cells, "grade")
        if uri and not _ADDRESS.fullmatch(uri):
            advice = "the address of a document, such as https://docs.example.org/audit.pdf"
            self._fault(cells["evidence_uri"].spot, "this is no address", show(uri), advice)
        if grade and grade not in GRADES:
            advice = f"one of {', '.join(GRADES)}; what is measured comes from readygate collect"
            meant = "" if grade in GRADE_NAMES else suggest_name(grade, GRADES)
            self._fault(cells["grade"].spot, "a form can not give this grade", show(grade), advice, meant)
        elif grade == GRADES[1] and not uri:
            advice = "its address, or e0_claimed"
            self._fault(cells["grade"].spot, "a document is claimed, and none is named", show(grade), advice)
        grade = grade or (GRADES[1] if uri else GRADES[0])
        entry = Evidence(facts=[ref.fact], subject=ref.subject, source_uri=uri, collector=COLLECTOR)
        entry.grade = EvidenceGrade.ValueType(GRADE_NAMES.get(grade, 1))
        entry.attested_by = self._text(cells, "said_by")
        if (day := self._day(cells)) is not None:
            entry.as_of.CopyFrom(day)
        return entry

    def _day(self, cells: Mapping[str, Cell]) -> Timestamp | None:
        cell = cells.get("evidence_as_of")
        if cell is None:
            return None
        if cell.kind in ("day", "text") and is_day(cell.text):
            moment = Timestamp()
            moment.FromJsonString(f"{cell.text}T00:00:00Z")
            return moment
        advice = "a day, as a date or as YYYY-MM-DD"
        self._fault(cell.spot, "the day does not exist or is written otherwise", show(cell.value), advice)
        return None

    def _statement(self, answer: Answer, ref: FactRef) -> None:
        cells = answer.cells
        kind, said_by = self._text(cells, "no_value"), self._text(cells, "said_by")
        spot, reason = cells["no_value"].spot, self._text(cells, "reason")
        if kind not in _KINDS:
            meant = suggest_name(kind, NO_VALUE)
            self._fault(spot, "this says nothing about a value", show(kind), f"one of {', '.join(NO_VALUE)}", meant)
            return
        if not reason:
            self._fault(spot, "a fact without a value needs a reason", kind, "why")
        if kind == NO_VALUE[0] and not said_by:
            self._fault(spot, "somebody has to say that a fact does not apply", kind, "a name under 'said by'")
        if kind == NO_VALUE[0] and self._known_value(ref) is not None:
            self._fault(spot, "the proposal has a value for what is said not to apply", str(ref), "one of the two")
        self._made.statements.append(
            FactStatement(fact=ref.fact, subject=ref.subject, kind=_KINDS[kind], reason=reason, stated_by=said_by)
        )

    def _text(self, cells: Mapping[str, Cell], name: str) -> str:
        """Returns a text beside the value; anything else is a fault there."""
        cell = cells.get(name)
        if cell is None:
            return ""
        if cell.kind != "text":
            got, advice = show(cell.value), "text"
            self._fault(
                cell.spot, "formulas are not read" if cell.kind == "formula" else "this is no text", got, advice
            )
            return ""
        if len(cell.text) > MAX_TEXT:
            self._fault(cell.spot, "the text is too long", f"{len(cell.text)} characters", f"at most {MAX_TEXT}")
            return ""
        return cell.text

    def _late_faults(self) -> Iterator[Fault]:
        """Yields what is wrong with the whole, such as ids of assets that are none."""
        for each in validate_proposal(self._made):
            message = f"{each.path}: {each.message}"
            yield FormFault(self._file, 0, 0, message, each.got, each.expected, each.suggestion)
