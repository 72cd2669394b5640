"""Reads a form that came back as YAML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from readygate_server.adapters.proposals.values import Problem, show
from readygate_server.adapters.questionnaire.answers import Answer, Cell, Returned, Spot, fault_at
from readygate_server.adapters.questionnaire.form import FORMAT, MARK
from readygate_server.adapters.questionnaire.sheet_names import ANSWERS
from readygate_server.adapters.yaml_text import Document, Path, read_yaml
from readygate_server.domain.faults import Fault, FaultsError, suggest

MAX_BYTES: Final = 4 << 20
"""Bytes of a form: one about 600 assets has 2 MiB."""
_HEAD: Final = ("proposal", "title", "gate", "ruleset", "ruleset_digest", "as_of", "vocabulary")
_KEYS: Final = tuple(name for name, _ in ANSWERS)
_METRIC: Final = ("metric", "limit")


def read_yaml_form(text: str, *, file: str) -> Returned:
    """Returns what a form says.

    Raises:
      FaultsError: with every fault of its text and its shape.
    """
    document = read_yaml(text, file=file, max_bytes=MAX_BYTES)
    reader = _Reader(document)
    returned = reader.form()
    if reader.faults:
        raise FaultsError(reader.faults)
    return returned


class _Reader:
    """Takes a document apart and notes what has another shape."""

    def __init__(self, document: Document) -> None:
        self.faults: list[Fault] = []
        self._document = document

    def form(self) -> Returned:
        data = self._document.data
        if not isinstance(data, dict) or MARK not in data:
            self._refuse((), "this is no questionnaire", f"a file that begins with {MARK}: {FORMAT}")
            return Returned({}, (), (), ())
        for key in data:
            if key not in (MARK, *_HEAD, "assets", "answers"):
                self._refuse((key,), "the key is not known", "one of those that the form came with", show(key))
        head = {MARK: str(data[MARK]), **{name: self._said(data, name) for name in _HEAD}}
        return Returned(head, tuple(self._assets(data.get("assets"))), (), tuple(self._answers(data.get("answers"))))

    def _said(self, data: Mapping[str, Any], name: str) -> str:
        value = data.get(name, "")
        if not isinstance(value, str):
            self._refuse((name,), "this is no text", "what the form came with", show(value))
            return ""
        return value

    def _assets(self, listed: object) -> Iterator[tuple[str, str, str]]:
        if listed is None:
            return
        if not isinstance(listed, list):
            self._refuse(("assets",), "the value has the wrong type", "a list", show(listed))
            return
        for index, asset in enumerate(listed):
            if isinstance(asset, dict) and all(isinstance(asset.get(key, ""), str) for key in ("scope", "id", "title")):
                yield asset.get("scope", ""), asset.get("id", ""), asset.get("title", "")
            else:
                self._refuse(("assets", index), "the value has the wrong type", "scope, id and title", show(asset))

    def _answers(self, answers: object) -> Iterator[Answer]:
        if not isinstance(answers, dict):
            self._refuse(("answers",), "the value has the wrong type", "facts with their answers", show(answers))
            return
        for fact, said in answers.items():
            path = ("answers", fact)
            if said is None:
                continue
            if not isinstance(said, dict):
                advice = "its answer one line below, after `value:`"
                self._refuse(path, "the answer stands in the wrong place", advice, show(said))
                continue
            yield Answer(fact, self._spot(path, at_key=True), dict(self._cells(path, said)))

    def _cells(self, path: Path, said: Mapping[str, object]) -> Iterator[tuple[str, Cell]]:
        for key, value in said.items():
            here = (*path, key)
            if key not in _KEYS:
                self._refuse(here, "the key is not known", f"one of {', '.join(_KEYS)}", show(key), suggest(key, _KEYS))
                continue
            cell = self._cell(here, value)
            if cell is not None and not cell.is_blank:
                yield key, cell

    def _cell(self, path: Path, value: object) -> Cell | None:
        spot = self._spot(path)
        match value:
            case None:
                return None
            case bool():
                return Cell("flag", value, spot)
            case int() | float():
                return Cell("number", value, spot)
            case str():
                return Cell("text", value, spot)
            case list():
                return Cell("names", [_metric(each) for each in value], spot)
        self._refuse(path, "the value has the wrong type", "a value or a list", show(value))
        return None

    def _spot(self, path: Path, *, at_key: bool = False) -> Spot:
        mark = self._document.key_mark(path) if at_key else self._document.mark(path)
        return Spot(mark.line, mark.column)

    def _refuse(self, path: Path, message: str, expected: str, got: str = "", suggestion: str = "") -> None:
        spot = self._spot(path, at_key=True)
        self.faults.append(fault_at(self._document.file, spot, Problem(message, got, expected, suggestion)))


def _metric(item: object) -> object:
    """Returns a metric with its limit as one line; anything else as it is."""
    if isinstance(item, dict) and set(item) <= set(_METRIC) and all(isinstance(each, str) for each in item.values()):
        return ": ".join(item[key] for key in _METRIC if key in item)
    return item
