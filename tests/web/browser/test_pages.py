"""Every page in a browser: usable by everybody, on a phone, in the dark, by keyboard, and without a network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.web.browser.conftest import DESK, PHONE, Opening, Seeded, Tab, on_thread, signed_in

_SERIOUS = ("serious", "critical")
_WIDTHS = {"phone": PHONE, "small phone": (320, 640), "desk": DESK}
_COUNTS = """['h1', 'main', 'nav[aria-label="Pages"]'].map((each) => document.querySelectorAll(each).length)"""
_UNFOLD = "document.querySelectorAll('details').forEach((each) => { each.open = true; })"
_CONTRAST = "{resultTypes: ['violations'], runOnly: {type: 'rule', values: ['color-contrast']}}"


@dataclass
class Look:
    """What was seen of one page."""

    title: str
    counts: list[int]
    ids: list[str]
    styled: str
    asked: list[str]
    said: list[str]
    widths: dict[str, int]
    light: list[str]
    dark: list[str]


def findings(tab: Tab, options: str = "{resultTypes: ['violations']}") -> list[str]:
    """Returns what axe finds serious or critical."""
    found: Any = tab.page.evaluate(f"axe.run(document, {options})")
    return [
        f"{each['id']} ({each['impact']}): {each['help']}: {each['nodes'][0]['html'][:160]}"
        for each in found["violations"]
        if each["impact"] in _SERIOUS
    ]


def look(tab: Tab, axe: str) -> Look:
    """Looks at the page of a tab, with everything unfolded, in each light and width."""
    page = tab.page
    asked, said = list(tab.asked), list(tab.said)
    page.evaluate(_UNFOLD)
    page.evaluate(axe)  # by the debugger, which no content security policy holds back
    light = findings(tab)
    page.emulate_media(color_scheme="dark")
    dark = findings(tab, _CONTRAST)
    page.emulate_media(color_scheme="light")
    widths = {}
    for name, (width, height) in _WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        widths[name] = page.evaluate("document.documentElement.scrollWidth")
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((each) => each.id)")
    styled = page.evaluate("getComputedStyle(document.querySelector('.rb-header')).display")
    return Look(page.title(), page.evaluate(_COUNTS), ids, styled, asked, said, widths, light, dark)


@pytest.fixture(scope="module")
@on_thread
def looks(chromium: Any, seeded: Seeded, axe: str) -> Iterator[dict[str, Look]]:
    """Looks at every page once, with everything cut off but the servers."""
    with signed_in(chromium, seeded) as tab:
        own = {seeded.local.address, seeded.people.address}
        tab.page.context.route(
            lambda url: url.partition("://")[2].partition("/")[0] not in own, lambda route: route.abort()
        )
        seen = {}
        for name, (server, path) in seeded.pages.items():
            tab.asked.clear()
            tab.said.clear()
            tab.open(server, path)
            seen[name] = look(tab, axe)
        yield seen


def test_every_page_is_for_everybody(looks: dict[str, Look], seeded: Seeded) -> None:
    """On no page axe finds anything serious, and nothing has to be moved sideways or comes from elsewhere.

    One test, because looking at all pages takes long, and tests that run beside each other would each look anew.
    """
    assert {name: each.light for name, each in looks.items() if each.light} == {}
    assert {name: each.dark for name, each in looks.items() if each.dark} == {}
    assert list(too_wide(looks)) == []
    check_that_nothing_is_foreign(looks, {seeded.local.address, seeded.people.address})
    check_what_pages_are(looks)


def too_wide(looks: dict[str, Look]) -> Iterator[tuple[str, str, int]]:
    """Yields pages that are wider than a screen: whatever is wider has to have a place of its own to be moved in."""
    for name, each in looks.items():
        yield from ((name, screen, width) for screen, width in each.widths.items() if width > _WIDTHS[screen][0])


def check_that_nothing_is_foreign(looks: dict[str, Look], own: set[str]) -> None:
    """Everything but the servers was cut off: every page is whole, asked nobody else, and was refused nothing."""
    asked = [url for each in looks.values() for url in each.asked]

    assert len([url for url in asked if "/static/" in url]) >= 2 * len(looks)
    assert [url for url in asked if url.split("/")[2] not in own and not url.startswith("data:")] == []
    assert {each.styled for each in looks.values()} == {"flex"}
    assert [said for each in looks.values() for said in each.said if "status of 40" not in said] == []


def check_what_pages_are(looks: dict[str, Look]) -> None:
    """One heading of the first level, one main part, a title of its own, and ids that stand once."""
    assert {name: each.counts for name, each in looks.items() if each.counts != [1, 1, 1]} == {}
    assert {name for name, each in looks.items() if len(each.ids) != len(set(each.ids))} == set()
    assert all(each.title.endswith(" · readygate") and not each.title.startswith(" ·") for each in looks.values())


def test_on_a_phone_a_cell_without_a_label_has_no_colon(seeded: Seeded, tab: Opening) -> None:
    """A row becomes a card, in which only what has a name of its column says it."""
    opened = tab(size=PHONE)
    opened.open(seeded.local, f"/decisions/{seeded.no}")
    said = """[...document.querySelectorAll('.rg-stack tbody :is(th, td):not([data-label])')]
        .map((each) => getComputedStyle(each, '::before').content)"""
    assert set(opened.page.evaluate(said)) == {"none"}


def test_axe_notices_what_is_wrong(seeded: Seeded, tab: Opening, axe: str) -> None:
    """A field that loses its label is found, and so is a text that is hard to read."""
    opened = tab(scheme="dark")
    opened.open(seeded.local, "/")
    opened.page.evaluate(axe)
    opened.page.evaluate("document.querySelector('label[for=filter-proposal]').remove()")
    assert any(each.startswith("label (critical)") for each in findings(opened))
    opened.page.evaluate("document.documentElement.style.setProperty('--rg-ink', '#444')")
    assert any(each.startswith("color-contrast (serious)") for each in findings(opened, _CONTRAST))


def test_from_the_list_to_a_what_if_by_keyboard_alone(seeded: Seeded, tab: Opening) -> None:
    """Filter, open a decision, ask what-if and change a fact, without a mouse."""
    opened = tab()
    page = opened.page
    opened.open(seeded.local, "/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") == 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"

    reach(opened, "#filter-proposal")
    page.keyboard.type("refund-agent")
    page.keyboard.press("Enter")
    page.wait_for_url("**proposal=refund-agent**")
    reach(opened, f"a[href='/decisions/{seeded.no}']")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/decisions/{seeded.no}")
    reach(opened, f"a[href='/what-if?decision={seeded.no}']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/what-if**")
    reach(opened, "[id='source[crm].completeness']")
    page.keyboard.press("Control+A")
    page.keyboard.type("0.99")

    page.wait_for_selector(".rb-changes >> text=0.94")
    assert page.evaluate("document.activeElement.id") == "source[crm].completeness"


def reach(tab: Tab, selector: str, *, most: int = 150) -> None:
    """Presses the tabulator until something has the focus, which then can be seen to have it."""
    for _ in range(most):
        tab.page.keyboard.press("Tab")
        if tab.page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            outline: str = tab.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none"
            return
    raise AssertionError(f"{selector} is not reached by keyboard")
