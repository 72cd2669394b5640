"""CSV is read strictly where it can be, leniently where rows stay rows, and refused where they do not."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from tests.collectors.table.telling import collected, csv, facts, value

from readygate_server.adapters.collectors.port import ArtefactError
from readygate_server.domain.collected import Status

pytest.importorskip("duckdb", reason="the extra collect-table is not installed")
QUOTED = "Ottilie-Quastenflosser"


def test_a_file_with_two_kinds_of_line_ends_is_read_and_said_to_be_one(tmp_path: Path) -> None:
    """One bare line feed among ten thousand others makes strict reading fail, and changes no row."""
    rows = "".join(f"{number},x{number}\r\n" for number in range(2000))
    found = collected(csv(tmp_path, f"id,name\n{rows}"), key=("id",))
    assert "rows: 2000, columns: 2" in found.notes
    assert any("it was read leniently" in note for note in found.notes)
    parameters = dict(next(fact for fact in found.facts if fact.fact == "source.uniqueness").parameters)
    assert parameters["strict"] == "no"


def test_a_clean_file_is_read_strictly(tmp_path: Path) -> None:
    """The parameters of a fact say how the file was read."""
    found = facts(csv(tmp_path, 'id,name\r\n1,"a ""b"", c"\r\n2,"two\r\nlines"\r\n'), key=("id",))["uniqueness"]
    assert value(found) == 1.0
    assert dict(found.parameters)["strict"] == "yes"


def test_a_line_break_in_quotes_keeps_a_row_whole(tmp_path: Path) -> None:
    """Two lines in quotes are one value."""
    assert "rows: 2, columns: 2" in collected(csv(tmp_path, 'id,name\n1,"a\nb"\n2,c\n'), key=("id",)).notes


@pytest.mark.parametrize(
    "text",
    [
        "id,name\n1,a\n2,b,c,d\n3\n",
        f'id,name\n1,"{QUOTED}\n2,b\n3,c\n',
        f'id,name\n1,a\n2,"{QUOTED}" and\nmore,"x"\n3,"y\n\n\n4,"\n',
    ],
)
def test_a_file_whose_rows_can_not_be_told_apart_is_refused_without_its_values(tmp_path: Path, text: str) -> None:
    """Half-read rows would count as gaps, and what the reader says quotes whole lines of the file."""
    with pytest.raises(ArtefactError) as caught:
        collected(csv(tmp_path, text), key=("id",))
    assert QUOTED not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_text_in_another_encoding_is_told(tmp_path: Path) -> None:
    """Latin-1 is not UTF-8, and is read when it is named."""
    path = tmp_path / "crm.csv"
    path.write_bytes("id,name\n1,Müller\n2,Groß\n".encode("latin-1"))
    with pytest.raises(ArtefactError):
        collected(path, key=("id",))
    assert value(facts(path, key=("name",), encoding="latin-1")["uniqueness"]) == 1.0


def test_utf_16_is_read_when_it_is_named(tmp_path: Path) -> None:
    """A spreadsheet writes UTF-16."""
    path = tmp_path / "crm.csv"
    path.write_bytes("id,name\n1,Müller\n2,Groß\n".encode("utf-16-le"))
    assert value(facts(path, key=("name",), encoding="utf-16")["uniqueness"]) == 1.0


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_out(tmp_path: Path, delimiter: str) -> None:
    """Of the usual ones none has to be told."""
    text = "".join(delimiter.join((str(number), "a", "b")) + "\n" for number in range(9))
    assert value(facts(csv(tmp_path, f"id{delimiter}x{delimiter}y\n{text}"), key=("id",))["uniqueness"]) == 1.0


def test_numbers_keep_their_leading_zeros(tmp_path: Path) -> None:
    """Every column is read as text, so that 007 and 7 are two keys."""
    assert value(facts(csv(tmp_path, "id,x\n007,a\n7,a\n07,a\n"), key=("id",))["uniqueness"]) == 1.0


def test_a_compressed_file_is_read(tmp_path: Path) -> None:
    """A file is unpacked by its name, while it is read."""
    path = tmp_path / "crm.csv.gz"
    path.write_bytes(gzip.compress(b"id,x\n1,a\n2,b\n2,c\n"))
    assert value(facts(path, key=("id",))["uniqueness"]) == pytest.approx(2 / 3)


def test_a_name_with_wildcards_is_one_file(tmp_path: Path) -> None:
    """Neither does `*` read the neighbours, nor is `year=2026` a column."""
    folder = tmp_path / "year=2026"
    folder.mkdir()
    csv(folder, "id,x\n1,a\n", "other.csv")
    file = csv(folder, "id,x\n1,a\n2,b\n", "*.csv")
    assert "rows: 2, columns: 2" in collected(file, key=("id",)).notes


def test_parts_of_a_table_are_one_table(tmp_path: Path) -> None:
    """A folder of files is read as one table, and each of them is named with its digest."""
    csv(tmp_path, "id,x\n1,a\n", "part-1.csv")
    csv(tmp_path, "id,x\n1,b\n2,c\n", "part-2.csv")
    found = collected(tmp_path, key=("id",))
    assert "rows: 3, columns: 2" in found.notes
    assert [artefact.uri for artefact in found.artefacts] == ["part-1.csv", "part-2.csv"]


def test_a_file_of_one_column_is_a_table(tmp_path: Path) -> None:
    """There is no delimiter to find."""
    assert value(facts(csv(tmp_path, "id\n1\n2\n3\n"), key=("id",))["uniqueness"]) == 1.0


def test_what_precedes_the_header_is_no_row(tmp_path: Path) -> None:
    """Blank lines are passed over; lines that start with # are rows, for CSV knows no comments."""
    found = collected(csv(tmp_path, "\n\nid,x\n1,a\n\n#2,b\n"), key=("id",))
    assert "rows: 2, columns: 2" in found.notes
    bom = collected(csv(tmp_path, "\ufeffid,x\n1,a\n"), key=("id",))
    assert "rows: 1, columns: 2" in bom.notes


def test_a_broken_row_does_not_make_a_table_of_one_column(tmp_path: Path) -> None:
    """A reader that looks for a delimiter finds none that fits all rows, and then divides nothing."""
    with pytest.raises(ArtefactError) as caught:
        collected(csv(tmp_path, "id,name\n1,a\n2,b,c,d\n3\n"))
    assert "line ends" in str(caught.value)


def test_an_empty_file_is_told(tmp_path: Path) -> None:
    """Nothing at all is no table."""
    try:
        found = facts(csv(tmp_path, ""), key=("id",))["uniqueness"]
    except ArtefactError:
        return
    assert found.status is not Status.STATED
