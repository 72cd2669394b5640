"""Signing in by hand: who is let in, what the browser keeps, and when it ends."""

from __future__ import annotations

import http.client
import json
import secrets
import ssl
import string
import time
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response

from readygate_server.web.app.sessions import LONGEST_CREDENTIAL, LONGEST_SECONDS, Sessions
from tests.identity.authority import Authority
from tests.web.serving import Server, Visitor, bank, served

_SECRET = b"s" * 32


def request(cookie: str = "", **headers: str) -> Request:
    """Returns a request with a cookie."""
    shown = headers | ({"cookie": cookie} if cookie else {})
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in shown.items()]
    return Request({"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": raw})


def written(sessions: Sessions, credential: str, **headers: str) -> str:
    """Returns the header that hands a new session to a browser."""
    response = Response()
    sessions.write(sessions.begin(credential), request(**headers), response)
    return response.headers["set-cookie"]


def test_who_has_not_signed_in_is_led_to_the_sign_in_and_back(people: Server) -> None:
    """A page that needs a caller leads to the sign-in, and from there to where it was."""
    visitor = Visitor(people.address)

    refused = visitor.get("/waivers?state=requested")
    to = refused.headers["location"]
    signed_in = visitor.fill(to, {"credential": people.token("ada")}, action="/sign-in")

    assert (refused.status, to) == (303, "/sign-in?next=%2Fwaivers%3Fstate%3Drequested&why=asked")
    assert (signed_in.status, signed_in.headers["location"]) == (303, "/waivers?state=requested")
    assert visitor.get("/waivers?state=requested").status == 200


def test_every_page_needs_a_caller(people: Server) -> None:
    """No page of a server with identities shows anything of it to a stranger, but for the sign-in."""
    paths: tuple[str, ...] = (
        "/",
        "/rulesets",
        "/rulesets/diff",
        "/rulesets/small/2026.1.0",
        "/waivers",
        "/assets",
        "/what-if",
    )
    paths += ("/decisions/" + "0" * 32, "/waivers/new?decision=" + "0" * 32, "/assets/source/crm")

    statuses = {path: Visitor(people.address).get(path).status for path in paths}

    assert set(statuses.values()) == {303}, statuses


def test_an_api_key_signs_in(people: Server) -> None:
    """A key of a service is taken as well."""
    visitor = Visitor(people.address)

    assert visitor.sign_in(people.key).status == 303
    assert visitor.get("/").status == 200


@pytest.mark.parametrize("credential", ["", "made-up", "rg_ci-1_wrong", "x" * 5_000, "tab\there", "ümlaut"])
def test_a_credential_that_is_none_is_refused_and_not_repeated(people: Server, credential: str) -> None:
    """The form is shown again with what is wrong, without what was typed in."""
    visitor = Visitor(people.address)

    seen = visitor.sign_in(credential)

    assert seen.status == 400
    assert any(each.get("aria-invalid") == "true" for each in seen.parsed.of("input"))
    assert not credential or credential not in seen.text
    assert visitor.get("/").status == 303


def test_a_credential_that_no_longer_counts_ends_the_session(tmp_path: Path) -> None:
    """A key that is taken out of the identity file is of no use a moment later, also to who is signed in with it."""
    with bank(tmp_path) as server:
        visitor = Visitor(server.address)
        visitor.sign_in(server.key)
        assert visitor.get("/").status == 200
        identity = tmp_path / "identity.yaml"
        lines = identity.read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if "ci-1" not in line and "api_keys" not in line]
        identity.write_text("\n".join(kept) + "\n", encoding="utf-8")
        ends = time.monotonic() + 10
        while (seen := visitor.get("/")).status == 200 and time.monotonic() < ends:
            time.sleep(0.1)

    assert (seen.status, seen.headers["location"]) == (303, "/sign-in?next=%2F&why=ended")
    assert "Max-Age=0" in seen.headers["set-cookie"]


def test_signing_out_takes_the_credential_away(people: Server) -> None:
    """After it the browser is a stranger."""
    visitor = Visitor(people.address)
    visitor.sign_in(people.token("ada"))

    seen = visitor.fill("/rulesets", {}, action="/sign-out")

    assert seen.status == 303
    assert "Max-Age=0" in seen.headers["set-cookie"]
    assert visitor.get("/").status == 303


def test_the_header_of_a_proxy_wins(people: Server) -> None:
    """Who is signed in by what stands in front of the server is that caller, whatever was typed in before."""
    visitor = Visitor(people.address)
    visitor.sign_in(people.token("alan"))
    bearer = f"Bearer {people.token('ada')}"

    assert visitor.get("/waivers").status == 403
    assert visitor.get("/waivers", authorization=bearer).status == 200
    assert visitor.get("/waivers", authorization="Bearer made-up").status == 401


def test_a_cookie_says_nothing_and_can_not_be_changed(people: Server) -> None:
    """The credential can not be read from it, and a changed bit makes it no session at all."""
    visitor = Visitor(people.address)
    token = people.token("ada")
    visitor.sign_in(token)
    (name, value), *_ = visitor.cookies.items()
    visitor.cookies[name] = value[:-6] + ("A" if value[-6] != "A" else "B") + value[-5:]

    assert token not in value
    assert token.split(".")[2] not in value
    assert visitor.get("/").status == 303


def test_a_cookie_is_kept_by_the_browser_alone() -> None:
    """Scripts can not read it, other sites do not send it, and under TLS nobody sees it on the way."""
    plain, tls = Sessions(_SECRET, secure=False), Sessions(_SECRET, secure=True)

    for said in (written(plain, "t"), written(tls, "t"), written(plain, "t", x_forwarded_proto="https")):
        assert "HttpOnly" in said
        assert "SameSite=strict" in said
        assert "Path=/" in said
        assert f"Max-Age={LONGEST_SECONDS}" in said
    assert "Secure" in written(tls, "t")
    assert written(tls, "t").startswith("__Host-")
    assert "Secure" in written(plain, "t", x_forwarded_proto="https")
    assert "Secure" not in written(plain, "t")


def test_under_tls_cookies_and_pages_stay_there(tmp_path: Path) -> None:
    """Browsers send the session by TLS only, and come back by TLS only."""
    authority = Authority()
    certificate, key = authority.server().write(tmp_path, "server")
    trusted = ssl.create_default_context(cadata=authority.certificate.decode())
    with served("--no-record", "--tls-cert", str(certificate), "--tls-key", str(key)) as server:
        connection = http.client.HTTPSConnection(server.address, timeout=30, context=trusted)
        connection.request("GET", "/rulesets")
        answer = connection.getresponse()
        answer.read()
        connection.close()
        (line,) = [line for line in server.lines if line["event"] == "serving"]

    assert line["pages"] == f"https://{server.address}/"
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert answer.headers["set-cookie"].startswith("__Host-readygate=")
    assert "Secure" in answer.headers["set-cookie"]


def test_a_session_ends_after_twelve_hours_whatever_the_browser_does() -> None:
    """The end is inside of what is sealed, not only in what the browser is told."""
    clock = [1_000.0]
    sessions = Sessions(_SECRET, secure=False, now=lambda: clock[0])
    cookie = written(sessions, "t").partition(";")[0]

    assert sessions.read(request(cookie)).credential == "t"
    clock[0] += LONGEST_SECONDS - 1
    assert sessions.read(request(cookie)).credential == "t"
    clock[0] += 1
    assert sessions.read(request(cookie)).credential == ""
    assert LONGEST_SECONDS <= 12 * 3600


def test_a_browser_keeps_the_longest_token_that_is_taken() -> None:
    """A cookie is cut off, or not kept at all, beyond 4,096 bytes."""
    token = "".join(secrets.choice(string.ascii_letters + string.digits + "-_.") for _ in range(LONGEST_CREDENTIAL))
    sessions = Sessions(_SECRET, secure=True)
    cookie = written(sessions, token).partition(";")[0]

    assert len(cookie) < 4_096
    assert sessions.read(request(cookie)).credential == token


def test_another_server_does_not_know_a_session() -> None:
    """Only servers with the same secret open it."""
    cookie = written(Sessions(_SECRET, secure=False), "t").partition(";")[0]

    assert Sessions(_SECRET, secure=False).read(request(cookie)).credential == "t"
    assert Sessions(b"o" * 32, secure=False).read(request(cookie)).credential == ""


def test_a_session_outlives_a_restart_and_is_known_to_all_workers(tmp_path: Path) -> None:
    """The secret is one of the record, so that no worker and no next server turns its visitors away."""
    where = ("--data-dir", str(tmp_path / "data"))
    with served(*where) as first:
        visitor = Visitor(first.address)
        fields = dict(visitor.get("/what-if").parsed.form("/what-if"))
    with served(*where, "--workers", "2") as second:
        again = Visitor(second.address, visitor.cookies)
        statuses = {again.post("/what-if", fields).status for _ in range(8)}

    assert statuses == {400}  # read, and found empty; a form of another session would be refused with 403


def test_workers_without_a_record_know_the_sessions_of_each_other() -> None:
    """They have the secret from the server that started them."""
    with served("--no-record", "--workers", "2") as server:
        visitor = Visitor(server.address)
        fields = dict(visitor.get("/what-if").parsed.form("/what-if"))
        statuses = {visitor.post("/what-if", fields).status for _ in range(8)}

    assert statuses == {400}


def test_a_sign_in_begins_another_session(people: Server) -> None:
    """A session id that somebody planted before is of no use afterwards."""
    visitor = Visitor(people.address)
    page = visitor.get("/sign-in").parsed
    planted = dict(page.form("/sign-in"))["csrf"]
    visitor.sign_in(people.token("ada"))

    seen = visitor.post("/sign-out", {"csrf": planted})

    assert seen.status == 403


@pytest.mark.parametrize(
    "to",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/\r\nset-cookie: a=b", ""],
)
def test_a_sign_in_leads_nowhere_else(people: Server, to: str) -> None:
    """Where it leads on to is a page of this server."""
    visitor = Visitor(people.address)

    seen = visitor.fill("/sign-in", {"credential": people.token("ada"), "next": to})

    assert (seen.status, seen.headers["location"]) == (303, "/")


def test_no_credential_is_logged(people: Server) -> None:
    """Neither tokens nor keys nor sessions are in the log."""
    visitor = Visitor(people.address)
    token = people.token("ada")
    visitor.sign_in(token)
    visitor.get("/")
    visitor.sign_in("rg_ci-1_a-key-that-is-wrong")

    log = json.dumps(people.lines)

    assert token not in log
    assert "a-key-that-is-wrong" not in log
    assert next(iter(visitor.cookies.values())) not in log
