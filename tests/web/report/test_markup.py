"""Nothing that anybody writes becomes markup of a page."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readygate.v1 import decision_pb2 as pb
from readygate.v1.proposal_pb2 import Proposal
from readygate.v1.record_pb2 import DecisionRecord
from readygate.v1.waiver_pb2 import Waiver
from readygate_server.domain.texts import plain
from readygate_server.web.report.file import report_file
from readygate_server.web.report.page import report_context
from tests.web.report.hostile import ATTACKS, HIDDEN, poisoned
from tests.web.report.pages import Page

EFFECTS = (pb.EFFECT_BLOCKS, pb.EFFECT_CONDITIONS, pb.EFFECT_ADVISES, pb.EFFECT_NONE)


def hostile_page(text: str) -> str:
    """Returns a report in which every text of everything that is handed in is the same, in every section."""
    decision, proposal, record, waiver = pb.Decision(), Proposal(), DecisionRecord(), Waiver()
    assert sum(poisoned(each, text) for each in (decision, proposal, record, waiver)) > 100
    decision.as_of = "2026-11-01"
    for effect in EFFECTS:
        for outcome in pb.Outcome.values()[1:]:
            decision.findings.add().CopyFrom(decision.findings[0])
            decision.findings[-1].effect, decision.findings[-1].outcome = effect, outcome
    decision.findings.add(rule_id=text, effect=pb.EFFECT_BLOCKS, outcome=pb.OUTCOME_UNKNOWN, message=text)
    decision.plan.items.add().CopyFrom(decision.plan.items[0])
    decision.plan.items[0].id = f"{text}, the first"
    decision.plan.items[1].after.append(decision.plan.items[0].id)
    decision.plan.items[1].wave = 2
    context = report_context(decision, proposal, [record], waivers=[waiver], record=record)
    return report_file([context, report_context(decision, key="d2")], not_judged=[text])


def plain_page() -> Page:
    """Returns the same page with a word that can do no harm."""
    return Page(hostile_page("word"))


@pytest.mark.parametrize("attack", ATTACKS)
def test_text_stays_text(attack: str) -> None:
    """A page of hostile texts has the elements and attributes of one of harmless texts, and shows each text."""
    page, harmless = Page(hostile_page(attack)), plain_page()
    shape = [(tag, sorted(found)) for tag, found in page.elements if not tag.startswith(("svg", "text"))]
    assert [each for each in shape if each[0] not in _DRAWN] == [
        (tag, sorted(found)) for tag, found in harmless.elements if tag not in _DRAWN
    ]
    assert page.tags == harmless.tags
    assert page.text.count(" ".join(attack.split())) > 100


_DRAWN = frozenset({"svg", "text", "g", "path", "rect", "title", "desc"})
"""Elements of drawings, whose number depends on how long texts are."""


def test_no_text_turns_the_direction_or_hides() -> None:
    """Characters that turn or hide text, and those that no page may have, are shown as a mark."""
    text = hostile_page(f"a{HIDDEN}b")
    assert not set(HIDDEN) & set(text)
    assert "a" + "\ufffd" * len(HIDDEN) + "b" in text


def test_nothing_is_fetched_and_nothing_runs() -> None:
    """A report has no script, no event handler, no style of an element and no address of anything to be fetched."""
    page = Page(hostile_page("https://evil.example/x.js"))
    assert not page.tags & {"script", "link", "img", "iframe", "object", "embed", "form", "base", "image", "use"}
    names = {name for _, found in page.elements for name in found}
    assert not {name for name in names if name.startswith("on")}
    assert not names & {"src", "srcset", "style", "xlink:href", "action", "background", "data"}
    assert all(re.fullmatch(r"#[\w-]*", address) for address in page.values("href"))
    assert "@import" not in page.text
    assert re.findall(r"url\((?!#)", page.text) == []


@given(st.text(max_size=30))
@settings(max_examples=15, deadline=None)
def test_any_text_leaves_a_page_that_can_be_read(text: str) -> None:
    """Whatever texts hold, all elements close in order and ids are those of the harmless page."""
    page = Page(hostile_page(text))
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert set(page.tags) <= plain_page().tags


@given(st.text())
def test_plain_text_is_left_as_it_is(text: str) -> None:
    """Making a text plain twice changes nothing more, and it stays as long as it was."""
    assert plain(plain(text)) == plain(text)
    assert len(plain(text)) == len(text)
