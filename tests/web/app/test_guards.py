"""What stands around all pages: headers, hosts, sizes, and errors that tell nothing of the inside."""

from __future__ import annotations

import http.client
import io
import json
from typing import Any

import pytest
import structlog

from readygate_server.observability import configure_logging
from readygate_server.web.app.board import board
from tests.web.serving import Server, Visitor, example

PAGES = ("/", "/what-if", "/rulesets", "/rulesets/diff", "/waivers", "/assets", "/sign-in", "/nothing")


@pytest.mark.parametrize("path", PAGES)
def test_every_page_keeps_browsers_from_doing_more_than_it_asks_for(local: Server, path: str) -> None:
    """No inline script or style, no foreign source, no frame, no referrer, no copy in a cache."""
    seen = Visitor(local.address).get(path)

    policy = dict(part.partition(" ")[::2] for part in seen.headers["content-security-policy"].split("; "))
    assert policy == {
        "default-src": "'none'",
        "style-src": "'self'",
        "script-src": "'self'",
        "connect-src": "'self'",
        "img-src": "'self' data:",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    assert seen.headers["x-content-type-options"] == "nosniff"
    assert seen.headers["referrer-policy"] == "no-referrer"
    assert seen.headers["cache-control"] == "no-store"
    assert "server" not in seen.headers
    assert seen.status == (404 if path == "/nothing" else 200)


def test_a_server_says_where_its_pages_are(local: Server) -> None:
    """In the line that says that it serves."""
    (line,) = [line for line in local.lines if line["event"] == "serving"]

    assert line["pages"] == f"http://{local.address}/"


def test_nothing_of_a_page_comes_from_elsewhere(local: Server) -> None:
    """All that a page loads or leads to is a path of the server itself, and what it loads lasts."""
    decision = local.evaluate(example())
    visitor = Visitor(local.address)
    for path in (*PAGES, f"/decisions/{decision}", f"/what-if?decision={decision}"):
        page = visitor.get(path).parsed
        assert page.of("style") == []
        assert [each for element in page.elements for each in element.attributes if each.startswith("on")] == []
        loaded = [each["href"] for each in page.of("link")] + [each["src"] for each in page.of("script")]
        assert [each for each in loaded if not each.startswith(("/static/", "data:,"))] == []
        leading = [each.get("href", "") for each in page.of("a")] + [each["action"] for each in page.of("form")]
        assert [each for each in leading if not each.startswith(("/", "#")) or each.startswith("//")] == []
        for each in (each for each in loaded if each.startswith("/static/")):
            assert "immutable" in visitor.get(each).headers["cache-control"]


def test_a_foreign_name_that_leads_here_reads_nothing(local: Server) -> None:
    """Without identities a page of elsewhere can not read the pages by giving its own name this address."""
    visitor = Visitor(local.address)

    assert visitor.get("/", host="rebound.example").status == 421
    assert visitor.get("/", host=f"rebound.example:{local.address.rpartition(':')[2]}").status == 421
    assert visitor.get("/", host="localhost").status == 200


def test_a_form_that_is_too_large_is_refused(local: Server) -> None:
    """Nobody makes the server read more than a form of its own can hold, whatever length is claimed."""
    visitor = Visitor(local.address)
    visitor.get("/what-if")
    seen = visitor.post("/what-if/change", {"csrf": "", "base": "A" * (3 << 20)})
    assert (seen.status, "too large" in seen.said) == (413, True)

    connection = http.client.HTTPConnection(local.address, timeout=30)
    kind = {"content-type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/what-if", iter([b"a" * (1 << 20)] * 3), kind, encode_chunked=True)
    assert connection.getresponse().status == 413
    connection.close()


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{}", "application/json"),
        (b"csrf=%ff", "application/x-www-form-urlencoded"),
        (b"&".join(b"a=1" for _ in range(9_000)), "application/x-www-form-urlencoded"),
        (b"no parts at all", "multipart/form-data; boundary=x"),
        (b"--x\r\nno header", "multipart/form-data"),
    ],
)
def test_what_is_no_form_is_refused(local: Server, body: bytes, kind: str) -> None:
    """Bytes that no form of ours has are told apart from faults of the server."""
    visitor = Visitor(local.address)
    visitor.get("/what-if")

    seen = visitor.send("POST", "/what-if", body, content_type=kind)

    assert seen.status in {400, 403}
    assert "<h1>" in seen.text


def test_errors_come_from_the_table_and_show_nothing_of_the_inside(local: Server) -> None:
    """What is not found is told as over the wire, in words, without a trace."""
    visitor = Visitor(local.address)

    missing = visitor.get("/decisions/00000000000000000000000000000000")
    malformed = visitor.get("/decisions/%3Cscript%3E")
    ruleset = visitor.get("/rulesets/nobody/1.2.3")
    token = visitor.get("/?page=made-up")

    assert [each.status for each in (missing, malformed, ruleset, token)] == [404, 404, 404, 400]
    assert "NOT_FOUND" in missing.said
    for each in (missing, malformed, ruleset, token):
        assert "Traceback" not in each.text
        assert "readygate_server" not in each.text


class Broken:
    """Calls that end as nobody foresaw."""

    async def ask(self, *_: Any, **__: Any) -> Any:
        """Fails with something that no page may show."""
        raise RuntimeError("the password is swordfish")


async def test_what_nobody_foresaw_is_logged_and_not_shown() -> None:
    """The page has a request id, and the log has what happened under it."""
    log = io.StringIO()
    configure_logging(log)
    pages = board(Broken(), secret=b"s" * 32, asks_who=False, keeps_record=True)
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/rulesets", "query_string": b"", "headers": []}
    try:
        await pages(scope, receive, send)
    finally:
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()

    text = b"".join(message.get("body", b"") for message in sent).decode()
    (line,) = [json.loads(line) for line in log.getvalue().splitlines()]
    assert sent[0]["status"] == 500
    assert "swordfish" not in text
    assert "RuntimeError" not in text
    assert line["failed_request"] in text
    assert "swordfish" in json.dumps(line)
    assert dict(sent[0]["headers"])[b"cache-control"] == b"no-store"


def test_half_a_character_is_refused_where_the_form_is_read(local: Server) -> None:
    """It is told apart from faults of the server."""
    visitor = Visitor(local.address)
    csrf = dict(visitor.get("/what-if").parsed.form("/what-if"))["csrf"]
    body = f"csrf={csrf}&base=&gate=commit&f:deployment.use_case=%ED%A0%80".encode()

    seen = visitor.send("POST", "/what-if/change", body, content_type="application/x-www-form-urlencoded")

    assert seen.status == 400


def test_json_of_a_decision_is_a_file(local: Server) -> None:
    """It is saved and not shown, so that no browser takes it for a page."""
    decision = local.evaluate(example())

    seen = Visitor(local.address).get(f"/decisions/{decision}/decision.json")

    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["content-disposition"].startswith("attachment; filename=")
    assert json.loads(seen.text)["decision"]["verdict"] == "VERDICT_NO_GO"


def test_a_message_that_begins_with_a_name_leaves_it_as_it_is_written(local: Server) -> None:
    """The name of a field or a caller is no word to begin a sentence with."""
    seen = Visitor(local.address).get("/?page=AAAA")

    assert seen.status == 400
    assert "page_token: the token is not of this query; start again without one." in seen.said
