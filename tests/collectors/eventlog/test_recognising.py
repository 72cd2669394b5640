"""An event log is known by what is in it; anything else is left to others."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.collectors.eventlog.logs import cases, write_csv, write_parquet, write_xes

from readygate_server.adapters.collectors.eventlog import COLLECTOR
from readygate_server.adapters.collectors.port import HEAD, Collector


def _kind(path: Path) -> str:
    found = COLLECTOR.recognises(path, path.read_bytes()[:HEAD])
    return found.kind if found else ""


def test_each_format_is_recognised(tmp_path: Path) -> None:
    """By content, whatever the name."""
    log = cases(*["abc"] * 4000)
    assert _kind(write_xes(tmp_path / "a.txt", log)) == "event log (XES)"
    assert _kind(write_xes(tmp_path / "b.gz", log)) == "event log (XES)"
    assert _kind(write_csv(tmp_path / "c.txt", log)) == "event log (CSV)"


def test_parquet_is_recognised_by_its_columns(tmp_path: Path) -> None:
    """They are named at the end of the file."""
    pytest.importorskip("duckdb", reason="the extra collect-eventlog is not installed")
    assert _kind(write_parquet(tmp_path / "a.parquet", cases("ab"))) == "event log (Parquet)"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x1f\x8b\x08\x00broken",
        b"PAR1",
        b"id,name\n1,a\n",
        b"<svg/>",
        b"<log4j:configuration/>",
        b"case,activity,timestamp\n",
        b"\xff\xfe\x00",
    ],
)
def test_anything_else_is_not(tmp_path: Path, data: bytes) -> None:
    """A table without the standard's names may be anything."""
    (tmp_path / "file").write_bytes(data)
    assert _kind(tmp_path / "file") == ""


def test_a_parquet_file_that_is_gone_is_not(tmp_path: Path) -> None:
    """Recognising raises nothing."""
    assert COLLECTOR.recognises(tmp_path / "gone.parquet", b"PAR1") is None


def test_it_fills_the_port() -> None:
    """Options are named as on a command line, and each says what it is for."""
    assert isinstance(COLLECTOR, Collector)
    assert all(option.help and option.name == option.name.lower() for option in COLLECTOR.options)
