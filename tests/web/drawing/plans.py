"""Plans to be drawn: any shape, any text."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from hypothesis import strategies as st

from readygate.v1 import decision_pb2 as pb

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
"""Whatever a protobuf string may hold."""
EFFORTS = st.tuples(st.floats(0, 40), st.floats(0, 40)).map(sorted)


def plan_of(
    after: Sequence[Sequence[int]],
    *,
    names: Sequence[str] = (),
    titles: Sequence[str] = (),
    effort: tuple[float, float] = (1, 3),
) -> pb.Plan:
    """Returns a plan in which item n comes after the items that `after[n]` lists, all with smaller numbers."""
    items: list[pb.WorkItem] = []
    for number, before in enumerate(after):
        item = pb.WorkItem(
            id=f"W-{number}{names[number] if names else ''}",
            title=titles[number] if titles else f"Repair number {number}",
            owner_role="Data owner",
            infrastructure=number % 3 > 0,
            after=[items[each].id for each in before],
            wave=1 + max((items[each].wave for each in before), default=0),
        )
        item.effort.min_person_weeks, item.effort.max_person_weeks = effort
        item.wait.max_weeks = number % 4
        items.append(item)
    in_order = sorted(items, key=lambda each: (each.wave, each.id))
    plan = pb.Plan(items=in_order)
    plan.critical_by_elapsed.item_ids.extend(_chain(items))
    return plan


def _chain(items: Sequence[pb.WorkItem]) -> list[str]:
    """Returns one chain to an item of the last wave."""
    by_id = {each.id: each for each in items}
    last = max(items, key=lambda each: each.wave)
    chain = [last]
    while chain[-1].after:
        chain.append(by_id[max(chain[-1].after, key=lambda name: by_id[name].wave)])
    return [each.id for each in reversed(chain)]


def large_plan(items: int, *, seed: int = 7) -> pb.Plan:
    """Returns a plan as large as one gets, with chains, items that join them, and items on their own."""
    random = Random(seed)  # noqa: S311 -- a shape, no secret
    after = [
        random.sample(range(max(0, number - 25), number), k=min(number, random.choice([0, 0, 1, 1, 2])))
        for number in range(items)
    ]
    return plan_of(after)


@st.composite
def plans(draw: st.DrawFn) -> pb.Plan:
    """Draws a plan."""
    count = draw(st.integers(1, 24))
    after = [
        draw(st.lists(st.integers(0, number - 1), max_size=3, unique=True)) if number else [] for number in range(count)
    ]
    names = draw(st.lists(TEXTS, min_size=count, max_size=count))
    titles = draw(st.lists(TEXTS, min_size=count, max_size=count))
    low, high = draw(EFFORTS)
    return plan_of(after, names=names, titles=titles, effort=(low, high))
