"""Forms of other sites: none of them does anything."""

from __future__ import annotations

import pytest

from tests.web.serving import Server, Visitor

FORMS = (
    "/what-if",
    "/what-if/change",
    "/what-if/outcome",
    "/waivers/new",
    "/waivers/0/approve",
    "/waivers/0/revoke",
    "/decisions/0/certificate",
    "/sign-in",
    "/sign-out",
)


@pytest.mark.parametrize("path", FORMS)
def test_a_form_without_the_token_of_its_session_does_nothing(people: Server, path: str) -> None:
    """Neither without a token, nor with one of another session, nor without a session at all."""
    visitor, other = Visitor(people.address), Visitor(people.address)
    visitor.sign_in(people.token("ada"))
    foreign = dict(other.get("/sign-in").parsed.form("/sign-in"))["csrf"]

    assert visitor.post(path, {}).status == 403
    assert visitor.post(path, {"csrf": foreign}).status == 403
    assert visitor.post(path, {"csrf": ""}).status == 403
    visitor.cookies.clear()
    assert visitor.post(path, {"csrf": foreign}).status == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec_fetch_site": "same-origin"}, 303),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-site"}, 403),
        ({"sec_fetch_site": "none"}, 403),
        ({"sec_fetch_site": "same-origin", "origin": "null"}, 303),
    ],
)
def test_a_form_that_the_browser_says_comes_from_elsewhere_does_nothing(
    people: Server, headers: dict[str, str], status: int
) -> None:
    """Also with a token that holds."""
    visitor = Visitor(people.address)
    visitor.sign_in(people.token("ada"))
    fields = dict(visitor.get("/rulesets").parsed.form("/sign-out"))

    assert visitor.post("/sign-out", fields, **headers).status == status


@pytest.mark.parametrize(
    ("origin", "status"), [("https://evil.example", 403), ("null", 303), ("here", 303), ("[", 403)]
)
def test_browsers_that_send_an_origin_only_are_told_apart_by_it(people: Server, origin: str, status: int) -> None:
    """Older browsers say less; a foreign origin is refused, and the token decides about the rest."""
    visitor = Visitor(people.address, headers={})
    visitor.sign_in(people.token("ada"))
    fields = dict(visitor.get("/rulesets").parsed.form("/sign-out"))

    said = f"http://{people.address}" if origin == "here" else origin

    assert visitor.post("/sign-out", fields, origin=said).status == status


def test_pages_change_nothing_when_they_are_only_read(people: Server) -> None:
    """What does something answers to forms alone."""
    visitor = Visitor(people.address)
    visitor.sign_in(people.token("ada"))

    for path in ("/sign-out", "/what-if/change", "/waivers/0/approve", "/decisions/0/certificate"):
        assert visitor.get(path).status in {404, 405}
    assert visitor.get("/").status == 200
