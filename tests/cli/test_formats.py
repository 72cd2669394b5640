"""`readygate check --format FORMAT[=FILE]`: several outputs of one run, each as a whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from google.protobuf.json_format import Parse

from readygate.v1.gate_service_pb2 import BatchEvaluateResponse, EvaluateResponse
from tests.cli.command import AS_OF, EXAMPLE, Ran, called, readygate
from tests.cli.serving import served

FORMATS = ("text", "json", "sarif", "junit", "github", "gitlab", "markdown")


def check(folder: Path, *arguments: str, env: dict[str, str] | None = None) -> Ran:
    """Checks the example in a folder, so that files are written there."""
    return called("check", EXAMPLE, *AS_OF, *arguments, cwd=folder, env=env)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ran]:
    """Returns a folder with every format in a file, and what the command that wrote them said."""
    folder = tmp_path_factory.mktemp("formats")
    return folder, readygate("check", EXAMPLE, *AS_OF, *(f"--format={name}=out.{name}" for name in FORMATS), cwd=folder)


def test_several_formats_go_to_files(written: tuple[Path, Ran]) -> None:
    """Every format has its file, nothing is on standard output, and the exit code is that of the verdict."""
    folder, ran = written
    assert (ran.code, ran.out, ran.err) == (1, "", "")
    assert sorted(each.name for each in folder.iterdir()) == sorted(f"out.{name}" for name in FORMATS)
    texts = {name: (folder / f"out.{name}").read_text(encoding="utf-8") for name in FORMATS}
    assert texts["text"].startswith("NO_GO  refund-agent at commit")
    assert Parse(texts["json"], EvaluateResponse()).decision.verdict
    assert len(json.loads(texts["sarif"])["runs"][0]["results"]) == len(json.loads(texts["gitlab"])) == 11
    assert ET.fromstring(texts["junit"]).get("failures") == "11"  # noqa: S314 -- our own text
    assert texts["github"].count("::error ") == 10
    assert "#### Blocks (11)" in texts["markdown"]


def test_what_goes_to_a_file_and_to_standard_output_is_the_same(written: tuple[Path, Ran]) -> None:
    """A format without a file, or with a dash, is on standard output; the same run writes the same bytes again."""
    folder, _ = written
    for name, shown in (("sarif", "sarif"), ("junit", "junit=-"), ("text", "text"), ("json", "json")):
        assert check(folder, "--format", shown).out == (folder / f"out.{name}").read_text(encoding="utf-8")


def test_help_texts_come_from_the_ruleset_also_of_a_server(written: tuple[Path, Ran], tmp_path: Path) -> None:
    """SARIF tells question, motive and remedy of a rule, whoever judged; and where to read on, when that is set."""
    folder, _ = written
    rule = json.loads((folder / "out.sarif").read_text(encoding="utf-8"))["runs"][0]["tool"]["driver"]["rules"][2]
    assert (rule["id"], "helpUri" in rule) == ("DAT-03", False)
    assert rule["help"]["text"].split("\n")[0].startswith("Question: Are the critical elements of the data source")
    assert (
        "Done when: 14 consecutive daily measurements at the threshold of source.completeness" in rule["help"]["text"]
    )
    with served(tmp_path) as (_, address):
        env = {"READYGATE_RULE_URL": "https://rules.example.org/{rule}"}
        asked = check(tmp_path, "--format=sarif", "--server", address, env=env)
    told = json.loads(asked.out)["runs"][0]["tool"]["driver"]["rules"][2]
    assert told == {**rule, "helpUri": "https://rules.example.org/DAT-03"}


def test_links_to_rules_lead_to_pages_only(tmp_path: Path) -> None:
    """What is no address of a page becomes no link; nothing is judged before that is put right."""
    ran = check(tmp_path, "--format=sarif", env={"READYGATE_RULE_URL": "javascript:alert(1)//{rule}"})
    assert (ran.code, ran.out) == (3, "")
    assert "READYGATE_RULE_URL" in ran.err
    assert "https://example.org/{rule}" in ran.err


def test_an_output_that_can_not_be_written_loses_no_verdict(tmp_path: Path) -> None:
    """It ends with 3 and says what was decided, the other outputs are written, and an older file stays as it was."""
    (tmp_path / "folder").mkdir()
    ran = check(
        tmp_path, "--format=sarif=nowhere/out", "--format=junit=folder", "--format=json=out.json", "--format=text"
    )
    assert (ran.code, ran.verdict) == (3, "NO_GO")
    assert "not written: nowhere/out: No such file or directory; " in ran.err
    assert ran.err.count("; what was decided: refund-agent NO_GO\n") == 2
    assert "not written: folder: this is a directory; " in ran.err
    assert Parse((tmp_path / "out.json").read_text(encoding="utf-8"), EvaluateResponse()).decision.verdict
    assert sorted(each.name for each in tmp_path.iterdir()) == ["folder", "out.json"]


def test_an_older_file_can_not_be_taken_for_the_verdict_of_a_bad_proposal(tmp_path: Path) -> None:
    """Of a file that was not judged every format says so, in the place of what it said before."""
    (tmp_path / "bad.yaml").write_text("id: [\n", encoding="utf-8")
    for name in FORMATS:
        (tmp_path / f"out.{name}").write_text("GO", encoding="utf-8")
    ran = called("check", "bad.yaml", *(f"--format={name}=out.{name}" for name in FORMATS), cwd=tmp_path)
    assert ran.code == 3
    texts = {name: (tmp_path / f"out.{name}").read_text(encoding="utf-8") for name in FORMATS}
    assert "GO" not in "".join(texts.values())
    batch = Parse(texts["json"], BatchEvaluateResponse())
    assert [each.error.reason for each in batch.results] == ["INVALID_PROPOSAL"]


def test_two_outputs_can_not_share_a_place(tmp_path: Path) -> None:
    """Two formats on standard output or in one file, and a format that is none, are refused first."""
    refused = {
        ("--format=text", "--format=json=-"): "text and json can not share standard output",
        ("--format=sarif=a", "--format=junit=a"): "--format names a twice",
        ("--format=xml",): "got 'xml', expected one of text, json, sarif",
        ("--format=sarif=",): "expected a file after the =",
    }
    for arguments, said in refused.items():
        ran = check(tmp_path, *arguments)
        assert (ran.code, ran.out, said in " ".join(ran.err.split())) == (3, "", True), ran.err
    assert list(tmp_path.iterdir()) == []


def test_the_summary_of_a_step_is_added_to_what_is_there(tmp_path: Path) -> None:
    """At GitHub the plan goes to the summary of the step, behind what it has; in other formats nothing goes there."""
    summary = tmp_path / "summary.md"
    summary.write_text("before\n", encoding="utf-8")
    env = {"GITHUB_STEP_SUMMARY": str(summary)}
    check(tmp_path, "--format=json", env=env)
    assert summary.read_text(encoding="utf-8") == "before\n"
    assert check(tmp_path, "--format=github", env=env).code == 1
    text = summary.read_text(encoding="utf-8")
    assert text.startswith("before\n\n### ⛔ NO_GO: refund-agent\n")
    assert "#### Work, in order (11 items, 2 waves, 17.5-79 person-weeks)" in text


def test_paths_are_from_the_root_of_the_checkout(tmp_path: Path) -> None:
    """A job that works in a folder below the checkout points at files as the forge does."""
    (tmp_path / "work").mkdir()
    (tmp_path / "work/unknown.yaml").write_text("id: unknown\n", encoding="utf-8")
    for variable in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
        env = {"GITHUB_WORKSPACE": "", "CI_PROJECT_DIR": "", variable: str(tmp_path)}
        ran = called("check", "unknown.yaml", "--format=gitlab", cwd=tmp_path / "work", env=env)
        assert {each["location"]["path"] for each in json.loads(ran.out)} == {"work/unknown.yaml"}
    piped = called("check", "-", "--format=gitlab", stdin="id: unknown\n")
    assert {each["location"]["path"] for each in json.loads(piped.out)} == {"stdin"}


def test_a_pipe_and_a_link_are_written_into(tmp_path: Path) -> None:
    """What is no plain file is written into, and the file behind a link is replaced, not the link."""
    (tmp_path / "real.json").touch()
    (tmp_path / "link.json").symlink_to("real.json")
    outputs = ("--format=json=link.json", "--format=gitlab=/dev/stderr", "--format=text")
    ran = readygate("check", EXAMPLE, *AS_OF, *outputs, cwd=tmp_path)
    assert (ran.code, (tmp_path / "link.json").is_symlink(), (tmp_path / "real.json").stat().st_size > 0) == (
        1,
        True,
        True,
    )
    assert len(json.loads(ran.err)) == 11


def test_findings_point_into_the_file_that_says_it() -> None:
    """What a proposal references from a file of its own is pointed at there."""
    ran = called("check", "order-answers.yaml", *AS_OF, "--format=gitlab", cwd=EXAMPLE.parent / "split")
    paths = {each["check_name"]: each["location"]["path"] for each in json.loads(ran.out)}
    assert (paths["DAT-03"], paths["GOV-01"]) == ("foundations/crm.yaml", "order-answers.yaml")
