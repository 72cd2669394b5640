"""What commands import before they do anything: time that everybody waits, in every job that checks a proposal."""

from __future__ import annotations

import subprocess
import sys

import pytest

from readygate_server.adapters.packaged_rules import rules_directory
from readygate_server.adapters.rulefiles.loader import load_rulesets
from tests.documents import ROOT

NETWORK = {"asyncio", "grpc", "grpc_health", "grpc_reflection", "jwt", "ssl"}
RECORD = {"alembic", "cryptography", "psycopg", "securesystemslib", "sqlalchemy"}
SERVICE = {"prometheus_client", "structlog", "watchfiles"}
ENGINE = {"cel_expr_python", "google.protobuf", "msgspec", "pydantic", "readygate_server.domain.rule", "yaml"}
EXAMPLE = ROOT / "clients" / "examples" / "refund-agent.yaml"
COMMAND = "import sys; from readygate_server.cli.main import main\ntry: main({!r})\nexcept SystemExit: pass\n{}"
SAY = "sys.stderr.write('\\n'.join(sys.modules))"


def _imported(program: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github"])
def test_check_imports_neither_network_nor_record(form: str) -> None:
    """Who judges in this process waits for the evaluator alone, and only who wants text waits for tables."""
    words = ["check", str(EXAMPLE), "--as-of", "2026-11-01", "--format", form]
    unwanted = NETWORK | RECORD | SERVICE | (set() if form == "text" else {"rich"})
    found = _imported(COMMAND.format(words, SAY))

    assert "cel_expr_python" in found
    assert not unwanted & found


def test_help_imports_nothing_of_what_commands_do() -> None:
    """The list of commands needs not even the messages."""
    assert not (NETWORK | RECORD | SERVICE | ENGINE | {"rich"}) & _imported(COMMAND.format(["--help"], SAY))


def test_a_command_of_its_own_process_looks_for_no_garbage_on_its_way() -> None:
    """A check makes fewer objects than the garbage collector waits for; called from a program it leaves that alone."""
    words = ["check", str(EXAMPLE), "--as-of", "2026-11-01", "--format", "json"]
    count = "sum(each['collections'] for each in gc.get_stats())"
    start = f"import gc, sys\nfrom readygate_server.cli.main import main\nbefore = {count}"
    said = f"print({count} - before, gc.get_threshold()[0], file=sys.stderr)"
    alone, called = (
        subprocess.run(
            [sys.executable, "-c", f"{start}\n{call}\n{said}", *words], capture_output=True, text=True, check=True
        ).stderr.split()
        for call in ("main()", "main(sys.argv[1:])")
    )

    assert alone == ["0", "200000"]
    assert int(called[0]) > 0
    assert called[1] != "200000"


def test_the_client_is_imported_when_it_is_asked_for() -> None:
    """The package alone imports neither gRPC nor messages."""
    assert not (NETWORK | RECORD | SERVICE | ENGINE) & _imported(f"import sys, readygate; {SAY}")


def test_rules_are_the_same_without_their_tests() -> None:
    """To leave out the tests of the rules that ship changes nothing of what judges, digests included."""
    alone, tested = (load_rulesets(rules_directory(), tests=tests) for tests in (False, True))

    assert alone.rulesets == tested.rulesets
    assert alone.deviations == tested.deviations
    assert (alone.tests, len(tested.tests) > 60) == ({}, True)
