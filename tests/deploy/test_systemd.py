"""The unit of systemd: it starts what there is, lets it drain, and keeps it in its box."""

from __future__ import annotations

import re
import shutil
import subprocess
from configparser import RawConfigParser
from pathlib import Path

import pytest

from readygate_server.bootstrap.workers import LATENESS_SECONDS
from readygate_server.cli.exits import Exit
from tests.cli.help_page import parser_of
from tests.deploy.options import options_in
from tests.documents import ROOT

UNIT = ROOT / "service/deploy/readygate.service"
EXPOSURE = 2.0
"""Most that systemd may find exposed, of 10."""


def service() -> dict[str, str]:
    """Returns the settings of the service; of those that are given several times, the last."""
    parser = RawConfigParser(strict=False, allow_no_value=True, delimiters=("=",), comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names of settings have capitals
    parser.read_string(UNIT.read_text(encoding="utf-8").replace("\\\n", " "))
    return dict(parser["Service"])


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs systemd-analyze; skips where it is not."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not on this machine")
    command = ["systemd-analyze", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_unit_starts_a_command_that_there_is() -> None:
    """The command is `readygate serve` with options that it has, and writes only where it may."""
    command = service()["ExecStart"].split()

    assert [Path(command[0]).name, command[1]] == ["readygate", "serve"]
    assert options_in(" ".join(command)) <= options_in(parser_of("serve").format_help())
    parsed = parser_of("serve").parse_args(command[2:])
    state = {f"/var/lib/{name}" for name in service()["StateDirectory"].split()}
    assert {str(parsed.data_dir), str(parsed.anchor)} == state


def test_systemd_waits_longer_than_the_drain() -> None:
    """A stop is SIGTERM to the server, and is waited for until all calls and workers had their time."""
    unit = service()
    grace = float(re.findall(r"--grace (\d+)", unit["ExecStart"])[0])

    assert (unit["KillSignal"], unit["KillMode"]) == ("SIGTERM", "mixed")
    assert float(unit["TimeoutStopSec"]) > grace + LATENESS_SECONDS
    assert unit["RestartPreventExitStatus"] == str(int(Exit.BAD_INPUT))


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    """`systemd-analyze verify` has nothing to say about it, where the command is installed."""
    command = tmp_path / "readygate"
    command.touch(mode=0o755)
    unit = tmp_path / "readygate.service"
    text = UNIT.read_text(encoding="utf-8")
    unit.write_text(text.replace("/opt/readygate/bin/readygate", str(command)), encoding="utf-8")

    done = analyze("verify", unit)
    ours = [line for line in done.stderr.splitlines() if "readygate" in line]
    assert (done.returncode, ours) == (0, [])


def test_the_service_is_kept_in_its_box() -> None:
    """What systemd finds exposed is little."""
    done = analyze("security", "--offline=yes", "--no-pager", UNIT)
    found = re.search(r"exposure level for readygate\.service: ([\d.]+)", done.stdout)
    if found is None:
        pytest.skip(f"this systemd-analyze does not look at files: {done.stderr[-200:]}")

    assert float(found[1]) <= EXPOSURE
