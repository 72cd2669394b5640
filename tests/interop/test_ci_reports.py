"""Reports for CI are checked by programs and schemas that are not ours.

SARIF by Microsoft's multitool, from npm, which has the OASIS schema and GitHub's rules in it; JUnit by the schema of
Jenkins' xUnit plugin, which no package carries, where READYGATE_JUNIT_XSD names a copy of it.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from readygate_server.adapters.outputs.junit import junit
from readygate_server.adapters.outputs.sarif import sarif
from tests.adapters.outputs.reports import report
from tests.adapters.outputs.test_hostile_texts import hostile_report
from tests.cli.command import AS_OF, EXAMPLE, readygate
from tests.interop.test_other_verifiers import BUILD, alone, run

HERE = Path(__file__).parent / "sarif"
XSD = "READYGATE_JUNIT_XSD"
Validate = Callable[[str], list[tuple[str, str]]]
"""Takes a log and returns the rule and the place of what is wrong with it; notes, which advise, are left out."""


@pytest.fixture(scope="session")
def multitool() -> Path:
    """Returns the validator; skips where it can not be had."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        pytest.skip("the package has a program for Linux on x86-64 only")
    if shutil.which("npm") is None:
        pytest.skip("npm is not on this machine")
    pins = (HERE / "package.json").read_bytes()
    folder = BUILD / sha256(pins).hexdigest()[:16]
    program = folder / "node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool"
    with alone(folder):
        if not (folder / "done").exists():
            (folder / "package.json").write_bytes(pins)
            options = ("--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts")
            done = run("npm", "install", "--prefix", folder, *options)
            if done.returncode:
                pytest.skip(f"npm can not install the multitool here: {done.stderr[-300:]}")
            program.chmod(0o755)
            (folder / "done").touch()
    return program


@pytest.fixture
def validate(multitool: Path, tmp_path: Path) -> Validate:
    """Returns what validates a log."""

    def check(text: str) -> list[tuple[str, str]]:
        log, found = tmp_path / "log.sarif", tmp_path / "found.sarif"
        log.write_text(text, encoding="utf-8")
        options = (
            "--rule-kind",
            "Sarif;Ghas",
            "--level",
            "Error;Warning;Note",
            "--output",
            found,
            "--log",
            "ForceOverwrite",
        )
        run(multitool, "validate", log, *options, DOTNET_SYSTEM_GLOBALIZATION_INVARIANT="1")
        checked: Any = json.loads(found.read_text(encoding="utf-8-sig"))["runs"][0]
        (invocation,) = checked["invocations"]
        assert invocation["executionSuccessful"], invocation
        # It advises something about every log; of one that it could not read it says nothing at all.
        assert checked["results"], "the log was not analysed"
        # What has no level of its own is a warning.
        wrong = [each for each in checked["results"] if each.get("level", "warning") in ("error", "warning")]
        return [(each["ruleId"], str(each["message"].get("arguments"))) for each in wrong]

    return check


def test_the_multitool_finds_nothing_wrong(validate: Validate) -> None:
    """Neither the schema nor a rule for GitHub is broken, by the kept report or by one of hostile texts."""
    assert validate(sarif(report())) == []
    assert validate(sarif(hostile_report(3))) == []


def test_the_multitool_finds_nothing_wrong_with_a_real_log(validate: Validate, tmp_path: Path) -> None:
    """The log of three proposals, one of them at fault, is sound as the command writes it."""
    (tmp_path / "unknown.yaml").write_text("id: unknown\n", encoding="utf-8")
    (tmp_path / "bad file.yaml").write_text("id: bad\nfield: 1\n", encoding="utf-8")
    files = (EXAMPLE, "unknown.yaml", "bad file.yaml")
    ran = readygate("check", *files, *AS_OF, "--format", "sarif", cwd=tmp_path)
    assert (ran.code, validate(ran.out)) == (3, [])
    assert '"uri": "bad%20file.yaml"' in ran.out


def test_the_multitool_bites(validate: Validate) -> None:
    """A log without places, with an index of no rule, or that breaks the schema is refused."""
    log = json.loads(sarif(report()))
    results = log["runs"][0]["results"]
    results[0].pop("locations")
    results[1]["ruleIndex"] = 99
    rules = {rule for rule, _ in validate(json.dumps(log))}
    assert {"GH1015", "SARIF1009"} <= rules, rules
    log["runs"][0]["tool"]["driver"].pop("name")
    log["runs"][0]["unheard-of"] = 1
    assert {"JSON1002", "JSON1005"} <= {rule for rule, _ in validate(json.dumps(log))}
    log = json.loads(sarif(report()))
    log["runs"][0]["results"][0]["level"] = 7
    with pytest.raises(AssertionError, match="not analysed"):
        validate(json.dumps(log))


def test_the_schema_of_jenkins_takes_the_report() -> None:
    """JUnit XML, the kept report and those of hostile texts, is valid to the xUnit plugin's schema."""
    if not (schema := os.environ.get(XSD, "")):
        pytest.skip(f"{XSD} names no copy of junit-10.xsd of jenkinsci/xunit-plugin")
    etree: Any = pytest.importorskip("lxml.etree")
    found = etree.XMLSchema(etree.parse(schema))
    for each in (report(), *map(hostile_report, range(10))):
        document = etree.fromstring(junit(each).encode())
        assert found.validate(document), found.error_log
