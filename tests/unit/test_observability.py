"""Log lines: what any of them says, and that none can break out of its line."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Iterator
from contextvars import Context
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog

from readygate_server.observability import begin_call, configure_logging, logger, name_call


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Leaves logging as it was."""
    yield
    structlog.reset_defaults()


@pytest.mark.parametrize(
    "text", ["a\nb", "a\u2028b", "a\u0085b", "ß", '"', "\ud800", "\x00"], ids=lambda text: ascii(text).strip("'")
)
def test_any_text_stays_within_its_line(text: str, tmp_path: Path) -> None:
    """Whatever separates lines somewhere is escaped, so that a line is one for every reader; the text stays whole."""
    path = tmp_path / "log"
    with path.open("w") as file:
        configure_logging(file)
        logger().info("event", text=text)

    raw = path.read_bytes()
    assert raw.isascii()
    assert raw.count(b"\n") == 1
    assert json.loads(raw)["text"] == text


def test_a_value_of_any_kind_can_be_logged() -> None:
    """What JSON has no form for is written as Python shows it, never an error of whoever logs."""
    log = io.StringIO()
    configure_logging(log)
    logger().info("event", path=Path("x"), by_number={1: None}, by_pair={"a": object})

    line = json.loads(log.getvalue())
    assert (line["path"], line["by_number"]) == (repr(Path("x")), {"1": None})
    assert line["by_pair"] == {"a": "<class 'object'>"}


def test_the_log_is_where_it_was_set_last() -> None:
    """Who sets the log anew gets all lines from then on, also those of who had logged before."""
    first, second = io.StringIO(), io.StringIO()
    configure_logging(first)
    logger().info("one")
    configure_logging(second, worker=3)
    logger().warning("two")

    assert json.loads(first.getvalue())["event"] == "one"
    line = json.loads(second.getvalue())
    assert (line["event"], line["level"], line["worker"]) == ("two", "warning", 3)


def test_a_line_says_when_it_was_written() -> None:
    """The time is in UTC, to the microsecond, and between those before and after."""
    log = io.StringIO()
    configure_logging(log)
    before = datetime.now(UTC)
    logger().info("event")
    after = datetime.now(UTC)

    text = json.loads(log.getvalue())["timestamp"]
    assert before <= datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC) <= after


def test_an_error_is_one_line_with_its_traceback() -> None:
    """What nobody foresaw is told with the place where it happened."""
    log = io.StringIO()
    configure_logging(log)
    try:
        raise LookupError("gone")
    except LookupError as error:
        logger().error("unexpected", exc_info=error)

    (line,) = log.getvalue().splitlines()
    assert "LookupError: gone" in json.loads(line)["exception"]


def test_an_id_is_made_only_for_calls_that_have_none() -> None:
    """A call keeps the id that it was given; one without an id gets one when it is first asked for, and keeps that."""
    named, unnamed = begin_call("chosen", "Service/Method"), begin_call("", "Service/Method")

    assert named.request_id == "chosen"
    assert not unnamed.chosen_id
    assert len(unnamed.request_id) == 32
    assert unnamed.request_id == unnamed.request_id == unnamed.chosen_id


async def test_lines_say_which_call_they_are_about() -> None:
    """A line within a call has its id and method; one beside it has none."""
    log = io.StringIO()
    configure_logging(log)

    async def call() -> None:
        begin_call("made", "Service/Method")
        name_call("chosen")
        logger().info("within")

    await asyncio.create_task(call())
    Context().run(logger().info, "beside")  # other tests may have begun calls in the context of this one

    within, beside = map(json.loads, log.getvalue().splitlines())
    assert (within["request_id"], within["method"]) == ("chosen", "Service/Method")
    assert beside.keys() == {"event", "level", "timestamp"}
