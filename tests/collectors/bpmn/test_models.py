"""A process model documents work and proves none; what it does not say stays open."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.collectors.bpmn.models import CONFIRMED, OWNERS, RULES, collected, condition, counted, fact, flow, model

from readygate_server.adapters.collectors.bpmn import COLLECTOR
from readygate_server.adapters.collectors.bpmn import tree as bpmn_tree
from readygate_server.adapters.collectors.port import ArtefactError, ArtefactLimitError, Collector, OptionError
from readygate_server.domain.collected import Status
from readygate_server.domain.vocabulary import Grade

_GATE = '<exclusiveGateway id="g" {}/><task id="a"/><task id="b"/>'


def _file(tmp_path: Path, body: str, **more: str) -> Path:
    (tmp_path / "model.bpmn").write_bytes(model(body, **more))
    return tmp_path / "model.bpmn"


def test_a_model_that_its_owner_confirmed_has_a_day(tmp_path: Path) -> None:
    """The day is said by whoever collects, for the file with this digest, and never weighs more than E1."""
    path = _file(tmp_path, '<task id="a" name="Pay"/>')
    assert fact(collected(path), CONFIRMED).status is Status.NOT_STATED
    found = fact(collected(path, confirmed_on="2026-02-03"), CONFIRMED)
    assert (found.value, found.grade, found.as_of) == ("2026-02-03", Grade.E1, datetime(2026, 2, 3, tzinfo=UTC))


@pytest.mark.parametrize("day", ["2026-02-30", "03.02.2026", "20260203", "2026-W05-2", "yesterday"])
def test_a_day_is_written_as_one(tmp_path: Path, day: str) -> None:
    """Anything else is refused."""
    with pytest.raises(OptionError, match="no such day"):
        collected(_file(tmp_path, '<task id="a"/>'), confirmed_on=day)


def test_a_model_without_tasks_says_nothing(tmp_path: Path) -> None:
    """An empty process, confirmed or not, has no day and no rules."""
    found = collected(_file(tmp_path, '<startEvent id="s"/>'), confirmed_on="2026-02-03")
    assert {each.status for each in found.facts} == {Status.NOT_EVALUABLE}


@pytest.mark.parametrize(
    ("gate", "flows", "status"),
    [
        ("", flow("g", "a", inside=condition()) + flow("g", "b", inside=condition()), Status.STATED),
        ('default="g-b"', flow("g", "a", inside=condition()) + flow("g", "b"), Status.STATED),
        ("", flow("g", "a", inside=condition()) + flow("g", "b"), Status.NOT_EVALUABLE),
        ("", flow("g", "a", 'name="Yes"') + flow("g", "b", 'name="No"'), Status.NOT_EVALUABLE),
        ("", flow("g", "a", inside=condition(" ")) + flow("g", "b", inside=condition()), Status.NOT_EVALUABLE),
        ("", flow("g", "a"), Status.NOT_APPLICABLE),
    ],
)
def test_a_decision_has_its_rule_or_is_left_open(tmp_path: Path, gate: str, flows: str, status: Status) -> None:
    """Conditions are rules, labels such as Yes and No are none, and one way out is no decision."""
    found = fact(collected(_file(tmp_path, _GATE.format(gate) + flows), confirmed_on="2026-02-03"), RULES)
    assert (found.status, found.value) == (status, 1.0 if status is Status.STATED else None)


@pytest.mark.parametrize(
    ("tasks", "expected"),
    [
        ('<task id="a" c:assignee="x"/><task id="b"/>', 0.5),
        ('<task id="a" c:assignee="x"/><task id="b"><performer/></task>', 1.0),
        ('<task id="a"/><task id="b" c:assignee=" "/>', None),
    ],
)
def test_tasks_have_owners_or_the_model_is_silent(tmp_path: Path, tasks: str, expected: float | None) -> None:
    """Tasks with a performer count by all tasks; where no task has one, that is not stated and not 0."""
    found = fact(collected(_file(tmp_path, tasks)), OWNERS)
    status = Status.NOT_STATED if expected is None else Status.STATED
    assert (found.status, found.value, found.grade) == (status, expected, Grade.E1)


def test_rules_that_nobody_confirmed_are_not_approved(tmp_path: Path) -> None:
    """The fact asks for approved rules, and a model does not say who approved it."""
    path = _file(tmp_path, _GATE.format('default="g-b"') + flow("g", "a", inside=condition()) + flow("g", "b"))
    assert fact(collected(path), RULES).status is Status.NOT_EVALUABLE
    assert "whether it is approved" in fact(collected(path), RULES).reason


def test_a_business_rule_task_is_the_rule_of_what_follows() -> None:
    """Only when nothing else leads to the decision."""
    body = '<businessRuleTask id="r"/>' + _GATE.format("") + flow("r", "g") + flow("g", "a") + flow("g", "b")
    assert (counted(body).decisions, counted(body).ruled) == (1, 1)
    assert counted(body + flow("a", "g")).ruled == 0


def test_a_pool_that_shows_nothing_leaves_decisions_open(tmp_path: Path) -> None:
    """No decision in sight is not no decision."""
    pools = '<collaboration id="c"><participant id="x" processRef="p"/><participant id="y"/></collaboration>'
    found = fact(collected(_file(tmp_path, '<task id="a"/>', more=pools)), RULES)
    assert (found.status, found.reason.partition(",")[0]) == (Status.NOT_EVALUABLE, "no decision is drawn")
    assert counted('<task id="a"/>', more=pools).collapsed == 1


def test_tasks_have_owners_by_lane_performer_or_assignment() -> None:
    """Also what lies in a subprocess of a lane; an empty assignment is none, and a vendor's element is not read."""
    body = """
      <laneSet id="l"><lane id="l1"><flowNodeRef>a</flowNodeRef><flowNodeRef> s </flowNodeRef></lane></laneSet>
      <task id="a"/><subProcess id="s"><task id="b"/><subProcess id="t"><task id="c"/></subProcess></subProcess>
      <userTask id="d"><potentialOwner id="o"/></userTask><userTask id="e" c:assignee="x"/>
      <userTask id="f" c:assignee=" "/><userTask id="g"/><c:task id="h"/>
      <extensionElements><task id="i"/></extensionElements>
    """
    found = counted(body)
    assert (found.tasks, found.owned) == (7, 5)
    assert (found.human, found.untyped) == (4, 3)


def test_what_happens_when_a_task_fails_is_counted() -> None:
    """An event on its border, or on that of the subprocess that it lies in, by what it waits for."""
    body = """
      <task id="a"/><task id="b"/><subProcess id="s"><task id="c"/></subProcess>
      <boundaryEvent id="x" attachedToRef="a"><timerEventDefinition/></boundaryEvent>
      <boundaryEvent id="y" attachedToRef="s"><escalationEventDefinition/></boundaryEvent>
      <boundaryEvent id="z" attachedToRef="a"/>
    """
    found = counted(body)
    assert (found.handled, found.escalations) == (2, 1)
    assert dict(found.boundaries) == {"timer": 1, "escalation": 1, "nothing": 1}


def test_hand_offs_are_flows_between_lanes() -> None:
    """The innermost lane counts; a flow to a node without lane is none."""
    body = """
      <laneSet id="s"><lane id="o"><flowNodeRef>a</flowNodeRef><flowNodeRef>b</flowNodeRef><childLaneSet id="cs">
      <lane id="i"><flowNodeRef>b</flowNodeRef></lane></childLaneSet></lane></laneSet>
      <task id="a"/><task id="b"/><task id="c"/>
    """
    assert counted(body + flow("a", "b") + flow("b", "a") + flow("b", "c")).crossings == 2


def test_names_and_descriptions_are_those_with_text() -> None:
    """Blank ones are none."""
    body = """
      <documentation>what it is for</documentation><task id="a" name=" "/>
      <task id="b" name="Pay"><documentation> </documentation></task>
      <task id="c"><documentation>Pays <![CDATA[the bill]]></documentation></task>
    """
    found = counted(body)
    assert (found.named, found.documented, found.processes_documented, found.orphans) == (1, 1, 1, 3)


def test_no_name_leaves_the_model(tmp_path: Path) -> None:
    """Neither of people, nor of lanes or tasks."""
    body = """
      <laneSet id="l"><lane id="l1" name="Ms Quill"><flowNodeRef>a</flowNodeRef></lane></laneSet>
      <userTask id="a" name="Ask Ms Quill" c:assignee="quill"><documentation>Quill knows</documentation></userTask>
    """
    found = collected(_file(tmp_path, body), confirmed_on="2026-02-03")
    assert "quill" not in repr(found).lower()
    assert any("1 of 1 tasks lie in a lane" in note for note in found.notes)


def test_a_mined_model_is_said_to_look_like_one(tmp_path: Path) -> None:
    """Tasks of no type and no owner are what mining gives."""
    found = collected(_file(tmp_path, '<task id="a" name="x"/><task id="b" name="y"/>'))
    assert any("mined from a log" in note for note in found.notes)


def test_prefixes_change_nothing() -> None:
    """Elements are known by their namespace."""
    body = '<task id="a" name="x"/>' + flow("a", "b")
    assert counted(body, prefix="bpmn2") == counted(body)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not well-formed"),
        (b"<definitions/>", "no BPMN 2.0"),
        (b'<definitions xmlns="http://www.omg.org/spec/DMN/20180521/MODEL/"/>', "no BPMN 2.0"),
        (model("<task id='a'>")[:-20], "not well-formed"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]>' + model(""), "document type"),
        (b'<!DOCTYPE x SYSTEM "file:///etc/hostname">' + model(""), "document type"),
        (model("<subProcess>" * 200_000), "too deep"),
        (model("\xff").replace(b"\xc3\xbf", b"\xff"), "not well-formed"),
    ],
)
def test_what_is_no_model_is_refused(tmp_path: Path, data: bytes, said: str) -> None:
    """Each says what is wrong with it."""
    (tmp_path / "x.bpmn").write_bytes(data)
    with pytest.raises(ArtefactError, match=said):
        collected(tmp_path / "x.bpmn")


def test_a_model_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Elements are counted while they are read, those of vendors too."""
    monkeypatch.setattr(bpmn_tree, "MAX_ELEMENTS", 12)
    assert fact(collected(_file(tmp_path, '<task id="a"/>' * 10)), CONFIRMED).status is Status.NOT_STATED
    with pytest.raises(ArtefactLimitError, match="too many elements"):
        collected(_file(tmp_path, '<c:x id="a"/>' * 11))


def test_the_largest_model_takes_seconds(tmp_path: Path) -> None:
    """Subprocesses within each other, a border on each, and as many tasks as may be: time stays bounded."""
    depth, tasks = 90, 80_000
    body = "".join(f'<subProcess id="s{n}">' for n in range(depth))
    body += "".join(f'<task id="t{n}"/>' for n in range(tasks)) + "</subProcess>" * depth
    body += "".join(f'<boundaryEvent id="b{n}" attachedToRef="s{n}"/>' for n in range(depth))
    began = time.process_time()
    found = collected(_file(tmp_path, body))
    assert any(f"{tasks} of {tasks} tasks say what happens" in note for note in found.notes)
    assert time.process_time() - began < 20


def test_a_model_is_recognised_by_its_namespace(tmp_path: Path) -> None:
    """Whatever its name; other XML is left to others."""
    found = COLLECTOR.recognises(tmp_path / "claims.v2.xml", model("", prefix="semantic"))
    assert (found.id, found.confidence) == ("claims", "high") if found else False
    assert COLLECTOR.recognises(tmp_path / "a.bpmn", b"<definitions/>") is None
    assert isinstance(COLLECTOR, Collector)


def test_one_model_is_one_workflow(tmp_path: Path) -> None:
    """A folder is refused."""
    with pytest.raises(ArtefactError, match="is one file"):
        collected(tmp_path)
