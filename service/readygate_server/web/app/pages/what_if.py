"""What-if: change facts, gate, day or ruleset of a proposal and see what the gate would say. Nothing is recorded."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from google.protobuf.message import DecodeError
from starlette.responses import Response

from readygate.v1 import decision_service_pb2 as decision_pb
from readygate.v1 import gate_service_pb2 as pb
from readygate.v1.decision_pb2 import Decision
from readygate.v1.gate_pb2 import GATE_PRODUCTION
from readygate.v1.proposal_pb2 import Proposal
from readygate.v1.record_pb2 import DecisionRecord
from readygate.v1.ruleset_service_pb2 import ListRulesetsRequest, ListRulesetsResponse
from readygate_server.adapters.proposals.reader import read_proposal
from readygate_server.adapters.words import gate_name
from readygate_server.domain.faults import FaultsError
from readygate_server.web.app.asking import CallFailed
from readygate_server.web.app.choices import GATES, selected, selector_of
from readygate_server.web.app.comparing import Comparison, compare
from readygate_server.web.app.errors import Fault, Said, plain_error, said_of, sentence
from readygate_server.web.app.fact_groups import offered
from readygate_server.web.app.fact_inputs import NOTHING, ReadFacts, read_facts
from readygate_server.web.app.forms import FormError
from readygate_server.web.app.pages.decisions import recorded
from readygate_server.web.app.registered import with_registered
from readygate_server.web.app.visit import Page, Visit

_RECENT: Final = 10
_FILE: Final = "proposal"
_MOST_FAULTS: Final = 50
_TOLD: Final = ("INVALID_PROPOSAL", "INVALID_REQUEST", "LIMIT_EXCEEDED", "RULESET_NOT_FOUND", "NOT_CONFIGURED")
"""Refusals that are told where the proposal was typed in or changed."""


class Wanted(NamedTuple):
    """For which gate, on which day and by which ruleset is judged."""

    gate: str
    as_of: str
    ruleset: str


class Base(NamedTuple):
    """What the what-if starts from."""

    proposal: Proposal
    wanted: Wanted
    decision_id: str = ""


class Outcome(NamedTuple):
    """What came of a change."""

    comparison: Comparison | None
    before: Decision
    read: ReadFacts
    refused: Said | None


async def start(visit: Visit) -> Response:
    """Asks which proposal to start from; takes that of a recorded decision at once."""
    decision_id = visit.request.query_params.get("decision", "")
    if decision_id:
        return await _of_decision(visit, decision_id)
    return await _start_page(visit)


async def _start_page(visit: Visit, text: str = "", faults: Sequence[Fault] = ()) -> Response:
    recent: Sequence[DecisionRecord] = ()
    if visit.house.keeps_record:
        recent = await _recent(visit)
    elif visit.house.asks_who:
        await visit.ask(pb.GetServerInfoRequest(), pb.GetServerInfoResponse)  # who may not call learns so at once
    context = {"text": text, "faults": faults, "recent": recent, "gates": tuple(GATES)}
    return visit.page("what_if_start.html", context, status=400 if faults else 200)


async def _recent(visit: Visit) -> Sequence[DecisionRecord]:
    """Returns the newest decisions that the visitor may see; nothing for who may see none but may ask what-if."""
    request = decision_pb.ListDecisionsRequest(page_size=_RECENT)
    try:
        return (await visit.ask(request, decision_pb.ListDecisionsResponse)).decisions
    except CallFailed as failed:
        if failed.answer.reason != "PERMISSION_DENIED":
            raise
        return ()


async def _of_decision(visit: Visit, decision_id: str) -> Response:
    found = await recorded(visit, decision_id)
    if found.request is None:
        message = "What was asked is no longer kept, so that there is nothing to start from."
        return plain_error(visit, 409, "The proposal of this decision is gone", message)
    record = found.record
    wanted = Wanted(gate_name(record.gate), record.as_of, selected(record.ruleset))
    base = Base(found.request.proposal, wanted, decision_id)
    return await _editor(visit, base, wanted, NOTHING)


async def open_text(visit: Visit) -> Response:
    """Starts from a proposal that was pasted or uploaded."""
    text = visit.form["file"] or visit.form["text"]
    if not text.strip():
        return await _start_page(visit, "", [Fault("text", "Paste a proposal, or choose a file.", field="text")])
    try:
        # A megabyte of YAML takes a while, and others are waiting.
        proposal, _ = await asyncio.to_thread(read_proposal, text, file=_FILE)
    except FaultsError as error:
        faults = [
            Fault(f"line {each.line}, column {each.column}", sentence(each.message), each.got, each.expected, "text")
            for each in error.faults[:_MOST_FAULTS]
        ]
        return await _start_page(visit, text, faults)
    gate = visit.form["gate"]
    wanted = Wanted(gate if gate in GATES else _target_gate(proposal), visit.house.today(), "")
    try:
        return await _editor(visit, Base(proposal, wanted), wanted, NOTHING)
    except CallFailed as failed:
        if failed.answer.reason not in _TOLD:
            raise
        said = said_of(failed.answer)
        faults = [Fault(each.path, sentence(each.message), each.got, each.expected, "text") for each in said.faults]
        return await _start_page(visit, text, faults or [Fault("", said.message, field="text")])


def _target_gate(proposal: Proposal) -> str:
    return gate_name(proposal.deployment.target_gate) if proposal.deployment.HasField("target_gate") else "commit"


async def change(visit: Visit) -> Response:
    """Shows the whole page with what the form changes: for browsers without the script."""
    base, wanted = _base_of(visit), _wanted_of(visit)
    display = await with_registered(visit, base.proposal)
    return await _editor(visit, base, wanted, read_facts(display, visit.form))


async def outcome(visit: Visit) -> Response:
    """Shows only what came of a change: for the script."""
    base, wanted = _base_of(visit), _wanted_of(visit)
    display = await with_registered(visit, base.proposal)
    found = await _judged(visit, base, wanted, read_facts(display, visit.form))
    response = visit.page("what_if_outcome.html", _outcome_context(found, wanted, base))
    response.headers["x-fragment"] = "outcome"
    return response


async def _editor(visit: Visit, base: Base, wanted: Wanted, read: ReadFacts) -> Response:
    display = await with_registered(visit, base.proposal)
    found = await _judged(visit, base, wanted, read)
    rulesets = (await visit.ask(ListRulesetsRequest(), ListRulesetsResponse)).rulesets
    decisions = [found.before, *([found.comparison.now.decision] if found.comparison else [])]
    context = _outcome_context(found, wanted, base) | {
        "base": base,
        "proposal": base.proposal,
        "packed": base64.urlsafe_b64encode(base.proposal.SerializeToString()).decode(),
        "gates": tuple(GATES),
        "rulesets": [(selected(each), each) for each in rulesets],
        "chosen_ruleset": wanted.ruleset or selected(found.before.ruleset),
        "base_ruleset": base.wanted.ruleset or selected(found.before.ruleset),
        "form": await asyncio.to_thread(offered, display, decisions, await _requirements(visit, base, wanted), read),
        "faults": read.faults,
    }
    status = 400 if read.faults or found.refused else 200
    return await asyncio.to_thread(visit.page, "what_if.html", context, status=status)


def _outcome_context(found: Outcome, wanted: Wanted, base: Base) -> dict[str, object]:
    settings = [
        (name, was, now)
        for name, was, now in zip(("gate", "day", "ruleset"), base.wanted, wanted, strict=True)
        if was != now and now and (was or name != "ruleset")
    ]
    return {
        "comparison": found.comparison,
        "blocking": {(each.rule_id, each.subject) for each in found.comparison.now.blockers}
        if found.comparison
        else (),
        "changed": found.read.changed,
        "settings": settings,
        "faults": found.read.faults,
        "refused": found.refused,
        "wanted": wanted,
        "decision_id": base.decision_id,
        "waivers": len(found.before.waiver_ids),
    }


async def _requirements(visit: Visit, base: Base, wanted: Wanted) -> Sequence[pb.ListRequirementsResponse.Requirement]:
    """Returns what is asked of such a proposal until the last gate, so that a later gate needs no other form."""
    request = pb.ListRequirementsRequest(
        proposal=base.proposal, ruleset=selector_of(wanted.ruleset), gate=GATE_PRODUCTION, as_of=wanted.as_of
    )
    try:
        return (await visit.ask(request, pb.ListRequirementsResponse)).requirements
    except CallFailed as failed:
        if failed.answer.reason in _TOLD:
            return ()
        raise


async def _judged(visit: Visit, base: Base, wanted: Wanted, read: ReadFacts) -> Outcome:
    before = await _before(visit, base)
    if read.faults:
        return Outcome(None, before, read, None)
    if base.decision_id and not read.overrides and wanted == base.wanted:
        # As it was recorded, with the waivers that were granted for it; a simulation knows none.
        return Outcome(compare(before, before), before, read, None)
    request = _simulation(base.proposal, wanted)
    request.overrides.extend(read.overrides)
    try:
        now = (await visit.ask(request, pb.SimulateResponse)).decision
    except CallFailed as failed:
        if failed.answer.reason not in _TOLD:
            raise
        return Outcome(None, before, read, said_of(failed.answer))
    return Outcome(compare(before, now), before, read, None)


async def _before(visit: Visit, base: Base) -> Decision:
    """Returns the recorded decision, else what the gate says of the proposal as it was handed in."""
    if base.decision_id:
        found = await recorded(visit, base.decision_id)
        if found.decision is not None:
            return found.decision
    return (await visit.ask(_simulation(base.proposal, base.wanted), pb.SimulateResponse)).decision


def _simulation(proposal: Proposal, wanted: Wanted) -> pb.SimulateRequest:
    request = pb.SimulateRequest(proposal=proposal, ruleset=selector_of(wanted.ruleset), as_of=wanted.as_of)
    if wanted.gate in GATES:
        request.gate = GATES[wanted.gate]
    return request


def _base_of(visit: Visit) -> Base:
    """Returns what the form carries along; nobody but its own visitor is misled by a form that was tampered with."""
    form = visit.form
    try:
        raw = base64.urlsafe_b64decode(form["base"].encode("ascii"))
        proposal = Proposal.FromString(raw)
    except (binascii.Error, ValueError, DecodeError) as error:
        raise FormError("the proposal of the form can not be read") from error
    return Base(proposal, Wanted(form["base_gate"], form["base_as_of"], form["base_ruleset"]), form["decision"])


def _wanted_of(visit: Visit) -> Wanted:
    form: Mapping[str, str] = {name: visit.form[name] for name in ("gate", "as_of", "ruleset")}
    return Wanted(form["gate"], form["as_of"] or visit.house.today(), form["ruleset"])


PAGES: Final[Sequence[tuple[str, str, Page]]] = (
    ("GET", "/what-if", start),
    ("POST", "/what-if", open_text),
    ("POST", "/what-if/change", change),
    ("POST", "/what-if/outcome", outcome),
)
