"""What people are used to: variables for options, completion in shells, quiet runs, messages with a way out."""

from __future__ import annotations

import io
import subprocess
from argparse import Namespace
from contextlib import redirect_stderr
from pathlib import Path

import pytest

from readygate_server.cli import progress
from readygate_server.cli.commands import COMMANDS
from readygate_server.cli.completion import SHELLS, script
from readygate_server.cli.environment import VARIABLES, take_variables
from readygate_server.cli.exits import CommandError
from readygate_server.cli.main import main, parser
from tests.cli.command import AS_OF, DRAFTS_FOR_STAFF, EXAMPLE, check_example, readygate, together
from tests.documents import ROOT


def options(*words: str, **variables: str) -> Namespace:
    """Returns the options of a call with some variables set."""
    found = parser(words[0]).parse_args(words)
    take_variables(found, variables)
    return found


def test_a_variable_stands_for_an_option_that_is_not_given() -> None:
    """Flag before variable before default, for each option that has a variable."""
    bare = options("check", "p.yaml")
    assert (bare.server, bare.rules, bare.ruleset, bare.gate) == (None, None, "", "")
    judged = {"READYGATE_RULESET": "acme@stable", "READYGATE_GATE": "pilot"}
    local = options("check", "p.yaml", READYGATE_RULES="acme", **judged)
    assert (local.rules, local.ruleset, local.gate) == (Path("acme"), "acme@stable", "pilot")
    given = options("check", "p.yaml", "--ruleset", "other", "--gate", "commit", READYGATE_SERVER="gate:7443", **judged)
    assert (given.server, given.ruleset, given.gate) == ("gate:7443", "other", "commit")


def test_a_flag_for_where_to_judge_counts_before_both_variables() -> None:
    """Who names rules judges by them, and who names a server asks it; two variables that differ are refused."""
    both = {"READYGATE_SERVER": "gate:7443", "READYGATE_RULES": "acme"}
    assert options("check", "p.yaml", "--rules", "mine", **both).server is None
    assert options("check", "p.yaml", "--server", "other:1", **both).rules is None
    with pytest.raises(CommandError, match="READYGATE_SERVER and READYGATE_RULES are both set"):
        options("check", "p.yaml", **both)
    with pytest.raises(CommandError, match="READYGATE_GATE: got 'launch', expected one of commit"):
        options("check", "p.yaml", READYGATE_GATE="launch")


def test_variables_reach_only_the_options_that_they_are_for() -> None:
    """A filter of a list is no choice of a ruleset to judge by, and a record on disk is no server."""
    listed = options("decisions", "list", "--server", "gate:1", READYGATE_RULESET="acme")
    assert listed.ruleset == ""
    verified = options("log", "verify", "--data-dir", "d", READYGATE_SERVER="gate:7443")
    assert verified.server is None


def test_a_server_may_come_from_the_environment() -> None:
    """A command that needs a server takes the variable, and names both ways when there is none."""
    call = ("decisions", "list")
    asked = readygate(*call, env={"READYGATE_SERVER": "127.0.0.1:1"})
    assert (asked.code, asked.out) == (4, "")
    checked = readygate("check", EXAMPLE, env={"READYGATE_SERVER": "127.0.0.1:1"})
    assert (checked.code, checked.out) == (4, "")
    bare = readygate(*call)
    assert (bare.code, "--server" in bare.err, "READYGATE_SERVER" in bare.err) == (3, True, True)


def test_variables_are_in_the_help_and_in_the_guide() -> None:
    """Whoever looks for a variable finds it in the help and on the page about the command line."""
    page = (ROOT / "docs/command-line.md").read_text(encoding="utf-8")
    shown = parser("").format_help()
    for name in VARIABLES:
        assert name in shown
        assert f"| `{name}` |" in page


@pytest.mark.parametrize("shell", SHELLS)
def test_completion_knows_every_command(shell: str) -> None:
    """The script of each shell names every command and the values of options."""
    text = script(shell)
    assert all(command in text for command in COMMANDS)
    assert "production" in text


@pytest.fixture(scope="module")
def completion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script for bash."""
    file = tmp_path_factory.mktemp("completion") / "readygate"
    file.write_text(script("bash"), encoding="utf-8")
    return file


def completed(script_file: Path, *words: str) -> list[str]:
    """Returns what bash offers for the last word; there is no readygate that it could start."""
    line = " ".join(f"'{word}'" for word in words)
    program = (
        f"source '{script_file}'; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; "
        f"_shtab_readygate readygate '{words[-1]}' '{words[-2]}'; echo \"${{COMPREPLY[@]}}\""
    )
    call = ["/bin/bash", "--norc", "-c", program]
    done = subprocess.run(call, capture_output=True, text=True, check=True, env={"PATH": ""}, cwd=script_file.parent)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("readygate", "ch"), ["check"]),
        (("readygate", "rules", "di"), ["diff"]),
        (("readygate", "check", "--gate", "pro"), ["production"]),
        (("readygate", "check", "--founda"), ["--foundations"]),
        (("readygate", "init", "customer"), ["customer-agent"]),
        (("readygate", "check", "readyg"), ["readygate"]),
    ],
)
def test_bash_completes(completion: Path, words: tuple[str, ...], offered: list[str]) -> None:
    """Bash completes commands, options, values and files from the script alone."""
    assert completed(completion, *words) == offered


def test_quiet_leaves_the_exit_code_and_the_files(tmp_path: Path) -> None:
    """With --quiet nothing is on standard output, files are written, and what is wrong is still said."""
    report = tmp_path / "report.json"
    quiet, missing = together(
        ("check", EXAMPLE, *AS_OF, "--quiet", "--format", "text", "--format", f"json={report}"),
        ("check", "-q", tmp_path / "none.yaml"),
    )
    assert (quiet.code, quiet.out, quiet.err) == (1, "", "")
    assert '"VERDICT_NO_GO"' in report.read_text(encoding="utf-8")
    assert (missing.code, missing.out) == (3, "")
    assert "No such file" in missing.err


def test_collect_names_the_folder_that_is_not_there(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A folder that is missing is told before anything is read, with the way out."""
    artefact = EXAMPLE.parent / "evidence" / "repair-orders.openapi.json"
    output = tmp_path / "found here" / "x.yaml"
    call = ["collect", "openapi", str(artefact), "--asset", "repair-orders", "-o", str(output)]
    assert main(call) == 3
    assert f"there is no folder {output.parent}; make it first: mkdir -p '{output.parent}'" in capsys.readouterr().err
    output.parent.mkdir()
    assert main([*call, "-q"]) == 0
    assert capsys.readouterr().err == ""


def test_what_goes_wrong_is_said_with_the_way_out(tmp_path: Path) -> None:
    """A name, a choice or a folder that is not there, and a server that is not: each with what to do."""
    (tmp_path / "agent.yaml").write_text("id: agent\n", encoding="utf-8")
    calls: dict[str, tuple[str | Path, ...]] = {
        f"did you mean {tmp_path / 'agent.yaml'}?": ("check", tmp_path / "agemt.yaml"),
        f"name the files in it: {tmp_path}/*.yaml": ("check", tmp_path),
        f"there is no folder {tmp_path / 'none'}": ("check", tmp_path / "none" / "agent.yaml"),
        "did you mean check?": ("chek",),
        "did you mean production?": ("check", "--gate", "prodution", tmp_path / "agent.yaml"),
        f"mkdir -p {tmp_path / 'out'}": ("init", "customer-agent", "-o", tmp_path / "out" / "x.yaml"),
        "COMMAND; readygate --help lists them": (),
        "COMMAND; readygate rules --help lists them": ("rules",),
        "record.db: there is no such file": ("webhooks", "list", "--data-dir", tmp_path / "none"),
        f"--data-dir {tmp_path / 'agent.yaml'}/data: Not a directory": (
            "serve",
            "--data-dir",
            tmp_path / "agent.yaml" / "data",
        ),
        "is a server listening at 127.0.0.1:1": ("decisions", "list", "--server", "127.0.0.1:1"),
    }
    for way_out, ran in zip(calls, together(*calls.values()), strict=True):
        assert ran.code in (3, 4)
        assert ran.out == ""
        assert way_out in ran.err


def test_a_go_is_not_told_the_way_to_a_yes() -> None:
    """Who passes is told what else would pass, under another heading."""
    passed = check_example(*DRAFTS_FOR_STAFF)
    assert passed.code == 0
    assert "The way to yes" not in passed.out


class _Terminal(io.StringIO):
    """Takes what is written, as a terminal."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def test_progress_over_many_files_is_for_terminals(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminal is shown which file is judged, in one line that is gone at the end; a pipe is shown nothing."""
    call = ["check", str(EXAMPLE), str(EXAMPLE), *AS_OF, "--format", "json"]
    assert main(call) == 1
    piped = capsys.readouterr()
    assert piped.err == ""

    monkeypatch.setattr(progress, "_PAUSE", 0)
    terminal = _Terminal()
    with redirect_stderr(terminal):
        assert main(call) == 1
    assert f"judging {EXAMPLE}"[:90] in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")
    assert capsys.readouterr().out == piped.out
