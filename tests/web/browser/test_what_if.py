"""What-if in a browser: immediate with the script, complete without it."""

from __future__ import annotations

import time

from tests.web.browser.conftest import PHONE, Opening, Seeded

COMPLETENESS = "[id='source[crm].completeness']"


def test_a_changed_fact_changes_the_answer_at_once(seeded: Seeded, tab: Opening) -> None:
    """Within a second, without a page being loaded; taken back, so is the change."""
    opened = tab()
    page = opened.page
    opened.open(seeded.local, f"/what-if?decision={seeded.no}")
    asked = len(opened.asked)

    began = time.monotonic()
    page.fill(COMPLETENESS, "0.99")
    page.wait_for_selector("text=No longer blocks (1)")
    took = time.monotonic() - began
    assert page.locator(".rb-fact.rb-changed").count() == 1
    assert page.locator("h3", has_text="no longer blocks").count() == 1
    page.fill(COMPLETENESS, "0.94")
    page.wait_for_selector("text=Nothing yet: change a fact")

    assert took < 2.0
    assert {url.split("/", 3)[3] for url in opened.asked[asked:]} == {"what-if/outcome"}
    assert page.locator(".rb-fact.rb-changed").count() == 0
    assert page.locator("h3", has_text="no longer blocks").count() == 0
    assert opened.said == []


def test_the_answer_is_told_to_those_who_do_not_see_it(seeded: Seeded, tab: Opening) -> None:
    """A status says the verdict and how many rules block, now and before."""
    opened = tab()
    opened.open(seeded.local, f"/what-if?decision={seeded.no}")

    opened.page.get_by_role("group", name="spec valid of order-api").get_by_label("yes").check()
    opened.page.get_by_label("completeness of crm").fill("0.99")

    status = opened.page.get_by_role("status").filter(has_text="9 rules would block")
    status.wait_for(state="attached")
    assert "before NO GO" in (status.text_content() or "")


def test_what_does_not_fit_is_told_at_once_and_leads_to_its_field(seeded: Seeded, tab: Opening) -> None:
    """The link moves the focus to the field."""
    opened = tab()
    page = opened.page
    opened.open(seeded.local, f"/what-if?decision={seeded.no}")

    page.fill(COMPLETENESS, "much")
    link = page.get_by_role("link", name="source[crm].completeness")
    link.wait_for()
    assert page.get_attribute(COMPLETENESS, "aria-invalid") == "true"
    link.click()

    assert page.evaluate("document.activeElement.id") == "source[crm].completeness"
    page.fill(COMPLETENESS, "0.95")
    page.wait_for_selector(".rb-changes >> text=0.95")
    assert page.get_attribute(COMPLETENESS, "aria-invalid") is None


def test_without_scripts_the_form_is_sent(seeded: Seeded, tab: Opening) -> None:
    """The whole way: paste a proposal, change a fact, see what changes."""
    opened = tab(scripts=False)
    page = opened.page
    opened.open(seeded.local, f"/what-if?decision={seeded.no}")

    page.fill(COMPLETENESS, "0.99")
    page.get_by_role("button", name="Show what changes").first.click()

    assert page.url.endswith("/what-if/change#outcome")
    page.wait_for_selector("text=No longer blocks (1)")
    assert page.input_value(COMPLETENESS) == "0.99"


def test_on_a_phone_the_answer_stays_in_sight(seeded: Seeded, tab: Opening) -> None:
    """While a fact far below is changed."""
    opened = tab(size=PHONE)
    page = opened.page
    opened.open(seeded.local, f"/what-if?decision={seeded.no}")

    field = page.locator(COMPLETENESS)
    field.scroll_into_view_if_needed()
    field.fill("0.99")
    glance = page.locator(".rb-glance", has_text="before 11")
    glance.wait_for()

    box = glance.bounding_box()
    assert box is not None
    assert 0 < box["y"] < PHONE[1]


def test_an_answer_that_is_none_is_told_with_a_way_to_see_why(seeded: Seeded, tab: Opening) -> None:
    """The form can still be sent, and the page that comes back says what is wrong."""
    opened = tab()
    page = opened.page
    opened.open(seeded.local, f"/what-if?decision={seeded.no}")
    page.locator("input[name=csrf]").last.evaluate("field => { field.value = 'of-another-session' }")

    page.fill(COMPLETENESS, "0.99")
    page.get_by_role("button", name="Send the form to see why").click()

    page.wait_for_selector("text=The form is out of date")


def test_a_server_that_is_away_is_told(seeded: Seeded, tab: Opening) -> None:
    """What was typed in is still there."""
    opened = tab()
    page = opened.page
    opened.open(seeded.local, f"/what-if?decision={seeded.no}")
    page.context.set_offline(True)

    page.fill(COMPLETENESS, "0.99")

    page.get_by_role("alert").filter(has_text="No answer").wait_for()
    assert page.input_value(COMPLETENESS) == "0.99"
