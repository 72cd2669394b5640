"""The plan as a timeline."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings

from readygate.v1 import decision_pb2 as pb
from readygate_server.web.drawing.schedule import Span, schedule
from readygate_server.web.drawing.timeline import timeline
from tests.builders import AS_OF, gate_under_test
from tests.cli.command import EXAMPLE
from tests.web.drawing.pictures import parsed, texts
from tests.web.drawing.plans import large_plan, plan_of, plans


def _outside_key(root: ET.Element) -> list[ET.Element]:
    """Returns the elements of a picture without those of its key."""
    key = next(each for each in root.iter() if each.get("class") == "rg-key")
    of_key = {id(each) for each in key.iter()}
    return [each for each in root.iter() if id(each) not in of_key]


def _rects(root: ET.Element, of: str) -> list[tuple[float, float]]:
    """Returns where bars of a class start, and how wide they are."""
    bars = [each for each in _outside_key(root) if each.get("class") == of and each.tag.endswith("rect")]
    return [(float(each.get("x", "")), float(each.get("width", ""))) for each in bars]


@given(plans())
@settings(max_examples=40, deadline=None)
def test_every_item_has_a_row(plan: pb.Plan) -> None:
    """Whatever items are called, each has one row, on pictures that are well formed."""
    rows = 0
    for sheet in timeline(plan, key="k"):
        rows += sum("rg-row" in each.get("class", "").split() for each in parsed(sheet).iter())
    assert rows == len(plan.items)


def test_the_example_ends_when_its_longest_chain_does() -> None:
    """The last item ends, at best and at worst, after the elapsed time that the plan names."""
    plan = gate_under_test().evaluate_file(EXAMPLE, as_of=AS_OF).plan
    times = schedule(plan.items)
    elapsed = plan.critical_by_elapsed.elapsed
    assert max(each.best.end for each in times.values()) == pytest.approx(elapsed.min_weeks)
    assert max(each.worst.end for each in times.values()) == pytest.approx(elapsed.max_weeks)


def test_what_follows_starts_when_all_before_it_has_ended() -> None:
    """An item starts at the latest end of what it comes after, at best and at worst, waiting included."""
    times = schedule(plan_of([[], [], [0, 1]], effort=(1, 3)).items)
    assert times["W-1"].worst == Span(0, 3, 4)
    assert times["W-2"].best == Span(1, 2, 2)
    assert times["W-2"].worst == Span(4, 7, 9)


def test_work_is_solid_and_waiting_is_hatched() -> None:
    """An item has a bar for the best case and one for the worst, and hatching where it waits."""
    plan = plan_of([[], []], effort=(2, 4))
    (sheet,) = timeline(plan, key="k")
    root = parsed(sheet)
    assert len(_rects(root, "rg-effort")) == 4
    (waiting,) = _rects(root, "rg-wait")
    assert waiting[1] > 0
    (strokes,) = (each.get("d", "") for each in _outside_key(root) if each.tag.endswith("path"))
    across = [float(x) for x in re.findall(r"[ML](\S+) ", strokes)]
    assert len(across) > 10
    assert all(waiting[0] - 0.1 <= x <= sum(waiting) + 0.1 for x in across)


def test_what_a_failed_measurement_adds_is_dashed() -> None:
    """Effort and waiting that come on top are outlined behind the worst case."""
    plan = plan_of([[]])
    plan.items[0].effort_if_measured_false.max_person_weeks = 5
    (sheet,) = timeline(plan, key="k")
    assert len(_rects(parsed(sheet), "rg-on-top")) == 1
    assert schedule(plan.items)["W-0"].if_false == 8


def test_waves_stand_one_under_the_other() -> None:
    """Rows stand by wave, each wave under its heading; one that goes on overleaf is named again."""
    sheets = timeline(large_plan(60), key="k")
    headings = [text for sheet in sheets for text in texts(sheet, "rg-wave")]
    waves = [int(text.removesuffix(", continued").removeprefix("Wave ")) for text in headings]
    assert waves == sorted(waves)
    assert len(sheets) > 1
    assert all(texts(sheet, "rg-wave") for sheet in sheets)


def test_each_row_names_the_owner_and_when_it_ends() -> None:
    """A row has the id, the role that owns the item, and the week in which it ends."""
    (sheet,) = timeline(plan_of([[]]), key="k")
    assert "◆ W-0" in texts(sheet, "rg-id")
    assert {"Data owner", "1-3"} <= set(texts(sheet, "rg-takes"))


def test_the_axis_reaches_over_the_longest_bar() -> None:
    """All bars lie within the chart, however long the work takes."""
    for effort in (0.0, 0.3, 7.0, 55.0, 4000.0):
        (sheet,) = timeline(plan_of([[]], effort=(effort / 2, effort)), key="k")
        ends = [x + width for x, width in _rects(parsed(sheet), "rg-effort")]
        assert all(end <= sheet.width - 70 for end in ends)
        assert len(texts(sheet, "rg-legend")) < 20


def test_no_work_has_no_timeline() -> None:
    """An empty plan has nothing to draw."""
    assert timeline(pb.Plan(), key="k") == ()
