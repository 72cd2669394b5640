"""The guide to operations names what there is: every metric, every line of the log, every option that it shows."""

from __future__ import annotations

import re
from pathlib import Path

from prometheus_client import CollectorRegistry

import readygate_server
from readygate_server.observability import Metrics
from tests.cli.help_page import parser_of
from tests.deploy.options import options_in
from tests.documents import ROOT, blocks

PAGE = "docs/operations.md"
SOURCE = Path(readygate_server.__file__).parent
_EVENT = re.compile(r"\.(?:info|warning|error)\(\s*\"([a-z_]+)\"")
_BY_LEVEL = re.compile(r"\.log\((.*)\)$", re.MULTILINE)
_METRIC = re.compile(r"(?:Counter|Gauge|Histogram)\(\s*\"?([A-Za-z_]+)\"?,")


def sources() -> dict[str, str]:
    """Returns the source of the service, by name of the file."""
    return {str(path): path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py")}


def section(title: str) -> str:
    """Returns the text below a heading."""
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def first_cells(text: str) -> set[str]:
    """Returns the names in the first column of the tables of a text."""
    return {
        name
        for line in text.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`(\w+)`", line.split("|")[1])
    }


def test_every_metric_is_explained() -> None:
    """The table has the metrics that servers offer, and no others."""
    registry = Metrics()._registry
    assert isinstance(registry, CollectorRegistry)
    offered = {family.name for family in registry.collect()}
    named = {name for text in sources().values() for name in _METRIC.findall(text)}
    assert {"readygate_calls", "readygate_workers_ended"} <= offered | named

    assert first_cells(section("Monitoring")) == offered | {name for name in named if name.startswith("readygate_")}


def test_alerts_are_on_metrics_that_there_are() -> None:
    """Each expression of an alert reads metrics of the table."""
    (alerts,) = [block.text for block in blocks(PAGE, "text") if "rate(" in block.text]
    read = {re.sub(r"_(total|bucket|sum|count)$", "", name) for name in re.findall(r"readygate_\w+", alerts)}

    assert read <= first_cells(section("Monitoring"))


def test_every_line_of_the_log_is_explained() -> None:
    """The table has the events that the service logs, and no others."""
    loggers = [text for text in sources().values() if "logger" in text]
    logged = {name for text in loggers for name in _EVENT.findall(text)}
    by_level = [call for text in loggers for call in _BY_LEVEL.findall(text)]
    logged |= {name for call in by_level for name in re.findall(r"\"([a-z_]+)\"", call)}
    assert len(logged) > 20

    listed = first_cells(section("Logs"))
    assert logged - listed == set(), "not in docs/operations.md"
    indirect = {name for name in listed - logged if any(f'("{name}", ' in text for text in loggers)}
    assert listed - logged - indirect == set(), "in docs/operations.md, and logged nowhere"


def test_options_are_those_of_the_server() -> None:
    """What the guide says of options of `serve` is of options that there are."""
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    quoted = {name for part in re.findall(r"`(--[a-z-]+)", text) for name in options_in(part)}
    elsewhere = {"--revoke", "--server"}
    assert len(quoted) > 8

    assert quoted - elsewhere <= options_in(parser_of("serve").format_help())
