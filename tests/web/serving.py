"""Servers with pages, as processes of their own, and a browser that knows nothing but HTTP and forms."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from google.protobuf.message import Message

from readygate.v1.gate_service_pb2 import EvaluateRequest, EvaluateResponse
from readygate.v1.proposal_pb2 import Proposal
from readygate.v1.ruleset_pb2 import RulesetSelector
from readygate_server.adapters.identity.api_keys import new_key
from readygate_server.adapters.proposals.reader import read_proposal
from tests.grpc_api import rules_on_disk
from tests.identity.provider import AUDIENCE, ISSUER, Provider

EXAMPLES = Path(__file__).parents[2] / "clients" / "examples"
AS_OF = "2026-11-01"
_IDENTITY = """\
issuers:
  - {{id: staff, issuer: {issuer}, audience: {audience}, jwks_file: keys.json, signs_in_people: true}}
people:
  - {{name: ada, oidc: [{{issuer: staff, subject: ada}}]}}
  - {{name: grace, oidc: [{{issuer: staff, subject: grace}}]}}
  - {{name: alan, oidc: [{{issuer: staff, subject: alan}}]}}
services:
  - {{name: ci}}
api_keys:
  - {{id: ci-1, sha256: {digest}, principal: service:ci, expires_on: "2099-01-01"}}
bindings:
  - {{principals: [ada, grace, service:ci], roles: [evaluator, requester, approver, auditor, rule_admin]}}
  - {{principals: [alan], roles: [evaluator]}}
"""
_STARTS_WITHIN = 40.0


@dataclass
class Server:
    """A server process."""

    process: subprocess.Popen[str]
    lines: list[dict[str, Any]] = field(default_factory=list)
    idp: Provider = field(default_factory=Provider)
    key: str = ""

    def wait(self) -> None:
        """Waits until calls are answered."""
        ends = time.monotonic() + _STARTS_WITHIN
        while not any(line["event"] == "serving" for line in self.lines):
            assert self.process.poll() is None, f"the server has ended: {self.lines}"
            assert not any(line["event"] == "rules_refused" for line in self.lines), f"faulty rules: {self.lines}"
            assert time.monotonic() < ends, f"the server does not serve: {self.lines}"
            time.sleep(0.02)

    @property
    def address(self) -> str:
        """Host and port of the pages."""
        address: str = next(line["address"] for line in self.lines if line.get("protocol") == "http")
        return address

    def read(self) -> None:
        """Reads the log until it ends."""
        assert self.process.stderr is not None
        for text in self.process.stderr:
            try:
                self.lines.append(json.loads(text))
            except ValueError:
                self.lines.append({"event": "other", "text": text})

    def token(self, who: str, **claims: Any) -> str:
        """Returns a token of somebody who signed in half a minute ago."""
        said: dict[str, Any] = {"sub": who, "auth_time": int(time.time()) - 30} | claims
        return self.idp.token(**said)

    def call(self, method: str, request: Message, bearer: str = "") -> bytes:
        """Calls an RPC over HTTP, as a program does."""
        headers = {"content-type": "application/proto"} | ({"authorization": f"Bearer {bearer}"} if bearer else {})
        connection = http.client.HTTPConnection(self.address, timeout=30)
        connection.request("POST", f"/readygate.v1.{method}", request.SerializeToString(), headers)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        assert answer.status == http.HTTPStatus.OK, body
        return body

    def evaluate(self, proposal: Proposal, *, bearer: str = "", ruleset: str = "", as_of: str = AS_OF) -> str:
        """Has a decision recorded; returns its id."""
        request = EvaluateRequest(proposal=proposal, ruleset=RulesetSelector(name=ruleset), as_of=as_of)
        return EvaluateResponse.FromString(self.call("GateService/Evaluate", request, bearer)).record.decision_id


@contextmanager
def served(*arguments: str) -> Iterator[Server]:
    """Runs `readygate serve` with pages."""
    command = [sys.executable, "-m", "readygate_server", "serve", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"]
    with subprocess.Popen([*command, *arguments], stderr=subprocess.PIPE, text=True) as process:
        server = Server(process)
        reading = threading.Thread(target=server.read, daemon=True)
        reading.start()
        try:
            server.wait()
            yield server
        finally:
            process.terminate()
            process.wait(30)
            reading.join(10)


@contextmanager
def bank(directory: Path) -> Iterator[Server]:
    """Runs a server with a record, a small ruleset and people."""
    idp, key = Provider(), new_key("ci-1")
    rules = directory / "rules"
    rules.mkdir()
    rules_on_disk.write(rules, version="2026.1.0")
    (directory / "keys.json").write_text(json.dumps(idp.key_set()), encoding="utf-8")
    identity = directory / "identity.yaml"
    identity.write_text(_IDENTITY.format(issuer=ISSUER, audience=AUDIENCE, digest=key.digest), encoding="utf-8")
    where = ("--data-dir", str(directory / "data"), "--rules", str(rules), "--identity", str(identity))
    with served(*where) as server:
        server.idp, server.key = idp, key.text
        yield server


def example(name: str = "refund-agent") -> Proposal:
    """Returns a proposal of the examples."""
    proposal, _ = read_proposal((EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8"), file=name)
    return proposal


@dataclass(frozen=True)
class Seen:
    """A page as it came."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def parsed(self) -> Parsed:
        """The page, parsed."""
        return parsed(self.text)

    @property
    def said(self) -> str:
        """What a reader sees."""
        return " ".join(" ".join(self.parsed.texts).split())


@dataclass
class Visitor:
    """A browser without scripts: keeps cookies, follows nothing, fills forms."""

    address: str
    cookies: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=lambda: {"sec-fetch-site": "same-origin"})

    def send(self, verb: str, path: str, body: bytes | None = None, /, **headers: str) -> Seen:
        """Sends a request."""
        shown = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            shown["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection = http.client.HTTPConnection(self.address, timeout=30)
        connection.request(verb, path, body, shown)
        answer = connection.getresponse()
        for each in answer.headers.get_all("set-cookie") or ():
            for name, morsel in SimpleCookie(each).items():
                self.cookies[name] = morsel.value
        headers_seen = {name.lower(): value for name, value in answer.getheaders()}
        seen = Seen(answer.status, headers_seen, answer.read().decode("utf-8", "replace"))
        connection.close()
        return seen

    def get(self, path: str, **headers: str) -> Seen:
        """Loads a page."""
        return self.send("GET", path, **headers)

    def post(self, path: str, fields: Mapping[str, str] | Sequence[tuple[str, str]], **headers: str) -> Seen:
        """Sends a form as it is."""
        body = urlencode(list(fields.items()) if isinstance(fields, Mapping) else list(fields)).encode()
        return self.send("POST", path, body, **({"content_type": "application/x-www-form-urlencoded"} | headers))

    def fill(self, path: str, fields: Mapping[str, str], *, action: str = "", **headers: str) -> Seen:
        """Loads a page and sends its form to an action, with some fields filled in."""
        form = self.get(path).parsed.form(action or path)
        return self.post(action or path, dict(form) | dict(fields), **headers)

    def sign_in(self, credential: str) -> Seen:
        """Signs in by hand."""
        return self.fill("/sign-in", {"credential": credential})


@dataclass
class Element:
    """A start tag."""

    tag: str
    attributes: dict[str, str]


class Parsed(HTMLParser):
    """What a page is made of, as a browser would take it."""

    def __init__(self) -> None:
        """Starts with nothing."""
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.texts: list[str] = []
        self._select: Element | None = None
        self._chosen: Element | None = None
        self._area: Element | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes a tag."""
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag == "select":
            self._select = element
        elif tag == "textarea":
            self._area = element
        elif tag == "option" and self._select is not None and "selected" in element.attributes:
            self._chosen, self._select = self._select, None
            if "value" in element.attributes:
                self._chosen.attributes["value"], self._chosen = element.attributes["value"], None

    def handle_data(self, data: str) -> None:
        """Notes a text."""
        self.texts.append(data)
        if self._chosen is not None:
            self._chosen.attributes["value"], self._chosen = data.strip(), None
        if self._area is not None and self.lasttag == "textarea":
            self._area.attributes["value"] = self._area.attributes.get("value", "") + data

    def handle_endtag(self, tag: str) -> None:
        """Ends a field."""
        if tag == "textarea":
            self._area = None

    def form(self, action: str) -> list[tuple[str, str]]:
        """Returns the fields of the form that leads to an action, as a browser would send them untouched."""
        fields: list[tuple[str, str]] = []
        is_inside = False
        for element in self.elements:
            if element.tag == "form":
                is_inside = element.attributes.get("action", "").partition("#")[0] == action
            if is_inside and element.tag in ("input", "select", "textarea") and "name" in element.attributes:
                said = element.attributes
                if said.get("type") in ("checkbox", "radio") and "checked" not in said:
                    continue
                fields.append((said["name"], said.get("value", "")))
        return fields

    def of(self, tag: str) -> list[dict[str, str]]:
        """Returns the attributes of all elements of a kind."""
        return [element.attributes for element in self.elements if element.tag == tag]


def parsed(text: str) -> Parsed:
    """Returns a page, parsed."""
    parser = Parsed()
    parser.feed(text)
    parser.close()
    return parser
