"""The example of procurement goes from a no-go to a signature, and hears that the go has lapsed."""

from __future__ import annotations

import asyncio
import importlib.util
import re
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from google.protobuf import json_format

from readygate.v1.gate_service_pb2 import EvaluateRequest
from readygate.v1.proposal_pb2 import Proposal
from readygate.v1.ruleset_pb2 import RulesetSelector
from readygate_server.adapters.notices.reader import read_webhooks
from readygate_server.domain.notices import NoticeType
from readygate_server.domain.vocabulary import Tier
from tests.builders import passing_proposal
from tests.cli.command import environment, readygate
from tests.documents import ROOT, blocks, write_files
from tests.grpc_api.serving import AS_OF
from tests.webhooks.receiver import SECRET, free_port
from tests.webhooks.serving import Site

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
LONG_AGO = 400
PAGE = "docs/procurement.md"


def proposal_for(day: date, *, completeness: float | None = None) -> Proposal:
    """Returns the proposal that is a go on the day of the tests, with all its dates moved to another day."""
    away = day - date.fromisoformat(AS_OF)
    text = json_format.MessageToJson(passing_proposal(Tier.T3))
    moved = _DAY.sub(lambda each: (date.fromisoformat(each[0]) + away).isoformat(), text)
    proposal = json_format.Parse(moved, Proposal())
    if completeness is not None:
        proposal.data_sources[0].completeness = completeness
    return proposal


async def test_from_a_no_go_to_a_signature_and_to_its_lapse(site: Site) -> None:
    """The lapse is real: the same proposal is decided as of a day whose go is long over."""
    today, port = datetime.now(UTC).date(), free_port()
    for name, completeness in (("first", 0.1), ("repaired", None)):
        written = json_format.MessageToJson(proposal_for(today, completeness=completeness))
        (site.directory / f"{name}.json").write_text(written)
    events = ["    events: {types: ['dev.readygate.decision.*', 'dev.readygate.certificate.*']}"]
    site.tell(
        "\n".join(["  - name: procurement", f"    url: http://127.0.0.1:{port}/", "    secret_file: secret", *events])
    )
    async with site.server() as (served, client):
        exported = ("keys", "export", "--data-dir", site.data, "-o", site.directory / "keys.json")
        assert (await asyncio.to_thread(readygate, *exported)).code == 0
        program = await asyncio.create_subprocess_exec(
            sys.executable, str(ROOT / "clients/examples/procurement.py"), "first.json", "repaired.json",
            "--server", await served.ready(), "--keys", "keys.json", "--audience", "bank.example",
            "--receive", str(port), "--as-of", today.isoformat(),
            cwd=site.directory, stdout=asyncio.subprocess.PIPE, env=_environment(),
        )  # fmt: skip
        said = await _until(program, "certificate.issued")
        long_ago = today - timedelta(days=LONG_AGO)
        ruleset = RulesetSelector(name="operational-readiness", version="2026.1.0")
        over = EvaluateRequest(proposal=proposal_for(long_ago), ruleset=ruleset, as_of=long_ago.isoformat())
        await client.evaluate(over)
        said += await _until(program, "ask again")
        assert await program.wait() == 0
        await served.stop()

    assert said[0] == "first.json: NO_GO"
    assert any(line.startswith("  to do: ") for line in said)
    assert "repaired.json: GO" in said
    assert any(line.startswith("certificate: VALID") for line in said)
    assert said[-1].startswith("the go of ")


def _environment() -> dict[str, str]:
    found = environment()
    scripts = str(Path(sys.executable).parent)
    return {**found, "READYGATE_WEBHOOK_SECRET": SECRET, "PATH": f"{scripts}:{found.get('PATH', '')}"}


async def _until(program: asyncio.subprocess.Process, text: str) -> list[str]:
    """Returns the lines that a program says up to one with a text."""
    assert program.stdout is not None
    lines: list[str] = []
    async with asyncio.timeout(60):
        while not lines or text not in lines[-1]:
            line = await program.stdout.readline()
            assert line, f"it ended; it said {lines}"
            lines.append(line.decode().rstrip())
    return lines


def test_the_page_says_what_is_so(tmp_path: Path) -> None:
    """The file of the page has no fault, every type of event is named, and the check of signatures is the example's."""
    write_files(PAGE, tmp_path)
    for name in ("procurement.secret", "bank-ca.pem"):
        (tmp_path / name).write_text(SECRET)
    endpoints = read_webhooks(tmp_path / "webhooks.yaml", {"READYGATE_RISK_SECRET": SECRET})
    page = (ROOT / PAGE).read_text(encoding="utf-8")
    example = (ROOT / "clients/examples/procurement.py").read_text(encoding="utf-8").replace("SECONDS_APART", "300")
    check = blocks(PAGE, "python")[0].text.splitlines()[1:]

    assert [endpoint.name for endpoint in endpoints] == ["procurement", "risk"]
    assert [kind for kind in NoticeType if f"`{_short(kind)}`" not in page and kind is not NoticeType.TEST] == []
    assert [line for line in check if line not in example] == []


def test_what_nobody_signed_is_not_genuine() -> None:
    """Headers that are missing or say nothing make a webhook false, and nothing is raised."""
    spec = importlib.util.spec_from_file_location("procurement", ROOT / "clients/examples/procurement.py")
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    now = str(int(time.time()))
    heads: tuple[dict[str, str], ...] = (
        {},
        {"webhook-id": "a"},
        {"webhook-id": "a", "webhook-timestamp": "soon", "webhook-signature": "v1,x"},
        {"webhook-id": "a", "webhook-timestamp": now},
        {"webhook-id": "a", "webhook-timestamp": now, "webhook-signature": "v1,é v1,x"},
    )

    assert [example.is_genuine(head, b"{}", SECRET) for head in heads] == [False] * len(heads)


def _short(kind: NoticeType) -> str:
    return kind.value.removeprefix("dev.readygate.").removesuffix(".v1")
