"""The plan as a graph."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import pytest
from hypothesis import given, settings

from readygate.v1 import decision_pb2 as pb
from readygate_server.domain.texts import plain
from readygate_server.web.drawing.boxes import HEIGHT, WIDTH
from readygate_server.web.drawing.graph import graph
from readygate_server.web.drawing.svg import alone
from tests.web.drawing.example import PICTURES, pictures
from tests.web.drawing.pictures import Arrow, Box, arrows, boxes, parsed, texts
from tests.web.drawing.plans import large_plan, plan_of, plans

NEAR = 0.2
"""Coordinates are written to a tenth."""


def _ids(plan: pb.Plan) -> list[str]:
    return sorted(_shown(each) for each in plan.items)


def _shown(item: pb.WorkItem) -> str:
    return " ".join(plain(f"{item.id}: {item.title}").split())


def _by_id(plan: pb.Plan, found: list[Box]) -> dict[str, Box]:
    return {item.id: next(box for box in found if box.title.startswith(f"{item.id}: ")) for item in plan.items}


@given(plans())
@settings(max_examples=60, deadline=None)
def test_every_item_is_drawn_once_and_nothing_overlaps(plan: pb.Plan) -> None:
    """However the items hang together and whatever they are called, each has one box, and no two boxes touch."""
    found = []
    for sheet in graph(plan, key="k"):
        on_sheet = boxes(sheet)
        assert not any(one.touches(other) for one, other in combinations(on_sheet, 2))
        assert all(box.x >= 0 and box.x + WIDTH <= sheet.width for box in on_sheet)
        assert all(box.y >= 0 and box.y + HEIGHT <= sheet.height for box in on_sheet)
        found += on_sheet
    assert len(found) == len(plan.items)
    drawn = sorted(" ".join(box.title.split()) for box in found)
    assert all(any(title.startswith(item) for title in drawn) for item in _ids(plan))


@given(plans())
@settings(max_examples=60, deadline=None)
def test_every_dependency_is_an_arrow(plan: pb.Plan) -> None:
    """There are as many arrows as dependencies, and each points to the right."""
    found = [arrow for sheet in graph(plan, key="k") for arrow in arrows(sheet)]
    assert len(found) == sum(len(item.after) for item in plan.items)
    assert all(arrow.start[0] < arrow.end[0] for arrow in found)


def test_arrows_run_from_what_comes_first_to_what_follows() -> None:
    """An arrow starts at the right side of the prerequisite and ends at the left side of what depends on it."""
    plan = large_plan(60)
    drawn = {ends for sheet in graph(plan, key="k") for ends in _ends(boxes(sheet), arrows(sheet))}
    assert drawn == {(before, item.id) for item in plan.items for before in item.after}


def _ends(found: list[Box], drawn: list[Arrow]) -> Iterator[tuple[str, str]]:
    """Yields the items that each arrow touches with its ends; the line stops behind the tip of its head."""
    for arrow in drawn:
        (x, y), (to_x, to_y) = arrow.start, arrow.end
        starts = [each for each in found if abs(each.x + WIDTH - x) < NEAR and abs(each.y + HEIGHT / 2 - y) < NEAR]
        stops = [each for each in found if abs(each.x - 8 - to_x) < NEAR and abs(each.y + HEIGHT / 2 - to_y) < NEAR]
        assert len(starts) == len(stops) == 1
        yield starts[0].title.partition(":")[0], stops[0].title.partition(":")[0]


def test_waves_stand_in_order_from_left_to_right() -> None:
    """What comes after something stands further to the right, under the heading of its wave."""
    plan = plan_of([[], [0], [1], [0, 2]])
    (sheet,) = graph(plan, key="k")
    at = _by_id(plan, boxes(sheet))
    assert [at[f"W-{number}"].x for number in range(4)] == sorted(box.x for box in at.values())
    assert texts(sheet, "rg-wave") == ["Wave 1", "Wave 2", "Wave 3", "Wave 4"]


def test_the_longest_chain_is_told_without_colour() -> None:
    """Items on it have a sign before their id and a thick frame, and the arrows between them are thick."""
    plan = plan_of([[], [0], [0], [1]])
    (sheet,) = graph(plan, key="k")
    assert {box.title.partition(":")[0] for box in boxes(sheet) if box.is_critical} == {"W-0", "W-1", "W-3"}
    assert texts(sheet, "rg-id") == ["◆ W-0", "◆ W-1", "W-2", "◆ W-3"]
    assert [arrow.is_critical for arrow in arrows(sheet)].count(True) == 2
    assert 'stroke-width="3"' in sheet.svg


def test_items_on_their_own_stand_apart() -> None:
    """What waits for nothing and is waited for by nothing has a sheet of its own, which says so."""
    plan = plan_of([[], [0], [], []])
    joined, apart = graph(plan, key="k")
    assert len(boxes(joined)) == len(boxes(apart)) == 2
    assert arrows(apart) == []
    assert "nothing waits for" in apart.title


def test_two_hundred_items_are_drawn_on_sheets() -> None:
    """A large plan is drawn whole, on sheets whose boxes do not touch."""
    plan = large_plan(200)
    sheets = graph(plan, key="k")
    assert sum(len(boxes(sheet)) for sheet in sheets) == 200
    for sheet in sheets:
        assert not any(one.touches(other) for one, other in combinations(boxes(sheet), 2))


def test_the_same_plan_gives_the_same_bytes() -> None:
    """Nothing of a drawing depends on the run."""
    plan = large_plan(60)
    assert [sheet.svg for sheet in graph(plan, key="k")] == [sheet.svg for sheet in graph(plan, key="k")]


def test_a_plan_that_contradicts_itself_is_drawn_all_the_same() -> None:
    """Items that wait for each other, for themselves or for what is not there have their boxes."""
    plan = pb.Plan(
        items=[
            pb.WorkItem(id="a", wave=1, after=["b"]),
            pb.WorkItem(id="b", wave=1, after=["a"]),
            pb.WorkItem(id="c", wave=-3, after=["c", "nowhere"]),
        ]
    )
    assert sum(len(boxes(sheet)) for sheet in graph(plan, key="k")) == 3


def test_a_picture_says_what_it_shows() -> None:
    """It has a role, a name and a description, and its ids begin with the key that it was given."""
    sheet = graph(plan_of([[], [0]]), key="d7")[0]
    root = parsed(sheet)
    assert root.get("role") == "img"
    name, description = (root.get("aria-labelledby") or "").split()
    words = {each.get("id"): each.text for each in root}
    assert words[name] == sheet.title
    assert "2 work items in 2 waves, joined by 1 arrow" in (words[description] or "")
    assert name.startswith("d7-")


def test_no_work_is_no_picture() -> None:
    """An empty plan has nothing to draw."""
    assert graph(pb.Plan(), key="k") == ()


def test_a_drawing_alone_is_a_file() -> None:
    """It carries the little style that a file of its own needs, and stays well formed."""
    sheet = graph(plan_of([[], [0]]), key="k")[0]
    assert "prefers-color-scheme" in alone(sheet)
    parsed(sheet._replace(svg=alone(sheet)))  # type: ignore[arg-type]  # text is enough


@pytest.mark.parametrize("name", sorted(pictures()))
def test_the_pictures_of_the_guide_are_those_of_the_example(name: str) -> None:
    """What the documentation shows is what is drawn; `python -m tests.web.drawing.example` draws it anew."""
    assert (PICTURES / name).read_text(encoding="utf-8") == pictures()[name]
