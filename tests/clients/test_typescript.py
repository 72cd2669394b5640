"""The TypeScript client: it compiles strictly, and asks real servers over gRPC and JSON; node runs its tests.

What it needs comes from npm at the pinned versions, once per set of pins, into `build/`.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from fcntl import LOCK_EX, flock
from hashlib import sha256
from pathlib import Path

import grpc
import pytest
from google.protobuf.json_format import MessageToDict

from readygate_server.adapters.identity.api_keys import new_key
from readygate_server.adapters.proposals.reader import read_proposal
from readygate_server.domain.vocabulary import Tier
from tests.builders import passing_proposal
from tests.cli.command import COMMAND, EXAMPLE, environment
from tests.cli.serving import served
from tests.clients.scripted import scripted
from tests.documents import ROOT, blocks
from tests.identity.authority import Authority, put

CLIENT = ROOT / "clients/typescript"
BUILD = ROOT / "build/typescript"
OLDEST = 20
IDENTITY = """\
services:
  - name: intake
api_keys:
  - {{id: intake-1, sha256: {digest}, principal: service:intake, expires_on: 2099-01-01}}
bindings:
  - {{principals: [service:intake], roles: [evaluator]}}
"""


def run(*command: str | Path, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Runs a program and returns what it said."""
    called = [str(each) for each in command]
    return subprocess.run(
        called, cwd=cwd, capture_output=True, text=True, timeout=120, check=False, env=os.environ | env
    )


@contextmanager
def alone(folder: Path) -> Iterator[Path]:
    """Lets one process at a time into a folder; `done` in it says that what it is for was done."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w", encoding="utf-8") as file:
        flock(file, LOCK_EX)
        yield folder / "done"


def packages() -> Path:
    """Returns what npm installs for the pins of the client; skips where it can not be had."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not on this machine")
    version = run("node", "--version", cwd=ROOT).stdout.strip()
    if int(version.removeprefix("v").partition(".")[0]) < OLDEST:
        pytest.skip(f"node {version} is older than {OLDEST}")
    pins = (CLIENT / "package.json").read_bytes()
    folder = BUILD / sha256(pins).hexdigest()[:16]
    with alone(folder) as done:
        if not done.exists():
            (folder / "package.json").write_bytes(pins)
            said = run("npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", cwd=folder)
            if said.returncode:
                pytest.skip(f"npm can not install what the client needs here: {said.stderr[-300:]}")
            done.touch()
    return folder / "node_modules"


@pytest.fixture(scope="module")
def compiled() -> Path:
    """Returns a copy of the client, compiled with its tests and the program that its README shows, made once."""
    modules = packages()
    (code,) = blocks("clients/typescript/README.md", "ts")
    made = {"node_modules", "dist", "build"}
    names = sorted(path.relative_to(CLIENT) for path in CLIENT.glob("**/*.*") if path.is_file())
    state = sha256()
    for name in names:
        if not made & set(name.parts):
            state.update(str(name).encode() + (CLIENT / name).read_bytes())
    folder = BUILD / f"client-{state.hexdigest()[:16]}"
    copy = folder / "client"
    with alone(folder) as done:
        if not done.exists():
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(CLIENT, copy, ignore=shutil.ignore_patterns("node_modules", "dist", "build"))
            (copy / "node_modules").symlink_to(modules)
            (copy / "test/readme.ts").write_text(code.text, encoding="utf-8")
            for project in (".", "test"):
                said = run("node", modules / "typescript/bin/tsc", "-p", project, cwd=copy)
                assert (said.returncode, said.stdout) == (0, "")
            done.touch()
    return copy


@contextmanager
def open_gate(directory: Path) -> Iterator[tuple[str, str]]:
    """Runs a server that answers over gRPC and HTTP; gives both addresses."""
    listen = ("--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--data-dir", str(directory / "data"))
    command, pipe = [*COMMAND, "serve", *listen], subprocess.PIPE
    with subprocess.Popen(command, stderr=pipe, env=environment(), text=True) as process:
        assert process.stderr is not None
        http = ""
        try:
            for line in process.stderr:
                event = json.loads(line)
                http = event["address"] if event.get("protocol") == "http" else http
                if event["event"] == "serving":
                    yield event["address"], http
                    break
        finally:
            process.kill()


@pytest.fixture(scope="module")
def gates(compiled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, object]]:
    """Runs the gates that the tests of the client ask, and says where they are."""
    del compiled  # before it is skipped, no server is started
    directory = tmp_path_factory.mktemp("gates")
    key = new_key("intake-1")
    identity = put(directory / "identity.yaml", IDENTITY.format(digest=key.digest))
    authority = Authority()
    certificate, private = authority.server().write(directory, "server")
    guard = ("--identity", identity, "--tls-cert", certificate, "--tls-key", private)
    with ExitStack() as held, socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        plain, http = held.enter_context(open_gate(directory))
        _, guarded = held.enter_context(served(directory / "guarded", *guard))
        away = held.enter_context(scripted([grpc.StatusCode.UNAVAILABLE] * 2))
        yield {
            "open": {"grpc": f"http://{plain}", "json": f"http://{http}"},
            "away": f"http://{away.target}",
            "guarded": {"url": f"https://{guarded}", "ca": authority.certificate.decode(), "key": key.text},
            "nobody": f"http://127.0.0.1:{unused.getsockname()[1]}",
            "no": MessageToDict(read_proposal(EXAMPLE.read_text(encoding="utf-8"), file=str(EXAMPLE))[0]),
            "yes": MessageToDict(passing_proposal(Tier.T3)),
        }


def test_units_of_the_client(compiled: Path) -> None:
    """What the client does about failures, ids, verdicts and credentials is what its own tests say."""
    done = run("node", "--test", "build/unit.test.js", cwd=compiled)
    assert (done.returncode, "# fail 0" in done.stdout) == (0, True), done.stdout


def test_the_client_asks_real_gates(compiled: Path, gates: dict[str, object], tmp_path: Path) -> None:
    """A no, a yes, a what-if, faults, deadlines, streams, keys and gates that are away, over gRPC and JSON."""
    where = tmp_path / "gates.json"
    where.write_text(json.dumps(gates), encoding="utf-8")
    done = run("node", "--test", "build/live.test.js", cwd=compiled, READYGATE_TEST_GATES=str(where))
    assert (done.returncode, "# fail 0" in done.stdout) == (0, True), done.stdout


def test_the_program_of_the_readme_prints_what_the_readme_shows(compiled: Path, gates: dict[str, object]) -> None:
    """The program ends with the exit code of its verdict and prints the output shown."""
    text = (compiled / "build/readme.js").read_text(encoding="utf-8")
    opened = gates["open"]
    assert isinstance(opened, dict)
    program = compiled / f"build/readme-{os.getpid()}.js"
    program.write_text(text.replace("http://127.0.0.1:7443", opened["grpc"]), encoding="utf-8")
    done = run("node", program, cwd=compiled)
    (shown,) = blocks("clients/typescript/README.md", "text")
    assert (done.returncode, done.stdout, done.stderr) == (2, shown.text, "")


def test_nothing_is_of_any_type() -> None:
    """What people wrote of the client names no `any` and silences no checker."""
    written = [*CLIENT.glob("src/*.ts"), *CLIENT.glob("test/*.ts")]
    assert len(written) >= 8
    for path in written:
        text = path.read_text(encoding="utf-8")
        for word in (": any", "<any", "as any", "@ts-ignore", "@ts-expect-error", "@ts-nocheck"):
            assert word not in text, f"{path.name}: {word}"


def test_pins_are_exact() -> None:
    """Every package is pinned to one version, and no lock file with addresses is kept."""
    package = json.loads((CLIENT / "package.json").read_text(encoding="utf-8"))
    pins = package["dependencies"] | package["devDependencies"]
    assert all(pin.replace(".", "").isdigit() for pin in pins.values()), pins
    assert package["private"] is True
    assert not (CLIENT / "package-lock.json").exists()
