"""Plans, and what would be a yes, as messages of the contract."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Protocol

from readygate.v1 import decision_pb2 as pb
from readygate.v1 import ruleset_pb2
from readygate_server.domain.decision import MissingFact, PassingToday, WayToYes
from readygate_server.domain.facts import FactRef
from readygate_server.domain.plan import Chain, Plan, Total, WorkItem
from readygate_server.domain.rule import Range
from readygate_server.domain.tiering import Narrowing
from readygate_server.grpc_api.enum_values import GATES, TIERS, VERDICTS
from readygate_server.grpc_api.finding_messages import value_message


class FactDirectory(Protocol):
    """Who owns a fact, and which artefact would give it. One object stands for one state of that knowledge."""

    def __hash__(self) -> int:
        """Returns the hash of the object, so that what was made with it can be kept."""
        ...

    def owner_role(self, fact: str) -> str:
        """Returns the role that normally owns a fact."""
        ...

    def artefact(self, fact: str) -> str:
        """Returns the artefact that would give a fact."""
        ...

    def collectors(self, fact: str) -> Sequence[str]:
        """Returns the names of the collectors that read a fact from artefacts."""
        ...


def missing_message(missing: MissingFact, directory: FactDirectory) -> pb.MissingFact:
    """Returns the message of a missing fact."""
    return pb.MissingFact(
        fact=missing.ref.fact,
        subject=missing.ref.subject,
        owner_role=directory.owner_role(missing.ref.fact),
        artefact=directory.artefact(missing.ref.fact),
        rule_ids=missing.rule_ids,
        statement=missing.statement,
        blocks=missing.blocks,
    )


def _effort(effort: Range) -> ruleset_pb2.EffortRange:
    return ruleset_pb2.EffortRange(min_person_weeks=effort.low, max_person_weeks=effort.high)


def _weeks(weeks: Range) -> ruleset_pb2.WaitRange:
    return ruleset_pb2.WaitRange(min_weeks=weeks.low, max_weeks=weeks.high)


def plan_message(plan: Plan, directory: FactDirectory) -> pb.Plan:
    """Returns the message of a plan."""
    return pb.Plan(
        items=[_item(item, directory) for item in plan.items],
        waves=[pb.Wave(number=number, item_ids=items) for number, items in enumerate(plan.waves, 1)],
        critical_by_effort=_chain(plan.critical_by_effort),
        critical_by_elapsed=_chain(plan.critical_by_elapsed),
        total=_effort(plan.total),
        total_if_measured_false=_effort(plan.total_if_false),
        by_owner_role=[_total(total) for total in plan.by_owner],
        by_foundation=[_total(total) for total in plan.by_foundation],
        infrastructure=_effort(plan.infrastructure),
        paperwork=_effort(plan.paperwork),
    )


@lru_cache(maxsize=4096)
def _item(item: WorkItem, directory: FactDirectory) -> pb.WorkItem:
    message = pb.WorkItem(
        id=item.id,
        rule_id=item.rule_id,
        subject=item.subject,
        title=item.title,
        done_when=item.done_when,
        kind=pb.WORK_KIND_MEASURE if item.measures else pb.WORK_KIND_FIX,
        effort=_effort(item.effort),
        wait=_weeks(item.wait),
        owner_role=item.owner,
        after=item.after,
        wave=item.wave,
        foundation=item.foundation,
        infrastructure=item.infrastructure,
        measures=[_measure(ref, item, directory) for ref in item.measures],
        collect_commands=collect_commands(item.proves, directory),
    )
    if item.measures:
        message.effort_if_measured_false.CopyFrom(_effort(item.effort_if_false))
        message.wait_if_measured_false.CopyFrom(_weeks(item.wait_if_false))
    return message


def collect_commands(facts: Iterable[FactRef], directory: FactDirectory) -> list[str]:
    """Returns one command for each collector and asset that gives some of the facts, in the order of the facts."""
    pairs = dict.fromkeys((name, ref.subject) for ref in facts for name in directory.collectors(ref.fact))
    return [
        f"readygate collect {name} ARTEFACT --asset {asset} -o {asset}-{name}.yaml" for name, asset in pairs if asset
    ]


def _measure(ref: FactRef, item: WorkItem, directory: FactDirectory) -> pb.MissingFact:
    return missing_message(MissingFact(ref, (item.rule_id,), "", blocks=True), directory)


def _chain(chain: Chain) -> pb.Chain:
    return pb.Chain(item_ids=chain.items, effort=_effort(chain.effort), elapsed=_weeks(chain.elapsed))


def _total(total: Total) -> pb.Total:
    return pb.Total(key=total.key, items=total.items, effort=_effort(total.effort))


def _narrowings(narrowings: tuple[Narrowing, ...]) -> list[pb.Narrowing]:
    return [
        pb.Narrowing(fact=each.fact, proposed=value_message(each.proposed), narrowed=value_message(each.narrowed))
        for each in narrowings
    ]


def way_message(way: WayToYes) -> pb.WayToYes:
    """Returns the message of a way to a yes."""
    return pb.WayToYes(
        verdict=VERDICTS[way.verdict],
        tier=TIERS[way.tier],
        gate=GATES[way.gate],
        narrowings=_narrowings(way.narrowings),
        item_ids=way.items,
        effort=_effort(way.effort),
        elapsed=_weeks(way.elapsed),
    )


def passing_message(passing: PassingToday) -> pb.PassingToday:
    """Returns the message of a tier and gate that pass as things stand."""
    return pb.PassingToday(
        verdict=VERDICTS[passing.verdict],
        tier=TIERS[passing.tier],
        gate=GATES[passing.gate],
        narrowings=_narrowings(passing.narrowings),
    )
