"""Every text of a decision, a fault and a file name may hold anything: no output is broken by it, or says more."""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from tests.adapters.outputs.reports import decision, judged, missing, rules

from readygate_server.adapters.outputs.github import MOST_SHOWN, github
from readygate_server.adapters.outputs.gitlab import gitlab
from readygate_server.adapters.outputs.junit import junit
from readygate_server.adapters.outputs.markdown import markdown
from readygate_server.adapters.outputs.markdown_text import code, escaped
from readygate_server.adapters.outputs.model import Judged, Report
from readygate_server.adapters.outputs.sarif import sarif
from readygate_server.adapters.outputs.texts import one_line
from readygate_server.domain.faults import Fault
from readygate_server.domain.texts import clean

NASTY = (
    *("<script>alert(1)</script>", "]]>", "&amp;<!--", "-->", "| a | b |", "`x` ``", "\\", "**b** _i_ ~~s~~"),
    *("\n::error file=x::owned", "\r\n", "%0A::set-output name=a::b", "##[error]x", "a,b:c=d%", "\x00\x1b[31m\x08"),
    *("[l](javascript:alert(1))", "![i](//x/y.png)", "https://x.example www.x.example", "a@b.example", "@acme/all"),
    *(
        "#12 !3 ~label $4",
        ":smile:",
        "\u202eabc\u2066",
        "\ufeff\ufffe",
        "\ud800",
        "é 漢 🙂",
        " ",
        "\t",
        "<br>",
        "x" * 400,
    ),
    *("$(touch x)", "/close", "- item", "1. one", "# title", "> quote", "---", "=cmd|' /C calc'!A0", '"quoted"'),
)
TEXTS = st.lists(st.sampled_from(NASTY) | st.text(max_size=6), min_size=1, max_size=3).map("".join)
_COMMAND = re.compile(r"::(error|warning|notice) ((?:[a-z]+=[^:,\n]*,?)+)::([^\n]*)")
_ILLEGAL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
_OWN_TAGS = {"<br>", "<sub>", "</sub>"}


def any_text(random: Random) -> str:
    """Returns some hostile pieces after each other."""
    return "".join(random.choices(NASTY, k=random.randint(1, 3)))


def fill(message: Message, random: Random) -> None:
    """Puts hostile texts in the place of all texts of a message and of what it holds."""
    field: FieldDescriptor
    for field, value in message.ListFields():
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            for each in value if field.is_repeated else [value]:
                fill(each, random)
        elif field.type == FieldDescriptor.TYPE_STRING:
            if field.is_repeated:
                value[:] = [_wire(any_text(random)) for _ in value]
            else:
                setattr(message, field.name, _wire(any_text(random)))


def _wire(text: str) -> str:
    """Returns a text as a message can hold it: without halves of characters."""
    return text.encode("utf-8", "replace").decode()


def hostile_report(seed: int) -> Report:
    """Returns a report in which everything that people write is hostile; in every second one rules keep their ids."""
    random, made, known = Random(seed), decision(), rules()  # noqa: S311 -- nothing is kept secret with it
    ids = [finding.rule_id for finding in made.findings]
    fill(made, random)
    for finding, rule_id in zip(made.findings, ids, strict=True):
        finding.rule_id = rule_id if seed % 2 else finding.rule_id
    for rule in known.values():
        fill(rule, random)
    fault = Fault(any_text(random), 2, 3, *(any_text(random) for _ in range(4)))
    others = [Judged(any_text(random), any_text(random), faults=[fault], problem=any_text(random)), missing()]
    return Report([judged(made), *others], known, "0.1.0", "https://rules.example.org/{rule}")


hostile = pytest.mark.parametrize("report", [hostile_report(seed) for seed in range(30)], ids=lambda _: "report")


@hostile
def test_sarif_stays_whole(report: Report) -> None:
    """The log is JSON of plain characters, every result has its rule and place, and a report always gives the same."""
    text = sarif(report)
    assert text.isascii()
    run = json.loads(text)["runs"][0]
    listed = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(set(listed)) == len(listed)
    for result in run["results"]:
        assert listed[result["ruleIndex"]] == result["ruleId"]
        place = result["locations"][0]["physicalLocation"]
        assert re.fullmatch(r"(file://)?[A-Za-z0-9._~/%-]+", place["artifactLocation"]["uri"])
        assert min(place["region"].values()) >= 1
    assert not _ILLEGAL.search("".join(_texts(run)).replace("\n", ""))
    assert sarif(report) == text


@hostile
def test_junit_stays_whole(report: Report) -> None:
    """The document is XML, its counts are those of its cases, and a text can end no element."""
    suites = ET.fromstring(junit(report))  # noqa: S314 -- our own text
    assert [suite.tag for suite in suites] == ["testsuite"] * 3
    for suite in suites:
        cases = suite.findall("testcase")
        assert suite.get("tests") == str(len(cases))
        assert {each.tag for each in suite} <= {"properties", "testcase"}
        for case in cases:
            assert {each.tag for each in case} <= {"failure", "error", "skipped", "system-out"}
            assert all(len(each) == 0 for each in case)
    assert [len(suite.findall("testcase")) for suite in suites] == [8, 1, 1]


@hostile
def test_annotations_stay_on_their_lines(report: Report) -> None:
    """Every line is one command that ends where it should, whatever is in its message."""
    lines = github(report).rstrip("\n").split("\n")
    assert len(lines) <= 3 * MOST_SHOWN
    for line in lines:
        command = _COMMAND.fullmatch(line)
        assert command, line
        names = [each.partition("=")[0] for each in command[2].split(",")]
        assert names in (["file", "line", "col", "title"], ["title"])
        assert not _ILLEGAL.search(line)


@hostile
def test_code_quality_stays_whole(report: Report) -> None:
    """Every entry has what GitLab asks for, and no two share a fingerprint."""
    entries = json.loads(gitlab(report))
    assert len({each["fingerprint"] for each in entries}) == len(entries)
    for each in entries:
        assert each.keys() == {"description", "check_name", "fingerprint", "severity", "location"}
        assert each["severity"] in ("info", "major", "blocker")
        assert (bool(each["location"]["path"]), each["location"]["lines"]["begin"] >= 1) == (True, True)
        assert not _ILLEGAL.search("".join(_texts(each)))


@hostile
def test_markdown_shows_texts_and_nothing_else(report: Report) -> None:
    """No text becomes a tag, a link, a picture, a heading or another cell; the hidden marker stays the first line."""
    text = markdown(report, marker="check")
    assert text.split("\n", 1)[0] == "<!-- readygate:check -->"
    tokens = _PARSER.parse(text.split("\n", 1)[1])
    flat = [inner for token in tokens for inner in (token, *(token.children or ()))]
    assert {token.content for token in flat if token.type in ("html_inline", "html_block")} <= _OWN_TAGS
    assert not {"link_open", "image", "fence", "code_block", "s_open", "em_open"} & {token.type for token in flat}
    assert len([token for token in flat if token.type == "heading_open"]) == len(re.findall(r"(?m)^#{3,4} ", text))
    for row in _rows(tokens):
        assert row in (4, 5)


@given(TEXTS)
@settings(max_examples=200, deadline=None)
def test_escaped_text_reads_as_it_was(text: str) -> None:
    """What is shown is the text, on one line, but for joiners that show nothing and keep names from being called."""
    for shown in (escaped(text), f"x {escaped(text)}"):
        (inline,) = [token for token in _PARSER.parse(f"x {shown}") if token.type == "inline"]
        said = "".join(each.content for each in inline.children or () if each.type in ("text", "text_special"))
        assert said.replace("\u2060", "").endswith(one_line(text).replace("\u2060", ""))
    assert not re.search(r"(^|\W)[@#!](?=\w)", escaped(text).replace("\\", ""))
    (inline,) = [token for token in _PARSER.parse(f"x {code(text)}") if token.type == "inline"]
    assert [each.type for each in inline.children or ()] == ["text", "code_inline"]


@given(st.text())
@settings(max_examples=200, deadline=None)
def test_clean_text_is_clean(text: str) -> None:
    """Nothing is left that XML forbids or that reorders what is read, and cleaning twice changes nothing."""
    assert not _ILLEGAL.search(clean(text).replace("\n", ""))
    assert clean(clean(text)) == clean(text)


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in _texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return [value] if isinstance(value, str) else []


def _rows(tokens: list[Token]) -> list[int]:
    """Returns how many cells each row has."""
    rows: list[int] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append(0)
        elif token.type in ("td_open", "th_open"):
            rows[-1] += 1
    return rows
