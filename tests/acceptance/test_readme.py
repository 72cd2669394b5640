"""Holds the README to what it says: every command runs, and the output that it shows is the real one."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.command import environment
from tests.cli.serving import served
from tests.documents import ROOT, blocks, commands, run, write_files

README = "README.md"
SET_UP = "python3 -m venv .venv && .venv/bin/pip install -q -c constraints.txt "
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
LEFT_OUT = "[...]\n"
SERVER = "127.0.0.1:7443"
HTTP = "127.0.0.1:8080"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Returns a directory with what the commands of the README need of this one."""
    shutil.copytree(ROOT / "clients/examples", tmp_path / "clients/examples")
    write_files(README, tmp_path)
    return tmp_path


def after_set_up(word: str) -> str:
    """Returns what the one command that contains a word runs after it has made the environment."""
    (line,) = [line for line in commands(README) if line.startswith(SET_UP) and word in line]
    return line.rpartition(" && ")[2]


def needs_server(line: str) -> bool:
    """True for the command that starts a server, and for those that ask it or look at its record."""
    return " serve " in line or SERVER in line or HTTP in line or " --data-dir data" in line


def free_port() -> int:
    """Returns a port that nobody has."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port


def test_the_first_command_prints_what_the_readme_shows(checkout: Path) -> None:
    """The output shown is the real one on 80 columns, apart from the digests and from the lines that are left out."""
    ran = run(after_set_up("readygate check"), checkout)
    assert (ran.code, ran.err) == (1, "")
    real, place = DIGEST.sub("sha256:", ran.out), 0
    parts = DIGEST.sub("sha256:", blocks(README, "text")[0].text).split(LEFT_OUT)
    assert real.startswith(parts[0])
    assert real.endswith(parts[-1])
    for part in parts:
        found = real.find(part, place)
        assert found >= 0, f"the command does not print this any more:\n{part}"
        place = found + len(part)


def test_the_second_command_finds_the_tests() -> None:
    """The command that runs the tests collects them without an error."""
    assert after_set_up("pytest") == ".venv/bin/python -m pytest -n auto"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "tests/unit", "tests/cli"],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, "tests/cli/test_check.py" in done.stdout) == (0, True), done.stdout


def test_every_other_command_runs(checkout: Path) -> None:
    """All other commands run one after the other as they stand; a check ends with a verdict, all else with 0."""
    lines = [line for line in commands(README) if not line.startswith(SET_UP) and not needs_server(line)]
    assert len(lines) >= 6
    for line in lines:
        ran = run(line, checkout)
        assert ran.code in ({0, 1, 2} if " check clients" in line else {0}), f"{line}\n{ran.err}"
        assert ran.out or "wrote" in ran.err


def test_the_client_runs_against_the_server(checkout: Path) -> None:
    """The server starts with the options shown, and the client shown prints a verdict and its work.

    The commands that ask the server and look at its record, as they stand, end as they should.
    """
    line, *others = [line for line in commands(README) if needs_server(line)]
    assert line.endswith(f" serve --listen {SERVER} --http {HTTP} --data-dir data")
    asking = [other for other in others if other.startswith("curl ")]
    others = [other for other in others if other not in asking]
    http = f"127.0.0.1:{free_port()}"
    (code,) = blocks(README, "python")
    with served(checkout, "--http", http) as (_, address):
        for other in asking:
            answer = subprocess.run(shlex.split(other.replace(HTTP, http)), capture_output=True, timeout=60, check=True)
            assert json.loads(answer.stdout)["decision"]["verdict"] in ("VERDICT_NO_GO", "VERDICT_UNDETERMINED")
        script = code.text.replace(SERVER, address)
        done = subprocess.run(
            [sys.executable, "-c", script], env=environment(), capture_output=True, text=True, timeout=60, check=False
        )
        for other in others:
            ran = run(other.replace(SERVER, address), checkout)
            assert (ran.code, bool(ran.out)) == (1 if " check " in other else 0, True), f"{other}\n{ran.err}"
    assert len(asking) == 1
    assert (done.returncode, done.stderr) == (0, "")
    assert re.match(r"VERDICT_(NO_GO|UNDETERMINED) sha256:[0-9a-f]{64}\n1 W-", done.stdout)


def test_links_lead_somewhere() -> None:
    """Every file that the README links to is there."""
    text = (ROOT / README).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (ROOT / target).exists(), target
