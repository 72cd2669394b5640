"""How boxes find their places."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from readygate_server.web.drawing.layers import components, layered
from readygate_server.web.drawing.lettering import cut, cut_within, width_of, wrapped
from readygate_server.web.drawing.places import spread
from tests.web.drawing.plans import plan_of

PLACES = st.floats(-1e4, 1e4)


@given(st.lists(st.tuples(PLACES, st.floats(0, 100)), min_size=1, max_size=30))
def test_places_keep_their_order_and_their_gaps(wanted: list[tuple[float, float]]) -> None:
    """Whatever is wanted, neighbours stand in order with at least their gap between them."""
    wishes, gaps = [want for want, _ in wanted], [gap for _, gap in wanted[1:]]
    found = spread(wishes, gaps)
    assert len(found) == len(wishes)
    assert all(after - before >= gap - 1e-6 for (before, after), gap in zip(pairwise(found), gaps, strict=True))


def test_places_are_as_near_as_gaps_allow() -> None:
    """What has room stands where it wants; what wants the same place shares the distance."""
    assert spread([0, 50, 100], [10, 10]) == [0, 50, 100]
    assert spread([10, 10, 10], [10, 10]) == [0, 10, 20]
    assert spread([0, 0, 40], [10, 10]) == [-5, 5, 40]


def test_crossings_are_taken_out_where_they_can_be() -> None:
    """Two chains that the plan lists crosswise are drawn side by side."""
    drawn = layered(plan_of([[], [], [1], [0]]).items)
    first, second = ([node.id for node in nodes] for nodes in drawn.layers)
    assert [first.index(name) for name in ("W-1", "W-0")] == [second.index(name) for name in ("W-2", "W-3")]


def test_an_arrow_over_a_wave_has_room_in_it() -> None:
    """An arrow that skips a wave has a waypoint there, so that it crosses no box."""
    drawn = layered(plan_of([[], [0], [0, 1]]).items)
    assert [len(nodes) for nodes in drawn.layers] == [1, 2, 1]
    assert sorted(len(arrow.path) for arrow in drawn.arrows) == [2, 2, 3]


def test_groups_without_a_joint_are_laid_out_apart() -> None:
    """Items that no arrow joins are in groups of their own."""
    groups = components(plan_of([[], [0], [], [2], []]).items)
    assert sorted(sorted(each.id for each in group) for group in groups) == [["W-0", "W-1"], ["W-2", "W-3"], ["W-4"]]


@given(st.text(max_size=80), st.integers(30, 300))
def test_cut_text_fits(text: str, room: int) -> None:
    """Text that is too long ends with an ellipsis and fits; other text stays as it is."""
    shown = cut(text, room, 12)
    assert width_of(shown, 12) <= room
    assert shown == text or shown.endswith("…")


@given(st.text(max_size=80), st.integers(30, 300))
def test_an_id_that_is_cut_fits_and_keeps_both_ends(text: str, room: int) -> None:
    """An id that is too long begins and ends as before."""
    shown = cut_within(text, room, 12)
    assert width_of(shown, 12) <= room
    begins, _, ends = shown.partition("…") if shown != text else (text, "", "")
    assert text.startswith(begins)
    assert text.endswith(ends)


def test_ids_that_begin_alike_are_told_apart() -> None:
    """What differs at the end of long ids is drawn."""
    shown = {cut_within(f"W-DAT-01[customer-master-data-of-the-northern-region-{n}]", 150, 12) for n in range(3)}
    assert len(shown) == 3


@given(st.text(max_size=200), st.integers(1, 3))
def test_wrapped_text_has_no_more_lines_than_asked_for(text: str, lines: int) -> None:
    """Each line fits, and nothing is lost without an ellipsis."""
    found = wrapped(text, 150, 12, lines)
    assert len(found) <= lines
    assert all(width_of(line, 12) <= 150 for line in found)
    assert any("…" in line for line in found) or " ".join(found).split() == text.split()
