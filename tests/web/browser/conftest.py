"""One Chromium and one server with something to see, for all tests of a session.

Chromium is that of the machine: READYGATE_CHROMIUM names it, or it is /usr/bin/chromium. `axe-core` comes from npm,
pinned in package.json, and is installed into `build/`. Where either is missing the tests are skipped, and say so.
"""

from __future__ import annotations

import fcntl
import inspect
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from hashlib import sha256
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import pytest
from google.protobuf import text_format
from playwright.sync_api import Browser, Page, sync_playwright

from readygate.v1.foundation_pb2 import Asset
from readygate.v1.foundation_service_pb2 import RegisterAssetRequest
from readygate.v1.proposal_pb2 import Proposal
from readygate.v1.waiver_service_pb2 import RequestWaiverRequest, RequestWaiverResponse
from tests.web.app.test_decisions import small
from tests.web.serving import Server, example

HERE = Path(__file__).parent
BUILD = HERE.parents[2] / "build" / "axe"
CHROMIUM = Path(os.environ.get("READYGATE_CHROMIUM", "/usr/bin/chromium"))
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHONE, DESK = (375, 740), (1280, 900)

# Playwright's plain interface leaves an event loop running in its thread between calls, where no other test could run
# its own. So these tests, and what they use of it, have a thread for themselves.
_THREAD = ThreadPoolExecutor(1, "browser")
_Arguments = ParamSpec("_Arguments")
_Value = TypeVar("_Value")


def on_thread(fixture: Callable[_Arguments, Iterator[_Value]]) -> Callable[_Arguments, Iterator[_Value]]:
    """Runs both halves of a fixture on the thread of the browser."""

    @wraps(fixture)
    def halves(*arguments: _Arguments.args, **named: _Arguments.kwargs) -> Iterator[_Value]:
        steps = fixture(*arguments, **named)
        yield _THREAD.submit(next, steps).result()
        _THREAD.submit(next, steps, None).result()

    return halves


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool:
    """Runs the tests of this folder on the thread of the browser."""
    wanted = inspect.signature(pyfuncitem.obj).parameters
    _THREAD.submit(pyfuncitem.obj, **{name: pyfuncitem.funcargs[name] for name in wanted}).result()
    return True


@dataclass(frozen=True)
class Seeded:
    """What there is to see."""

    local: Server
    people: Server
    no: str
    """A decision that is a no."""
    long: str
    """A decision with the longest names there are."""
    go: str
    """A decision that is a go, on the server with people."""
    waiver: str

    @property
    def pages(self) -> dict[str, tuple[Server, str]]:
        """Every page, by a name."""
        diff = "/rulesets/diff?from=operational-readiness@2026.1.0&to=operational-readiness-full@2026.1.0"
        return {
            "decisions": (self.local, "/"),
            "no decision": (self.local, "/?proposal=nobody"),
            "bad filter": (self.local, "/?from=never"),
            "a no": (self.local, f"/decisions/{self.no}"),
            "long names": (self.local, f"/decisions/{self.long}"),
            "a go": (self.people, f"/decisions/{self.go}"),
            "what-if": (self.local, f"/what-if?decision={self.no}"),
            "what-if start": (self.local, "/what-if"),
            "rulesets": (self.local, "/rulesets"),
            "ruleset": (self.local, "/rulesets/operational-readiness/2026.1.0"),
            "difference": (self.local, diff),
            "waivers": (self.people, "/waivers"),
            "waiver": (self.people, f"/waivers/{self.waiver}"),
            "ask for a waiver": (self.local, f"/waivers/new?decision={self.no}"),
            "assets": (self.local, "/assets"),
            "asset": (self.local, "/assets/source/ledger"),
            "sign in": (self.people, "/sign-in"),
            "error": (self.local, "/nothing"),
        }


@pytest.fixture(scope="session")
def seeded(local: Server, people: Server) -> Seeded:
    """Two servers with decisions, a waiver and an asset."""
    local.evaluate(example(), as_of="2026-10-01")
    no, long = local.evaluate(example()), local.evaluate(with_long_names())
    asset = Asset()
    asset.source.id, asset.source.title, asset.source.completeness = "ledger", "General ledger", 0.99
    local.call("FoundationService/RegisterAsset", RegisterAssetRequest(asset=asset))
    ada, today = people.token("ada"), datetime.now(UTC).date().isoformat()
    go = people.evaluate(small("shown"), bearer=ada, ruleset="small")
    blocked = people.evaluate(small("shown", 0.5), bearer=ada, ruleset="small", as_of=today)
    asked = RequestWaiverRequest(
        decision_id=blocked, rule_id="ACM-01", subject="crm", reason="The CRM is replaced this month.",
        compensating_control="Staff check each answer.", starts_on=today, ends_on=today,
    )  # fmt: skip
    waiver = RequestWaiverResponse.FromString(people.call("WaiverService/RequestWaiver", asked, ada)).waiver
    return Seeded(local, people, no, long, go, waiver.waiver.id)


def with_long_names() -> Proposal:
    """Returns a proposal whose id and assets have the longest names there are."""
    text = text_format.MessageToString(example())
    for name in ("refund-agent", "crm", "orders", "kb", "order-api", "erp", "returns"):
        text = text.replace(f'"{name}"', f'"{name.ljust(63, "x")}"')
    return text_format.Parse(text, Proposal())


@pytest.fixture(scope="session")
@on_thread
def chromium() -> Iterator[Browser]:
    """The browser."""
    if not CHROMIUM.exists():
        pytest.skip(f"there is no Chromium at {CHROMIUM}; READYGATE_CHROMIUM names one")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser
        browser.close()


@dataclass
class Tab:
    """A page of a server in a browser, and what it has asked for."""

    page: Page
    asked: list[str]
    said: list[str]

    def open(self, server: Server, path: str) -> None:
        """Loads a page."""
        self.page.goto(f"http://{server.address}{path}")


Opening = Callable[..., Tab]


@contextmanager
def signed_in(
    chromium: Browser, seeded: Seeded, *, size: tuple[int, int] = DESK, scheme: Any = "light", scripts: bool = True
) -> Iterator[Tab]:
    """Opens a tab as a browser of its own, in which Ada signed in to the server with people."""
    context = chromium.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, java_script_enabled=scripts
    )
    page = context.new_page()
    page.set_default_timeout(8_000)
    opened = Tab(page, [], [])
    page.on("request", lambda request: opened.asked.append(request.url))
    page.on("console", lambda message: opened.said.append(message.text))
    page.on("pageerror", lambda error: opened.said.append(str(error)))
    opened.open(seeded.people, "/sign-in")
    page.get_by_label("Token or API key").fill(seeded.people.token("ada"))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"http://{seeded.people.address}/")
    opened.asked.clear()
    opened.said.clear()
    yield opened
    context.close()


@pytest.fixture
@on_thread
def tab(chromium: Browser, seeded: Seeded) -> Iterator[Opening]:
    """Opens tabs."""
    with ExitStack() as opened:
        yield lambda **wanted: opened.enter_context(signed_in(chromium, seeded, **wanted))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core, installed once."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not on this machine")
    pins = (HERE / "package.json").read_bytes()
    folder = BUILD / sha256(pins).hexdigest()[:16]
    with _alone(folder):
        if not (folder / "done").exists():
            (folder / "package.json").write_bytes(pins)
            options = ("--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts")
            done = subprocess.run(
                ["npm", "install", "--prefix", folder, *options],
                capture_output=True,
                text=True,
                check=False,
                timeout=120,
            )
            if done.returncode:
                pytest.skip(f"npm can not install axe-core here: {done.stderr[-300:]}")
            (folder / "done").touch()
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
