"""What a BPMN model says: tasks, who does them, what happens when they fail, and how decisions are taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final, NamedTuple

from readygate_server.adapters.collectors.bpmn.tree import Element

TASKS: Final = frozenset(
    {
        "task",
        "userTask",
        "manualTask",
        "serviceTask",
        "sendTask",
        "receiveTask",
        "scriptTask",
        "businessRuleTask",
        "callActivity",
    }
)
_HUMAN: Final = ("userTask", "manualTask")
_DECISIONS: Final = frozenset({"exclusiveGateway", "inclusiveGateway", "complexGateway"})
_SUBPROCESSES: Final = ("subProcess", "adHocSubProcess", "transaction")
_PERFORMERS: Final = ("performer", "humanPerformer", "potentialOwner")
_ASSIGNED: Final = ("assignee", "candidateGroups", "candidateUsers")
"""Attributes that vendors put on tasks."""


class Model(NamedTuple):
    """Counts over one file."""

    processes: int
    executable: int
    pools: int
    collapsed: int
    """Pools that say nothing of what goes on in them."""
    lanes: int
    tasks: int
    kinds: Counter[str]
    named: int
    owned: int
    """Tasks that lie in a lane or name who performs them."""
    documented: int
    processes_documented: int
    handled: int
    """Tasks with an event on their border, or on that of what they lie in: what happens when they fail or take long."""
    boundaries: Counter[str]
    """Events on borders, by what they wait for."""
    escalations: int
    """Events of escalation, wherever they are."""
    decisions: int
    labelled: int
    """Decisions with a label or a condition on each way out but the default."""
    ruled: int
    """Decisions with a condition on each way out but the default, or right after a business rule task."""
    crossings: int
    """Flows from one lane to another."""
    messages: int
    """Flows of messages between pools."""
    starts: int
    ends: int
    orphans: int
    """Tasks that no flow leads to or from."""

    @property
    def human(self) -> int:
        """Returns tasks that people do."""
        return sum(self.kinds[kind] for kind in _HUMAN)

    @property
    def untyped(self) -> int:
        """Returns tasks of which the model does not say whether people do them."""
        return self.kinds["task"]


def model_of(definitions: Element) -> Model:
    """Returns the counts over a file."""
    everything = list(definitions.all())
    processes = [each for each in everything if each.name == "process"]
    participants = [each for each in everything if each.name == "participant"]
    tasks = [each for each in everything if each.name in TASKS]
    borders = [each for each in everything if each.name == "boundaryEvent"]
    lane_of = _lanes(everything)
    flows = _Flows(everything)
    guarded = _guarded(everything, borders)
    decisions = [each for each in everything if each.name in _DECISIONS and len(flows.out(each)) > 1]
    full = {_id(process) for process in processes if any(each.name in TASKS for each in process.all())}
    return Model(
        processes=len(processes),
        executable=sum(each.attributes.get("isExecutable") == "true" for each in processes),
        pools=len(participants),
        collapsed=sum(each.attributes.get("processRef", "").rpartition(":")[2] not in full for each in participants),
        lanes=sum(each.name == "lane" for each in everything),
        tasks=len(tasks),
        kinds=Counter(each.name for each in tasks),
        named=sum(bool(each.attributes.get("name", "").strip()) for each in tasks),
        owned=sum(_id(each) in lane_of or _performed(each) for each in tasks),
        documented=sum(map(_documented, tasks)),
        processes_documented=sum(map(_documented, processes)),
        handled=sum(_id(each) in guarded for each in tasks),
        boundaries=Counter(kind for border in borders for kind in _waits_for(border)),
        escalations=sum(each.name == "escalationEventDefinition" for each in everything),
        decisions=len(decisions),
        labelled=sum(flows.told(each, labels=True) for each in decisions),
        ruled=sum(flows.told(each, labels=False) or flows.after(each, "businessRuleTask") for each in decisions),
        crossings=flows.crossings(lane_of),
        messages=sum(each.name == "messageFlow" for each in everything),
        starts=sum(each.name == "startEvent" for each in everything),
        ends=sum(each.name == "endEvent" for each in everything),
        orphans=sum(not flows.touch(each) for each in tasks),
    )


def _id(element: Element) -> str:
    return element.attributes.get("id", "")


def _documented(element: Element) -> bool:
    return any(each.text for each in element.named("documentation"))


def _performed(task: Element) -> bool:
    return bool(task.named(*_PERFORMERS)) or any(task.attributes.get(name, "").strip() for name in _ASSIGNED)


def _waits_for(border: Element) -> Iterable[str]:
    found = [each.name.removesuffix("EventDefinition") for each in border.children if "EventDefinition" in each.name]
    return found or ["nothing"]


def _lanes(everything: Iterable[Element]) -> dict[str, str]:
    """Returns the innermost lane of each node by its id. What lies in a subprocess lies in the lane of that as well."""
    lane_of: dict[str, str] = {}
    for element in everything:
        if element.name == "lane":
            for reference in element.named("flowNodeRef"):
                lane_of[reference.text.rpartition(":")[2]] = _id(element)
    for element in _innermost_first(everything):
        if _id(element) in lane_of:
            for within in element.all():
                lane_of.setdefault(_id(within), lane_of[_id(element)])
    return lane_of


def _guarded(everything: Iterable[Element], borders: Iterable[Element]) -> set[str]:
    """Returns the ids of what has an event on its border, and of all that lies in it."""
    guarded = {border.attributes.get("attachedToRef", "").rpartition(":")[2] for border in borders}
    for element in everything:
        if element.name in _SUBPROCESSES and _id(element) in guarded:
            guarded.update(_id(within) for within in element.all())
    return guarded


def _innermost_first(everything: Iterable[Element]) -> list[Element]:
    """Returns subprocesses so that what lies in another comes before it."""
    return [each for each in everything if each.name in _SUBPROCESSES][::-1]


class _Flows:
    """Which node leads to which."""

    def __init__(self, everything: Iterable[Element]) -> None:
        self._from: dict[str, list[Element]] = {}
        self._to: dict[str, list[Element]] = {}
        self._node: dict[str, Element] = {}
        for element in everything:
            if element.name == "sequenceFlow":
                self._from.setdefault(element.attributes.get("sourceRef", ""), []).append(element)
                self._to.setdefault(element.attributes.get("targetRef", ""), []).append(element)
            else:
                self._node[_id(element)] = element

    def out(self, node: Element) -> list[Element]:
        """Returns the flows that leave a node."""
        return self._from.get(_id(node), [])

    def touch(self, node: Element) -> bool:
        """True when a flow leaves a node or leads to it."""
        return _id(node) in self._from or _id(node) in self._to

    def told(self, decision: Element, *, labels: bool) -> bool:
        """True when each way out but the default says when it is taken; with `labels` its name is enough."""
        default = decision.attributes.get("default", "")
        ways = [flow for flow in self.out(decision) if not default or _id(flow) != default]
        return all(_condition(flow) or (labels and flow.attributes.get("name", "").strip()) for flow in ways)

    def after(self, node: Element, kind: str) -> bool:
        """True when all that leads to a node is of one kind."""
        before = [self._node.get(flow.attributes.get("sourceRef", "")) for flow in self._to.get(_id(node), [])]
        return bool(before) and all(each is not None and each.name == kind for each in before)

    def crossings(self, lane_of: dict[str, str]) -> int:
        """Returns how many flows lead from one lane to another."""
        ends = [
            (lane_of.get(source), lane_of.get(flow.attributes.get("targetRef", "")))
            for source, flows in self._from.items()
            for flow in flows
        ]
        return sum(source != target for source, target in ends if source and target)


def _condition(flow: Element) -> bool:
    return any(each.text for each in flow.named("conditionExpression"))
