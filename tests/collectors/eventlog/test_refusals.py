"""What is no event log, or a hostile one, is refused in words, in bounded time and memory."""

from __future__ import annotations

import gzip
import time
import tracemalloc
from pathlib import Path

import pytest
from tests.collectors.eventlog.logs import (
    CASES,
    REWORK,
    VARIANTS,
    WEEKS,
    Event,
    cases,
    collected,
    fact,
    note,
    values,
    write_bytes,
    write_csv,
    write_parquet,
    write_xes,
)

from readygate_server.adapters.collectors import streams, xml_events
from readygate_server.adapters.collectors.eventlog import log as event_log
from readygate_server.adapters.collectors.port import (
    ArtefactError,
    ArtefactLimitError,
    OptionError,
    OptionValue,
    ReaderMissingError,
)
from readygate_server.domain.collected import Status

_ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
_BOMB = f'<?xml version="1.0"?><!DOCTYPE log [<!ENTITY e0 "lol">{_ENTITIES}]><log><string key="a" value="&e9;"/></log>'
_OUTSIDE = '<?xml version="1.0"?><!DOCTYPE log [<!ENTITY x SYSTEM "file:///etc/hostname">]><log>&x;</log>'
_DTD = '<?xml version="1.0"?><!DOCTYPE log SYSTEM "http://localhost/log.dtd"><log/>'


@pytest.mark.parametrize("text", [_BOMB, _OUTSIDE, _DTD])
@pytest.mark.parametrize("name", ["log.xes", "log.xes.gz"])
def test_document_types_are_refused(tmp_path: Path, text: str, name: str) -> None:
    """Entities, files and addresses of a document type are not even looked at."""
    with pytest.raises(ArtefactError, match="has a document type"):
        collected(write_bytes(tmp_path / name, text.encode()))


def test_a_gzip_bomb_ends_early(tmp_path: Path) -> None:
    """A file of 300 kB that swells to 300 MB is read for a few of them only."""
    path = tmp_path / "log.xes.gz"
    with gzip.open(path, "wb") as file:
        file.write(b"<log>")
        for _ in range(300):
            file.write(b" " * 1_000_000)
    began = time.process_time()
    with pytest.raises(ArtefactLimitError, match="swells too far"):
        collected(path)
    assert time.process_time() - began < 3


def test_what_swells_as_logs_do_is_read(tmp_path: Path) -> None:
    """A log of the same case over and over compresses well, and stays below the limit."""
    path = write_xes(tmp_path / "log.xes.gz", cases(*["abcdefgh"] * 5000))
    assert fact(collected(path), CASES).value == 5000
    assert streams.MAX_RATIO == 200


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "the file is empty"),
        (b"<log><trace><event>", "not well-formed"),
        (b"<log></trace>", "not well-formed"),
        (b"<html><body/></html>", "no XES"),
        (b'<?xml version="1.0" encoding="martian"?><log/>', "encoding can not be read|not well-formed"),
        (b"<log>\xff\xfe</log>", "not well-formed"),
        (b"\x1f\x8b\x08\x00broken", "damaged or cut off"),
        (b"PAR1 and nothing else", "not Parquet"),
        (b"\x00\x01\x02", "no such column|no CSV"),
        (b'a,b\n"never closed,' + b"x" * 200_000, "no such column"),
        (b'case:concept:name,concept:name,time:timestamp\n"' + b"x" * 200_000, "no CSV"),
        (b"case:concept:name,concept:name,time:timestamp\n\xe9,a,b", "not in utf-8"),
        (b"case:concept:name;concept:name;time:timestamp\n", "the table has no such column"),
        (b"case:concept:name,case:concept:name,concept:name,time:timestamp\n", "more than once"),
    ],
)
def test_what_is_no_log_is_refused(tmp_path: Path, data: bytes, said: str) -> None:
    """Each says what is wrong with it."""
    (tmp_path / "log").write_bytes(data)
    with pytest.raises(ArtefactError, match=said):
        collected(tmp_path / "log")


def test_a_file_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    """Half of a compressed log, of XML or of Parquet is no log."""
    pytest.importorskip("duckdb", reason="the extra collect-eventlog is not installed")
    log = cases(*["abc"] * 300)
    for path in (
        write_xes(tmp_path / "a.xes.gz", log),
        write_xes(tmp_path / "a.xes", log),
        write_parquet(tmp_path / "a.parquet", log),
    ):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        with pytest.raises(ArtefactError):
            collected(path)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"case": "ticket"}, "got ticket"),
        ({"activity": ("step", "concept:name")}, "got step"),
        ({"lifecycle_column": "status"}, "got status"),
        ({"resource": "who"}, "got who"),
        ({"timezone": "Mars/Olympus"}, "not known"),
        ({"timezone": "../../etc/passwd"}, "not known"),
        ({"lifecycle": "most"}, "no such policy"),
        ({"delimiter": "::"}, "not one character"),
        ({"encoding": "martian"}, "encoding is not known"),
        ({"classifier": "x"}, "only XES"),
    ],
)
def test_options_that_do_not_fit_are_refused(tmp_path: Path, options: dict[str, OptionValue], said: str) -> None:
    """Nothing is guessed in their place."""
    path = write_csv(tmp_path / "log.csv", cases("ab"))
    with pytest.raises(OptionError, match=said):
        collected(path, **options)


def test_every_missing_column_is_said_at_once(tmp_path: Path) -> None:
    """Three columns that are not there are three faults."""
    path = write_csv(tmp_path / "log.csv", [], columns=("a", "b"))
    with pytest.raises(OptionError) as caught:
        collected(path)
    assert len(caught.value.faults) == 3


def test_an_own_mapping_is_read(tmp_path: Path) -> None:
    """Columns, delimiter, encoding, form and timezone of timestamps are as told."""
    rows = "Fall;Schritt;Wann\n" + "".join(f"{n};prüfen;0{n}.03.2026 10:30\n" for n in range(1, 8))
    (tmp_path / "log.csv").write_bytes(rows.encode("latin-1"))
    found = collected(
        tmp_path / "log.csv",
        case="Fall",
        activity=("Schritt",),
        timestamp="Wann",
        delimiter=";",
        encoding="latin-1",
        timestamp_format="%d.%m.%Y %H:%M",
        timezone="Europe/Berlin",
    )
    assert fact(found, CASES).value == 7
    assert str(fact(found, CASES).as_of) == "2026-03-07 09:30:00+00:00"
    assert dict(fact(found, CASES).parameters)["timezone"] == "Europe/Berlin"


@pytest.mark.parametrize("form", ["csv", "xes", "parquet", "parquet-days", "parquet-text"])
def test_a_timestamp_without_timezone_is_refused(tmp_path: Path, form: str) -> None:
    """In no format is it taken for UTC; with --timezone it is read there."""
    log = [event._replace(timestamp=event.timestamp.replace("+00:00", "")) for event in cases(*["ab"] * 5)]
    path = tmp_path / f"log.{form.partition('-')[0]}"
    if form.startswith("parquet"):
        pytest.importorskip("duckdb", reason="the extra collect-eventlog is not installed")
        write_parquet(path, log, {"parquet": "TIMESTAMP", "parquet-days": "DATE"}.get(form, "VARCHAR"))
    else:
        (write_csv if form == "csv" else write_xes)(path, log)
    with pytest.raises(ArtefactError, match=r"timestamps say no timezone: got 10 of 10 without.*--timezone"):
        collected(path)
    found = collected(path, timezone="America/New_York")
    assert fact(found, CASES).as_of is not None
    if form != "parquet-days":
        assert str(fact(found, CASES).as_of) == "2026-01-05 19:00:00+00:00"
    assert "10 timestamps say no timezone" in note(found, "timezone")


def test_a_single_timestamp_without_timezone_is_refused(tmp_path: Path) -> None:
    """One among many is enough to put cases out of order."""
    log = [*cases(*["ab"] * 50), Event("c1", "c", "2026-01-05T09:00:00")]
    with pytest.raises(ArtefactError, match="got 1 of 101 without"):
        collected(write_csv(tmp_path / "log.csv", log))


def test_the_hour_that_comes_twice_is_read(tmp_path: Path) -> None:
    """Clocks that are put back make no error of a log that is otherwise in order."""
    log = [Event(f"c{n}", "a", f"2026-10-25T02:{n:02}:00") for n in range(50)]
    assert fact(collected(write_csv(tmp_path / "l.csv", log), timezone="Europe/Paris"), WEEKS).value == 0


def test_nothing_that_can_be_used_answers_nothing(tmp_path: Path) -> None:
    """A log whose events name neither activity nor time, or that has none, has no facts, and is no error."""
    nested = b"<log><trace><event><list key='x'><int key='y' value='1'/></list></event></trace></log>"
    for data in (nested, b"<log><trace/></log>", b"<log/>", b"<log><event/></log>"):
        (tmp_path / "log.xes").write_bytes(data)
        found = collected(tmp_path / "log.xes")
        assert {each.status for each in found.facts} <= {Status.NOT_EVALUABLE, Status.NOT_STATED}
    (tmp_path / "log.csv").write_text("case:concept:name,concept:name,time:timestamp\n")
    assert fact(collected(tmp_path / "log.csv"), CASES).status is Status.NOT_EVALUABLE


def test_a_policy_that_leaves_nothing_answers_nothing(tmp_path: Path) -> None:
    """Completions of a log that has none are not 0 % rework."""
    path = write_csv(tmp_path / "log.csv", cases(*["ab"] * 9))
    assert "no event counts under" in fact(collected(path, lifecycle="complete"), REWORK).reason


def test_rows_of_another_width_are_counted(tmp_path: Path) -> None:
    """A row that has lost a column is not read as if it had not."""
    path = write_csv(tmp_path / "log.csv", cases(*["ab"] * 50))
    path.write_text(path.read_text() + "c1,a\n\n")
    assert fact(collected(path), CASES).coverage.why == ("1 events in a row of another width than the header",)


def test_a_name_of_a_file_is_no_pattern(tmp_path: Path) -> None:
    """Brackets and stars in the name of a Parquet file mean themselves."""
    pytest.importorskip("duckdb", reason="the extra collect-eventlog is not installed")
    write_parquet(tmp_path / "log1.parquet", cases(*["ab"] * 9))
    odd = write_parquet(tmp_path / "log[1]*.parquet", cases("ab", "ab"))
    assert fact(collected(odd), CASES).value == 2


def test_names_of_columns_are_no_sql(tmp_path: Path) -> None:
    """A name that closes its quotes finds no column."""
    pytest.importorskip("duckdb", reason="the extra collect-eventlog is not installed")
    path = write_parquet(tmp_path / "log.parquet", cases("ab"))
    with pytest.raises(OptionError, match="no such column"):
        collected(path, case='x" FROM range(9); --')


def test_numbers_are_no_timestamps(tmp_path: Path) -> None:
    """What a number counts, and from when, a column does not say."""
    pytest.importorskip("duckdb", reason="the extra collect-eventlog is not installed")
    path = write_parquet(tmp_path / "log.parquet", [Event("c", "a", "1700000000")], "BIGINT")
    with pytest.raises(OptionError, match="holds no timestamps"):
        collected(path)


def test_without_its_reader_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only Parquet needs one."""
    monkeypatch.setitem(__import__("sys").modules, "duckdb", None)
    assert fact(collected(write_csv(tmp_path / "log.csv", cases("ab"))), CASES).value == 1
    (tmp_path / "log.parquet").write_bytes(b"PAR1")
    with pytest.raises(ReaderMissingError, match="collect-eventlog"):
        collected(tmp_path / "log.parquet")


def test_elements_that_lie_too_deep_are_refused(tmp_path: Path) -> None:
    """Outside of events as within them."""
    deep = b"<list key='a'>" * 100_000
    for start in (b"<log>", b"<log><trace><event>"):
        with pytest.raises(ArtefactLimitError, match="too deep"):
            collected(write_bytes(tmp_path / "log.xes", start + deep))


def test_an_endless_tag_is_refused(tmp_path: Path) -> None:
    """A tag is not gathered for as long as it goes on."""
    path = tmp_path / "log.xes"
    path.write_bytes(b"<log><string key='a' value='" + b"x" * (xml_events.MAX_TOKEN + 1_000_000))
    began = time.process_time()
    with pytest.raises(ArtefactLimitError, match="too long"):
        collected(path)
    assert time.process_time() - began < 5


def test_a_log_that_is_too_long_or_too_varied_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each limit says what to do."""
    path = write_csv(tmp_path / "log.csv", cases(*["abcdefghij"] * 5))
    monkeypatch.setattr(event_log, "MAX_EVENTS", 49)
    with pytest.raises(ArtefactLimitError, match="too many events"):
        collected(path)
    monkeypatch.setattr(event_log, "MAX_EVENTS", 50)
    monkeypatch.setattr(event_log, "MAX_KINDS", 9)
    with pytest.raises(ArtefactLimitError, match="too many different events"):
        collected(path)
    monkeypatch.setattr(event_log, "MAX_KINDS", 10)
    assert fact(collected(path), CASES).value == 5


def test_a_million_empty_cases_are_counted(tmp_path: Path) -> None:
    """Cases without events cost neither memory nor minutes."""
    data = b'<?xml version="1.0"?><log>' + b"<trace/>" * 1_000_000 + b"</log>"
    path = write_bytes(tmp_path / "log.xes", data)
    tracemalloc.start()
    found = collected(path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "1,000,000 cases have no event" in note(found, "no event")
    assert most < 5_000_000


def test_a_hundred_thousand_tiny_cases_are_read(tmp_path: Path) -> None:
    """As many cases as events: a variant of one activity covers them all."""
    rows = "".join(f"{n},a,2026-03-{1 + n % 28:02}T10:00:{n % 60:02}Z\n" for n in range(100_000))
    (tmp_path / "log.csv").write_text("case:concept:name,concept:name,time:timestamp\n" + rows)
    began = time.process_time()
    found = collected(tmp_path / "log.csv")
    assert (fact(found, CASES).value, fact(found, VARIANTS).value) == (100_000, 1)
    assert time.process_time() - began < 20


def test_one_endless_case_is_read(tmp_path: Path) -> None:
    """A case with all events, backwards in the file and at two times only, is sorted once."""
    log = [Event("c", f"a{n % 50}", f"20{30 - n % 2}-01-01T10:00:00Z") for n in range(100_000)]
    began = time.process_time()
    found = collected(write_csv(tmp_path / "log.csv", [*log, Event("d", "a", "2030-01-01T10:00:00Z")]))
    assert fact(found, CASES).value == 2
    assert time.process_time() - began < 20


def test_encodings_of_xml_are_those_that_it_declares(tmp_path: Path) -> None:
    """UTF-16 and Latin-1 say the same as UTF-8."""
    text = write_xes(tmp_path / "a.xes", cases("aé", "éa", "aé")).read_text(encoding="utf-8")
    expected = values(collected(tmp_path / "a.xes"))
    for name, encoding in (("b", "utf-16"), ("c", "iso-8859-1"), ("d", "utf-8-sig")):
        declared = text.replace('version="1.0"?>', f'version="1.0" encoding="{encoding.removesuffix("-sig")}"?>', 1)
        (tmp_path / f"{name}.xes").write_bytes(declared.encode(encoding))
        assert values(collected(tmp_path / f"{name}.xes")) == expected
