"""Draws what was measured, for those who have the `bench` extra: ratios, times of calls, curves, memory."""

from __future__ import annotations

import re
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.bench.run import Part

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK: Final = "#22303c"
OURS, THEIRS, THIRD = "#0b6e99", "#9aa5b1", "#d98324"
WIDTH: Final = 11.0
_LABELS: Final = {"new": OURS, "shared": "#56a3a6", "again": THIRD}


def draw(parts: Sequence[Part], folder: Path) -> list[str]:
    """Writes all plots as SVG and PNG, and returns their names; none without matplotlib."""
    try:
        import matplotlib as mpl
    except ImportError:
        return []
    mpl.use("agg")
    mpl.rcParams |= {
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": INK,
        "axes.titlelocation": "left",
        "axes.titlesize": 10,
        "svg.fonttype": "none",
        "figure.constrained_layout.use": True,
        "savefig.dpi": 110,
    }
    names = []
    for part in parts:
        for name, figure in _figures(part).items():
            for ending in ("svg", "png"):
                figure.savefig(folder / f"{name}.{ending}")
            names.append(name)
    return names


def _figures(part: Part) -> dict[str, Figure]:
    found = {}
    if part.lanes and part.name != "curves":
        found[part.name] = _lanes(part)
    if part.name == "curves":
        found["curves"] = _curves(part)
    if part.name == "memory":
        found["memory"] = _memory(part)
    if part.name == "evaluation":
        found["evaluation"] = _evaluation(part)
    return found


def _subplots(rows: int, columns: int, height: float) -> tuple[Figure, Any]:
    from matplotlib import pyplot as plt

    plt.close("all")
    return plt.subplots(rows, columns, figsize=(WIDTH, height), squeeze=False)


def _label(lane: Mapping[str, Any]) -> str:
    return f"{lane['name']}\n{lane['load']}"


def _lanes(part: Part) -> Figure:
    """Draws decisions per second with each round as a dot, and the times of calls as a range from p50 to p99.9."""
    lanes = list(reversed(part.lanes))
    figure, axes = _subplots(1, 2, 1.2 + 0.42 * len(lanes))
    rates, times = axes[0]
    for place, lane in enumerate(lanes):
        colour = _colour(lane)
        each = lane["per_second"]
        rates.plot([min(each), max(each)], [place, place], color=colour, linewidth=2)
        rates.plot(each, [place] * len(each), "o", color=colour, markersize=3)
        rates.plot(statistics.median(each), place, "D", color=colour, markersize=7)
        text = f"   {statistics.median(each):,.0f}"
        if "ratio" in lane:
            text += f"  (ratio {statistics.median(lane['ratio']):.2f})"
        rates.annotate(text, (max(each), place), va="center", color=INK, fontsize=8)
        ms = lane["ms"]
        times.plot([ms["p50"], ms["p99"]], [place, place], color=colour, linewidth=5, solid_capstyle="butt")
        times.plot([ms["p99"], ms["max"]], [place, place], color=colour, linewidth=1)
        times.plot(ms["p50"], place, "o", color=INK, markersize=3.5)
        times.plot(ms["p99"], place, "|", color=INK, markersize=8)
    rates.set_yticks(range(len(lanes)), [_label(lane) for lane in lanes], fontsize=8)
    times.set_yticks(range(len(lanes)), [""] * len(lanes))
    rates.set_xscale("log")
    rates.set_xlim(right=max(max(lane["per_second"]) for lane in lanes) * 10)
    times.set_xscale("log")
    rates.set_title("decisions per second: diamond the median, dots the rounds")
    times.set_title("ms per call: dot p50, bar to p99, line to the longest")
    for axis in (rates, times):
        axis.grid(axis="x", color="#dddddd", linewidth=0.6)
        axis.set_axisbelow(True)
        axis.set_ylim(-0.6, len(lanes) - 0.4)
        axis.xaxis.set_major_formatter(_plain)
    figure.suptitle(part.title, x=0.01, ha="left", fontsize=12)
    return figure


def _plain(value: float, _place: int) -> str:
    """Returns the number at a tick as people write it."""
    return f"{value:,g}"


def _colour(lane: Mapping[str, Any]) -> str:
    if re.match(r"(Python )?echo|nothing", lane["name"]):
        return THEIRS
    if re.match("Cerbos|OPA|Go", lane["name"]):
        return "#7a6c9d"
    return _LABELS.get(lane["proposals"], OURS)


def _curves(part: Part) -> Figure:
    """Draws time against size, with the line through it, and below it the time for each unit."""
    tables = [(title, rows) for title, rows in part.tables.items() if "lines" not in title]
    fits = next(rows for title, rows in part.tables.items() if "lines" in title)
    figure, axes = _subplots(2, len(tables), 6.5)
    for column, ((title, rows), fit) in enumerate(zip(tables, fits, strict=True)):
        sizes = [row["size"] for row in rows]
        _curve(axes[0][column], sizes, rows, fit)
        axes[0][column].set_title(title.replace(", ms", ",\nms", 1))
        below = axes[1][column]
        below.plot(sizes, [row["ms for each"] * 1000 for row in rows], "o-", color=OURS, markersize=4)
        below.set_title("µs for each of them")
        below.set_xscale("log")
        below.xaxis.set_major_formatter(_plain)
        below.set_ylim(bottom=0)
        below.set_xlabel(f"{fit['over']}: number")
    figure.suptitle(part.title, x=0.01, ha="left", fontsize=12)
    return figure


def _curve(axis: Axes, sizes: Sequence[int], rows: Sequence[Mapping[str, Any]], fit: Mapping[str, Any]) -> None:
    middles = [statistics.median(row["ms"]) for row in rows]
    low = [middle - min(row["ms"]) for middle, row in zip(middles, rows, strict=True)]
    high = [max(row["ms"]) - middle for middle, row in zip(middles, rows, strict=True)]
    axis.errorbar(sizes, middles, yerr=[low, high], fmt="o", color=OURS, markersize=4, capsize=2)
    ends = [min(sizes), max(sizes)]
    line = [fit["at size 0"] + fit["for each unit"] * size for size in ends]
    axis.plot(
        ends, line, color=THIRD, linewidth=1, label=f"{fit['at size 0']:.2f} + {fit['for each unit']:.4f} per unit"
    )
    axis.legend(frameon=False, loc="upper left", fontsize=8)
    axis.set_ylim(bottom=0)


def _memory(part: Part) -> Figure:
    figure, axes = _subplots(1, 1, 3.6)
    axis = axes[0][0]
    for place, series in enumerate(part.series["memory"]):
        seconds, sizes = zip(*series["samples"], strict=True)
        axis.plot(seconds, sizes, label=series["process"], color=(OURS, THEIRS, "#56a3a6", THIRD)[place % 4])
    axis.set_ylim(bottom=0)
    axis.set_xlabel("seconds under load")
    axis.set_ylabel("resident MiB")
    axis.legend(frameon=False, ncols=2)
    axis.set_title(part.title)
    return figure


def _evaluation(part: Part) -> Figure:
    rows = list(reversed(next(iter(part.tables.values()))))
    figure, axes = _subplots(1, 1, 1.0 + 0.34 * len(rows))
    axis = axes[0][0]
    for place, row in enumerate(rows):
        middle = statistics.median(row["µs"])
        colour = THEIRS if row["what"].startswith("hand") else _LABELS[row["proposals"]]
        axis.barh(place, middle, color=colour, alpha=0.6, height=0.7)
        axis.plot([min(row["µs"]), max(row["µs"])], [place, place], color=INK, linewidth=1)
        text = f" {middle:,.0f} µs, {statistics.median(row['of the functions']):.1f} times the functions"
        axis.annotate(text, (max(row["µs"]), place), va="center", fontsize=8, color=INK)
    axis.set_yticks(range(len(rows)), [f"{row['what']}, {row['proposals']}" for row in rows], fontsize=8)
    axis.set_xlim(right=max(max(row["µs"]) for row in rows) * 1.35)
    axis.set_xlabel("µs of processor time; bar the median, line from least to greatest round")
    axis.set_title(part.title)
    return figure
