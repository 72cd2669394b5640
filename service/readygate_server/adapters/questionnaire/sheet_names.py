"""Names in workbooks that writer and reader share."""

from __future__ import annotations

from typing import Final

FACT: Final = "Fact"
ANSWERS: Final = (
    ("value", "Value"),
    ("no_value", "No value because"),
    ("reason", "Reason"),
    ("evidence_uri", "Evidence (URI)"),
    ("evidence_as_of", "Evidence as of"),
    ("grade", "Grade"),
    ("said_by", "Said by"),
)
"""Columns that are filled in: their names in YAML, and their headings."""
EXPLAINED: Final = ("Meaning", "Unit", "Answer", "Owner", "From", "Needed by", "Evidence asked for")
HIDDEN: Final = "readygate"
"""Sheet that says what the form is for. People do not see it."""
START: Final = "Start"
LONGEST: Final = 31


def sheet_name(section: str, taken: set[str]) -> str:
    """Returns a name for a sheet that no other has, and adds it to those."""
    name, number = section[:LONGEST], 1
    while name.lower() in taken:
        number += 1
        end = f"~{number}"
        name = f"{section[: LONGEST - len(end)]}{end}"
    taken.add(name.lower())
    return name


def letters(column: int) -> str:
    """Returns the letters of a column, counted from 0."""
    text, left = "", column + 1
    while left:
        left, rest = divmod(left - 1, 26)
        text = chr(ord("A") + rest) + text
    return text
