"""A form as commented YAML."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Final

from readygate_server.adapters.proposals.vocabulary import Kind
from readygate_server.adapters.questionnaire.form import FORMAT, MARK, Form, Head, Question
from readygate_server.adapters.yaml_lines import yaml_lines, yaml_scalar

_WIDTH: Final = 118
_HOW: Final = """\
Write an answer after `value:`. What is left empty stays unknown, and unknown never passes; nothing is guessed.
Every answer may have more lines below its `value:`, with the same indent:
  evidence_uri: https://…       where a document says it; without one the answer counts as claimed
  evidence_as_of: 2026-10-01    day that the document speaks of
  grade: e1_document            e0_claimed or e1_document; follows from evidence_uri when left out
  said_by: name                 who vouches for it
A fact without a value says why, in the place of `value:`:
  no_value: not_applicable      or not_stated
  reason: why
  said_by: name                 needed for not_applicable
Keep the keys and everything before `answers:` as they are."""


def yaml_text(form: Form) -> str:
    """Returns the form; the same form gives the same text."""
    lines = [f"# Questionnaire about {_one_line(form.head.title or form.head.proposal)}", "#"]
    lines += [f"# {line}".rstrip() for line in _HOW.splitlines()]
    lines += [*_head(form.head), "", "answers:" if any(form.questions) else "answers: {}"]
    for section in form.sections:
        lines += ["", *_comment(f"{section.name}: {section.title}".rstrip(": "), "  ")]
        for question in section.questions:
            lines += _question(question)
    return "\n".join(lines) + "\n"


def _head(head: Head) -> Iterator[str]:
    yield f"{MARK}: {FORMAT}"
    for name in ("proposal", "title", "gate", "ruleset", "ruleset_digest", "as_of", "vocabulary"):
        yield f"{name}: {yaml_scalar(getattr(head, name))}"
    if head.assets:
        assets = [{"scope": asset.scope.value, "id": asset.id, "title": asset.title} for asset in head.assets]
        yield from yaml_lines({"assets": assets})


def _question(question: Question) -> Iterator[str]:
    yield ""
    about = (
        question.meaning,
        f"Answer: {question.allowed}",
        f"Owner: {question.owner}" if question.owner else "",
        f"From: {question.source}" if question.source else "",
        f"Needed by {question.needed_by}" + (f"; evidence {question.evidence}" if question.evidence else ""),
    )
    yield from _comment(". ".join(part.rstrip(".") for part in about if part), "  ")
    yield f"  {question.path}:"
    stated = question.stated
    if stated is None:
        yield "    value:"
    elif isinstance(stated, tuple) and question.field.kind is Kind.METRICS:
        yield "    value:"
        yield from (f"      - {yaml_scalar(name)}" for name in stated)
    else:
        yield from yaml_lines({"value": list(stated) if isinstance(stated, tuple) else stated}, "    ")


def _comment(text: str, indent: str) -> Iterator[str]:
    for line in textwrap.wrap(_one_line(text), _WIDTH - len(indent) - 2):
        yield f"{indent}# {line}"


def _one_line(text: str) -> str:
    """Returns a text that stays a comment: without line ends and what does not print."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())
