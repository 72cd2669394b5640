"""Writes what was measured: a table in Markdown, and the raw numbers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from tests.bench.measure import Spread
from tests.bench.run import Part


def markdown(parts: Sequence[Part], about: Mapping[str, Any], plots: Collection[str] = ()) -> str:
    """Returns the report of all parts, with the plots that there are."""
    return "\n".join(_lines(parts, about, plots)) + "\n"


def _lines(parts: Sequence[Part], about: Mapping[str, Any], plots: Collection[str]) -> Iterator[str]:
    yield "# Benchmark"
    yield ""
    yield from (f"- {key}: {value}" for key, value in about.items())
    for part in parts:
        yield ""
        yield f"## {part.title}"
        yield ""
        if part.notes:
            yield from (f"- {note}" for note in part.notes)
            yield ""
        if part.name in plots:
            yield f"![{part.title}]({part.name}.svg)"
            yield ""
        if part.lanes:
            yield from _table([_row(lane) for lane in part.lanes])
        for title, rows in part.tables.items():
            yield ""
            yield f"### {title}"
            yield ""
            yield from _table(rows)


def _row(lane: Mapping[str, Any]) -> dict[str, str]:
    times, per_core = lane["ms"], lane.get("ratio_per_core")
    return {
        "what": lane["name"],
        "load": lane["load"],
        "proposals per second": f"{Spread.of(lane['per_second']):,.0f}",
        "ratio to echo or base": f"{Spread.of(lane['ratio']):.3f}" if "ratio" in lane else "",
        "ratio by processor time": f"{Spread.of(per_core):.3f}" if per_core else "",
        "p50, p99, p99.9, max ms": " / ".join(f"{times[name]:.1f}" for name in ("p50", "p99", "p999", "max")),
        "worst 1 s: p99 ms": _cell(lane["stalls"]["worst_window_p99_ms"]),
        "longest gap ms": f"{lane['stalls']['longest_gap_ms']:.0f}",
        "cores: server, generator": (
            f"{Spread.of(lane['server_cores']).median:.2f}, {Spread.of(lane['generator_cores']).median:.2f}"
        ),
        "failed": str(lane["failed"]),
        "request, reply bytes": f"{lane['request_bytes']:,}, {lane['reply_bytes'][0]:,} to {lane['reply_bytes'][1]:,}",
    }


def _table(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    heads = list(rows[0])
    yield "| " + " | ".join(heads) + " |"
    yield "|" + " --- |" * len(heads)
    for row in rows:
        yield "| " + " | ".join(_cell(row.get(head, "")) for head in heads) + " |"


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return f"{Spread.of(value):{_digits(value)}}"
    return f"{value:{_digits([value])}}" if isinstance(value, float) else str(value)


def _digits(values: Sequence[float]) -> str:
    """Returns the format that shows three digits, and no fraction of hundreds."""
    size = max(map(abs, values))
    return ",.0f" if size >= 100 else ".1f" if size >= 10 else ".2f" if size >= 1 else ".3f"
