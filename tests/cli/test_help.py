"""Help and usage errors: every option explained, and every wrong call told from a verdict."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator

import pytest

from readygate_server.cli.main import parser
from tests.cli.command import readygate, together
from tests.cli.help_page import parser_of


def commands(of: argparse.ArgumentParser, *names: str) -> Iterator[tuple[tuple[str, ...], argparse.ArgumentParser]]:
    """Yields every command with its parser, the command itself first."""
    yield names, of
    for action in of._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield from commands(below, *names, name)


COMMANDS = dict(commands(parser()))


def test_all_commands_are_there() -> None:
    """The commands are those that the documentation names."""
    assert {" ".join(names) for names in COMMANDS} == {
        *("completion", "comment"),
        *("", "check", "collect", "export", "init", "facts", "serve"),
        *("rules", "rules list", "rules show", "rules check"),
        *("evidence", "evidence show"),
        *("report", "request"),
        *("questionnaire", "questionnaire write", "questionnaire read"),
        *("rules test", "rules diff", "rules schema", "rules publish"),
        *("decisions", "decisions list", "decisions watch", "decisions show", "decisions replay"),
        *("log", "log verify", "log proof"),
        *("api-keys", "api-keys new"),
        *("certificate", "certificate issue", "certificate verify"),
        *("keys", "keys init", "keys rotate", "keys revoke", "keys list", "keys export"),
        *("names", "names erase", "names rotate-key", "retention", "backup", "restore", "fork"),
        *("assets", "assets register", "assets list", "assets show", "assets revisions", "assets proposals"),
        *("webhooks", "webhooks list", "webhooks dead", "webhooks retry", "webhooks test"),
        *("waivers", "waivers request", "waivers approve", "waivers revoke", "waivers show", "waivers list"),
    }


def test_help_names_every_option() -> None:
    """The help of each command names every option; asked for on the command line it ends with 0."""
    for command in COMMANDS.values():
        assert all(option in command.format_help() for action in command._actions for option in action.option_strings)
    for ran in together(("--help",), ("keys", "rotate", "--help")):
        assert (ran.code, ran.err) == (0, "")
        assert "--help" in ran.out


def test_a_command_is_loaded_alone_and_looks_the_same() -> None:
    """The command line that knows only the names of other commands shows the help that all of them together show."""
    assert parser("").format_help() == parser().format_help()
    for names, command in COMMANDS.items():
        assert parser_of(*names).format_help() == command.format_help()


def test_help_needs_neither_engine_nor_network() -> None:
    """What lists the commands imports nothing of what they do."""
    loaded = "import sys; from readygate_server.cli.main import parser; parser(''); print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout.split()
    assert not {"grpc", "pydantic", "cel_expr_python", "rich", "sqlalchemy", "yaml"} & set(modules)


@pytest.mark.parametrize("names", COMMANDS, ids=" ".join)
def test_every_argument_is_explained(names: tuple[str, ...]) -> None:
    """No option and no argument is left without a sentence."""
    unexplained = [action.dest for action in COMMANDS[names]._actions if not action.help and not action.choices]
    assert unexplained == []


def test_help_says_what_exit_codes_mean() -> None:
    """The help of the whole command explains the exit codes."""
    assert "0 go, with or without conditions; 1 no-go; 2 undetermined" in readygate("--help").out


WRONG: list[tuple[str, ...]] = [
    (),
    ("judge",),
    ("check",),
    ("check", "--gate", "launch", "x.yaml"),
    ("check", "--as-of", "yesterday", "x.yaml"),
    ("check", "--format", "xml", "x.yaml"),
    ("check", "--no-such-option", "x.yaml"),
    ("check", "--server", "127.0.0.1:1", "--rules", ".", "x.yaml"),
    ("collect",),
    ("collect", "tea-leaves", "x.csv", "--asset", "crm"),
    ("collect", "openapi", "x.json"),
    ("collect", "auto"),
    ("init",),
    ("init", "robot"),
    ("rules",),
    ("rules", "show"),
    ("rules", "test", "--min", "most"),
    ("serve", "--grace", "long"),
    ("certificate", "verify", "x.json"),
    ("certificate", "verify", "x.json", "--keys", "y.json", "--at", "yesterday"),
    ("certificate", "issue", "x", "--server", "127.0.0.1:1"),
    ("keys", "init"),
    ("keys", "rotate", "--data-dir", ".", "--purpose", "letters"),
    ("waivers", "approve", "--server", "127.0.0.1:1"),
    ("waivers", "request", "x", "DAT-03", "--server", "127.0.0.1:1", "--reason", "r", "--control", "c"),
]


def test_a_wrong_call_ends_with_3() -> None:
    """A usage error ends with 3, so that no pipeline takes it for a verdict, and says what is wrong."""
    for ran in together(*WRONG):
        assert (ran.code, ran.out) == (3, "")
        assert ran.err
        assert "Traceback" not in ran.err


def test_the_version_is_that_of_the_engine() -> None:
    """`--version` says which engine decides."""
    from readygate_server import ENGINE_VERSION

    assert readygate("--version").out == f"readygate {ENGINE_VERSION}\n"
