"""Workbooks from outside: whatever they hold, reading ends soon, in little memory, with a clear word or an answer."""

from __future__ import annotations

import io
import random
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import openpyxl
import pytest
from tests.questionnaires import cells_of, open_workbook, opened, put, returned, short_workbook

from readygate_server.adapters.collectors.limits import Limits
from readygate_server.adapters.collectors.port import ArtefactError, ArtefactLimitError
from readygate_server.adapters.proposals.paths import get_fact, parse_path
from readygate_server.adapters.questionnaire import package
from readygate_server.adapters.questionnaire.answers import Returned
from readygate_server.adapters.questionnaire.child import reply_of
from readygate_server.adapters.questionnaire.reading import read_workbook
from readygate_server.adapters.questionnaire.returned import answered
from readygate_server.adapters.questionnaire.sheet_names import HIDDEN
from readygate_server.domain.faults import FaultsError

RATIO = "source[crm].completeness"
SHORT = short_workbook(RATIO)
SHEET = "xl/worksheets/sheet2.xml"
_DTD = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>'
Change = Callable[[bytes], bytes]


def changed(folder: Path, changes: dict[str, Change | bytes]) -> Path:
    """Writes the form with parts changed or added."""
    path = folder / "form.xlsx"
    with zipfile.ZipFile(io.BytesIO(SHORT)) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            change = changes.pop(name, None)
            data = old.read(name)
            new.writestr(name, change(data) if callable(change) else data if change is None else change)
        for name, added in changes.items():
            assert isinstance(added, bytes)
            new.writestr(name, added)
    return path


def replaced(old: bytes, new: bytes) -> Change:
    """Returns what replaces the first of something in a part, which has to be there."""

    def change(data: bytes) -> bytes:
        assert old in data
        return data.replace(old, new, 1)

    return change


def refused(path: Path) -> str:
    """Returns why a file is not read, in this process."""
    reply = reply_of(path)
    assert reply.returned is None
    return "\n".join(map(str, reply.faults)) or reply.problem


def huge_sheet(rows: int) -> bytes:
    """Returns a sheet with many rows."""
    row = b'<row r="%d"><c r="A%d" t="inlineStr"><is><t>x</t></is></c></row>'
    body = b"".join(row % (number, number) for number in range(1, rows + 1))
    return (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'
        % body
    )


@pytest.mark.parametrize("part", ["xl/workbook.xml", SHEET, "xl/styles.xml", "[Content_Types].xml", "_rels/.rels"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_document_types_and_entities_are_refused(part: str, encoding: str, tmp_path: Path) -> None:
    """No part may have a document type, in any encoding: no entity is expanded, no file is read."""

    def with_type(data: bytes) -> bytes:
        text = data.decode().partition("?>")[2]
        return f'<?xml version="1.0" encoding="{encoding}"?>{_DTD}{text}'.encode(encoding)

    path = changed(tmp_path, {part: with_type})
    with pytest.raises(ArtefactError, match="the file has a document type"):
        package.check_package(path)


def test_a_file_that_swells_is_refused_before_it_is_read(tmp_path: Path) -> None:
    """A gigabyte of blanks in a megabyte is told from what the package says of itself."""
    path = changed(tmp_path, {"xl/blanks.xml": b" " * (25 << 20)})
    assert path.stat().st_size < 200_000
    with pytest.raises(ArtefactLimitError, match="swells too far"):
        read_workbook(path)


def test_a_package_that_lies_about_sizes_is_damaged(tmp_path: Path) -> None:
    """More than a part says of itself is never read."""
    path = changed(tmp_path, {"xl/blanks.xml": b"<x>" + b" " * (25 << 20) + b"</x>"})
    data = path.read_bytes()
    size = (len(b"<x></x>") + (25 << 20)).to_bytes(4, "little")
    assert data.count(size) == 2
    path.write_bytes(data.replace(size, (1_000).to_bytes(4, "little")))
    with pytest.raises(ArtefactError, match=r"damaged|not well-formed"):
        read_workbook(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"xl/vbaProject.bin": b"x"},
        {"xl/elsewhere/VBAPROJECT.BIN": b"x"},
        {"[Content_Types].xml": replaced(b"spreadsheetml.sheet.main", b"sheet.macroEnabled.main")},
    ],
)
def test_macros_are_refused(changes: dict[str, Change | bytes], tmp_path: Path) -> None:
    """A workbook with macros is refused whatever its name says."""
    with pytest.raises(ArtefactError, match="holds macros"):
        package.check_package(changed(tmp_path, dict(changes)))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no workbook"),
        (b"PK\x03\x04", "no workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "an old workbook, or one with a password"),
        (b"id,value\n1,2\n", "no workbook"),
        (SHORT[: len(SHORT) // 2], "no workbook"),
    ],
)
def test_other_files_are_refused(data: bytes, said: str, tmp_path: Path) -> None:
    """What is no workbook is told as that, with the way out."""
    path = tmp_path / "form.xlsx"
    path.write_bytes(data)
    assert said in refused(path)
    assert "save it as an Excel workbook" in refused(path)


def test_somebody_elses_workbook_is_refused(tmp_path: Path) -> None:
    """Answers that were copied into another file can not be told apart from anything else."""
    book = openpyxl.Workbook()
    book.save(tmp_path / "form.xlsx")
    assert "no questionnaire of readygate" in refused(tmp_path / "form.xlsx")


def test_too_many_rows_are_refused(tmp_path: Path) -> None:
    """A sheet of a form with thousands of rows is none."""
    path = changed(tmp_path, {SHEET: huge_sheet(6_000)})
    read = reply_of(path).returned
    assert read is not None
    assert read.answers == (), "a sheet without the headings of a form is somebody's own"
    start = b'<c r="A1" t="inlineStr"><is><t>Fact</t></is></c><c r="B1" t="inlineStr"><is><t>Value</t></is></c>'
    huge = huge_sheet(6_000).replace(b'<c r="A1" t="inlineStr"><is><t>x</t></is></c>', start)
    assert "too many rows" in refused(changed(tmp_path, {SHEET: huge}))


def test_a_row_at_the_end_of_the_world_costs_nothing(tmp_path: Path) -> None:
    """Neither a far cell nor what a sheet says of its size makes reading slow."""
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    changes: dict[str, Change | bytes] = {SHEET: replaced(b"</sheetData>", far)}
    begun = time.monotonic()
    with pytest.raises(ArtefactLimitError, match="too many rows"):
        read_workbook(changed(tmp_path, changes))
    assert time.monotonic() - begun < 20


def test_a_text_that_many_cells_show_is_counted_for_each(tmp_path: Path) -> None:
    """One long text in a small file does not become gigabytes of answers."""
    book = opened(SHORT)
    sheet = book["source crm"]
    for row in range(2, 400):
        sheet.cell(row, 11, "x" * 30_000)
    path = tmp_path / "form.xlsx"
    book.save(path)
    assert path.stat().st_size < 100_000
    assert "too much text" in refused(path)


@pytest.mark.parametrize("limits", [Limits(cpu_seconds=1, wall_seconds=30), Limits(memory_mib=30, wall_seconds=30)])
def test_what_takes_too_long_or_too_much_is_stopped(limits: Limits, tmp_path: Path) -> None:
    """The limits of the process hold, whatever the reader does."""
    path = changed(tmp_path, {SHEET: huge_sheet(280_000 if limits.cpu_seconds == 1 else 6_000)})
    begun = time.monotonic()
    with pytest.raises(ArtefactLimitError, match=r"was stopped|too much memory"):
        read_workbook(path, limits)
    assert time.monotonic() - begun < 25


def test_deep_xml_is_refused(tmp_path: Path) -> None:
    """Elements lie within each other as deep as forms have them, and not deeper."""
    path = changed(tmp_path, {"xl/deep.xml": b"<a>" * 100_000 + b"</a>" * 100_000})
    with pytest.raises(ArtefactLimitError, match="too deep"):
        package.check_package(path)


def damaged() -> Iterator[bytes]:
    """Yields the form with a few bytes changed, in the package and within its parts."""
    dice = random.Random(6)  # noqa: S311 -- the same files each time
    for _ in range(25):
        data = bytearray(SHORT)
        for _ in range(dice.choice((1, 3, 20))):
            data[dice.randrange(len(data))] = dice.randrange(256)
        yield bytes(data)
    with zipfile.ZipFile(io.BytesIO(SHORT)) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    for _ in range(50):
        name = dice.choice(sorted(parts))
        data = bytearray(parts[name])
        for _ in range(dice.choice((1, 3, 20))):
            data[dice.randrange(len(data))] = dice.choice(b"<>\"'=/0123456789abcAZ{}%&;")
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as new:
            for other, content in parts.items():
                new.writestr(other, bytes(data) if other == name else content)
        yield packed.getvalue()


def test_damage_is_refused_or_read_and_never_breaks_the_reader(tmp_path: Path) -> None:
    """Whatever is changed in a file, the reader ends with a fault of the file, or with answers that are checked."""
    path = tmp_path / "form.xlsx"
    ends: list[str] = []
    for data in damaged():
        path.write_bytes(data)
        reply = reply_of(path)
        if reply.returned is None:
            assert reply.faults or reply.problem
            ends.append("refused")
            continue
        try:
            answered(reply.returned, file="form.xlsx")
            ends.append("read")
        except FaultsError:
            ends.append("faults")
    assert {"refused", "read"} <= set(ends)


def arranged(change: Callable[[openpyxl.Workbook], object], folder: Path) -> Returned:
    """Fills one answer in, does something to the workbook that people do, and reads it."""
    book = opened(SHORT)
    put(cells_of(book, RATIO)["value"], 0.97)
    change(book)
    return returned(book, folder)


def _move(book: openpyxl.Workbook) -> None:
    sheet = book["source crm"]
    sheet.insert_cols(1)
    sheet.insert_rows(2)
    sheet.row_dimensions[3].hidden = True
    sheet.title = "Our answers"


def _add(book: openpyxl.Workbook) -> None:
    for title in ("Notes", "More"):
        book.create_sheet(title)["A1"] = "=NOW()"


def test_what_people_do_to_a_workbook_does_no_harm(tmp_path: Path) -> None:
    """Rows are hidden, columns and sheets added, sheets renamed and hidden: the answers are found."""
    for change in (_move, _add, lambda book: setattr(book["source crm"], "sheet_state", "hidden")):
        found = answered(arranged(change, tmp_path), file="form.xlsx")
        assert get_fact(found, parse_path(RATIO)) == 0.97


def test_answers_that_are_there_twice_or_under_another_name_are_refused(tmp_path: Path) -> None:
    """A sheet that was copied answers twice, and a fact that was not asked for is no answer."""
    copied = arranged(lambda book: book.copy_worksheet(book["source crm"]), tmp_path)
    with pytest.raises(FaultsError, match=r"source crm Copy!A2: the fact stands here twice"):
        answered(copied, file="form.xlsx")
    other = arranged(lambda book: put(book["source crm"]["A2"], "source[crm].completness"), tmp_path)
    with pytest.raises(FaultsError, match=r"does not ask for this.*did you mean source\[crm\].completeness\?"):
        answered(other, file="form.xlsx")
    nameless = arranged(lambda book: put(book["source crm"]["A2"], None), tmp_path)
    with pytest.raises(FaultsError, match="does not ask for this: got ''"):
        answered(nameless, file="form.xlsx")


def test_a_form_of_another_version_is_refused(tmp_path: Path) -> None:
    """A reader takes no form that it may misread."""
    back = arranged(lambda book: put(book[HIDDEN]["B1"], "2"), tmp_path)
    with pytest.raises(FaultsError, match="the form has another version: got '2', expected version 1"):
        answered(back, file="form.xlsx")


def test_a_whole_form_is_read_within_its_limits(tmp_path: Path) -> None:
    """What the writer writes is read in a process with a tenth of the memory that is allowed."""
    path = tmp_path / "form.xlsx"
    path.write_bytes(open_workbook())
    assert read_workbook(path, Limits(cpu_seconds=20, memory_mib=256, wall_seconds=60)).facts
