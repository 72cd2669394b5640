"""What a cell of a form means as the value of a fact. Whatever could mean two things is refused with advice."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from readygate_server.adapters.proposals.values import FactProblemError, Problem, bounds_of, expected, show
from readygate_server.adapters.proposals.vocabulary import UNKNOWN, FactField, Kind
from readygate_server.adapters.questionnaire.answers import BLANKS, Cell

_WHOLE: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_SHARE: Final = re.compile(r"-?0\.[0-9]{1,17}")
_BETWEEN: Final = re.compile(r"[,;\n]")
_FLAGS: Final = {"yes": True, "true": True, "no": False, "false": False}


def value_of(field: FactField, cell: Cell) -> object:
    """Returns the value that a cell means, for `check_value`; of metrics their names.

    Raises:
      FactProblemError: when the cell means none, or could mean several.
    """
    if cell.kind == "formula":
        raise FactProblemError(
            Problem("formulas are not read", show(cell.value), "its value: copy, and paste values only")
        )
    if cell.kind == "error":
        raise FactProblemError(Problem("the spreadsheet shows an error here", show(cell.value), expected(field)))
    return _READERS[field.kind](field, cell)


def limits_of(cell: Cell) -> Mapping[str, str]:
    """Returns metrics with their limits, of lines with a colon between the two; empty where there is none."""
    lines = cell.value if cell.kind == "names" else cell.text.split("\n")
    parts = (str(line).strip(BLANKS).partition(":") for line in lines)
    return {name.strip(BLANKS): limit.strip(BLANKS) for name, _, limit in parts if name.strip(BLANKS)}


def _number(field: FactField, cell: Cell) -> object:
    unit = bounds_of(field).unit
    if cell.kind == "text":
        number = _number_in_text(field, cell)
        _refuse_percentage(field, number)
        return number
    if cell.kind != "number":
        raise _other(field, cell)
    if cell.is_percentage and not unit.startswith("ratio"):
        got, unit = f"{cell.value * 100:g} %", unit or "a plain number"
        raise FactProblemError(Problem("the cell shows a percentage, and the fact is none", got, f"{unit}, without %"))
    number = cell.value
    _refuse_percentage(field, number)
    # A spreadsheet knows one kind of number only.
    is_whole = field.kind is Kind.INTEGER and isinstance(number, float) and number.is_integer()
    return int(number) if is_whole else number


def _refuse_percentage(field: FactField, number: float) -> None:
    """Refuses a number that was meant as a percentage where a share is asked for."""
    bounds = bounds_of(field)
    if bounds.unit.startswith("ratio") and bounds.maximum == 1 and 1 < number <= 100:
        advice = f"{expected(field)}; if {number:g} % is meant, write {number / 100:g}"
        raise FactProblemError(Problem("the value is out of range", show(number), advice))


def _number_in_text(field: FactField, cell: Cell) -> float:
    """Returns a number that was stored as text, where it reads the same in every country."""
    if _WHOLE.fullmatch(cell.text):
        return int(cell.text)
    if _SHARE.fullmatch(cell.text):
        return float(cell.text)
    if not any(each.isdigit() for each in cell.text):
        advice = f"{expected(field)}, or an empty cell and the reason why there is no value"
        raise FactProblemError(Problem("this is no number", show(cell.text), advice))
    advice = f"{expected(field)}, typed as a number: commas and points in a text mean different things in each country"
    raise FactProblemError(Problem("the number is stored as text", show(cell.text), advice))


def _flag(_: FactField, cell: Cell) -> object:
    found = cell.value if cell.kind == "flag" else _FLAGS.get(cell.text.lower())
    if not isinstance(found, bool):
        raise FactProblemError(Problem("this is neither yes nor no", show(cell.value), "yes or no"))
    return found


def _text(field: FactField, cell: Cell) -> object:
    if bounds_of(field).is_day:
        return _day(field, cell)
    if cell.kind != "text":
        raise _other(field, cell)
    return cell.text.replace("\r\n", "\n")


def _day(field: FactField, cell: Cell) -> object:
    if cell.kind == "number":
        advice = "a day; give the cell the format of a date, or write YYYY-MM-DD as text"
        raise FactProblemError(Problem("a number stands where a day is asked for", show(cell.value), advice))
    if cell.kind not in ("day", "text"):
        raise _other(field, cell)
    return cell.text


def _choice(field: FactField, cell: Cell) -> object:
    if cell.kind != "text":
        raise _other(field, cell)
    if cell.text == UNKNOWN:
        advice = "an empty cell, or not_stated as the reason why there is no value"
        raise FactProblemError(Problem("unknown is no answer", show(cell.text), advice))
    return cell.text


def _names(field: FactField, cell: Cell) -> object:
    if cell.kind == "names":
        return [each.strip(BLANKS) if isinstance(each, str) else each for each in cell.value]
    if cell.kind != "text":
        raise _other(field, cell)
    if cell.text == "[]":
        return []
    return [name for part in _BETWEEN.split(cell.text) if (name := part.strip(BLANKS))]


def _metrics(field: FactField, cell: Cell) -> object:
    if cell.kind not in ("names", "text") or not all(isinstance(each, str) for each in cell.value):
        raise _other(field, cell)
    names = list(limits_of(cell))
    if not names or names == ["[]"]:
        raise FactProblemError(Problem("no metric is named", show(cell.value), "an empty cell, or at least one metric"))
    return names


def _other(field: FactField, cell: Cell) -> FactProblemError:
    if cell.kind in ("day", "moment"):
        advice = "if the spreadsheet made a date of it, give the cell the format of text and type it again"
        return FactProblemError(Problem("a date stands here", show(cell.value), f"{expected(field)}; {advice}"))
    what = {"number": "a number stands here", "flag": "true or false stands here", "names": "a list stands here"}
    return FactProblemError(
        Problem(what.get(cell.kind, "the value has the wrong type"), show(cell.value), expected(field))
    )


_READERS: Final[Mapping[Kind, Callable[[FactField, Cell], object]]] = {
    Kind.NUMBER: _number,
    Kind.INTEGER: _number,
    Kind.FLAG: _flag,
    Kind.TEXT: _text,
    Kind.CHOICE: _choice,
    Kind.CHOICES: _names,
    Kind.IDS: _names,
    Kind.METRICS: _metrics,
}
