"""The benchmark runs, and what it computes is what it says."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest

from readygate_server.adapters.proposals.validation import validate_proposal
from readygate_server.adapters.rulefiles.loader import load_rulesets
from tests.bench.generator import Calls, Generator, Seen, generator
from tests.bench.lanes import at, histogram, stalls
from tests.bench.load import Closed, Open
from tests.bench.many_rules import files_of
from tests.bench.marks import MARK, PLACE, numbered, placed
from tests.bench.part_curves import line
from tests.bench.part_generator import go_echo
from tests.bench.portfolio import portfolio, with_assets

PARTS = ("calls", "evaluation", "start", "memory")
ASSETS = ("data_sources", "apis", "workflows")
needs_go = pytest.mark.skipif(shutil.which("go") is None, reason="there is no Go")


def test_a_quick_run_writes_figures_of_every_part(tmp_path: Path) -> None:
    """With Python alone, every part that needs no more gives figures, and report and raw numbers are written."""
    command = [sys.executable, "-m", "tests.bench", "--quick", "--python", "--out", str(tmp_path), *PARTS]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    raw = json.loads((tmp_path / "raw.json").read_text(encoding="utf-8"))
    assert [part["name"] for part in raw["parts"]] == list(PARTS)
    assert {"machine", "began", "took"} <= set(raw["about"])
    for part in raw["parts"]:
        assert part["lanes"] or part["tables"]
        for lane in part["lanes"]:
            assert lane["calls"] > 0
            assert lane["failed"] == 0
            assert 0 < lane["ms"]["p50"] <= lane["ms"]["p99"] <= lane["ms"]["max"]
    assert "One proposal per call" in (tmp_path / "report.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("shared", [False, True])
def test_proposals_of_a_portfolio_are_sound_and_differ(shared: bool) -> None:
    """Every proposal of a portfolio can be judged, and no two say the same."""
    proposals = portfolio(30, shared=shared)
    wires = [numbered(each.SerializeToString(), 7) for each in proposals]
    assert len(set(wires)) == 30
    for each, wire in zip(proposals, wires, strict=True):
        assert not validate_proposal(type(each).FromString(wire))


def test_new_proposals_have_no_asset_in_common() -> None:
    """No asset of one new proposal is an asset of another, even with its number left out."""
    assets = [
        asset.SerializeToString()
        for each in portfolio(20, shared=False)
        for name in ASSETS
        for asset in getattr(each, name)
    ]
    assert len(set(assets)) == len(assets) == 20 * 15


def test_shared_proposals_draw_their_assets_from_one_registry() -> None:
    """Many shared proposals name no more assets than the registry has, and their assets come with their evidence."""
    proposals = portfolio(150, shared=True)
    for name, wanted in (("data_sources", 60), ("apis", 60), ("workflows", 40)):
        assets = {asset.SerializeToString() for each in proposals for asset in getattr(each, name)}
        assert len(assets) == wanted
        assert not any(MARK.encode() in asset for asset in assets)
    for each in proposals:
        ids = {asset.id for name in ASSETS for asset in getattr(each, name)}
        assert len(ids) == 15
        assert {entry.subject for entry in each.evidence} == {"", *ids}


def test_proposals_of_any_size_are_sound() -> None:
    """A proposal with one asset or with hundreds has as many as asked for, and can be judged."""
    for count in (1, 3, 50, 500):
        proposal = with_assets(count)
        assert sum(len(getattr(proposal, name)) for name in ASSETS) == count
        assert not validate_proposal(proposal)


def test_rulesets_of_any_size_load() -> None:
    """The packaged rules make rulesets with fewer rules, and with more under new ids."""
    for count in (10, 150):
        (ruleset,) = load_rulesets(files_of(count)).rulesets
        assert len({rule.id for rule in ruleset.rules}) == count


def test_marks_are_replaced_by_numbers_of_the_same_length() -> None:
    """A number goes wherever a mark is, and a place in a batch before it, without a byte more or fewer."""
    message = f"a-{PLACE}{MARK} b-{PLACE}{MARK}".encode()
    assert numbered(message, 255) == b"a-0000000000ff b-0000000000ff"
    assert numbered(placed(message, 3), 255) == b"a-0003000000ff b-0003000000ff"
    assert len(numbered(message, 1 << 40)) == len(message)


def test_percentiles_are_of_all_values() -> None:
    """The 99th percentile of a hundred values is the greatest, the median the one after the first half."""
    values = list(range(1, 101))
    assert (at(values, 0.5), at(values, 0.99), at([7], 0.999)) == (51, 100, 7)


def test_a_stall_is_seen_in_its_second() -> None:
    """Windows of one second show the slow one, and the longest time without a call."""
    moments = array("I", [*range(0, 1_000_000, 10_000), 1_900_000, *range(2_000_000, 3_000_000, 10_000)])
    times = array("I", [1_000] * 100 + [900_000] + [1_000] * 100)
    found = stalls([Seen(3.0, moments, times, 0.0, 0.0)])
    assert found == {"worst_window_p99_ms": 900.0, "fewest_calls_in_a_window": 1, "longest_gap_ms": 910.0}


def test_a_histogram_holds_every_call() -> None:
    """Calls are counted by their time, rounded to two digits."""
    assert histogram([7, 123, 124, 129, 4_560]) == {7: 1, 120: 2, 130: 1, 4_600: 1}


def test_a_line_through_points_on_a_line_is_that_line() -> None:
    """Points on a line give its start and slope without error; points on a parabola give an exponent near two."""
    fit = line({size: 3 + 0.5 * size for size in (1, 10, 100)})
    assert fit["at size 0"] == pytest.approx(3)
    assert fit["for each unit"] == pytest.approx(0.5)
    assert fit["greatest relative error of the line"] == pytest.approx(0, abs=1e-9)
    assert line({size: size**2 for size in (1, 10, 100)})["exponent between middle and largest"] == pytest.approx(2)


@pytest.fixture(name="load")
def _load() -> Iterator[Generator]:
    with generator(()) as load:
        yield load


@needs_go
@pytest.mark.parametrize(("wire", "path"), [("grpc", "/bench.Echo/77"), ("http", "/bench/77")])
def test_calls_are_counted_and_timed(load: Generator, wire: str, path: str) -> None:
    """A closed loop counts the calls of its window; every reply has the size that was asked for."""
    with go_echo(()) as servers:
        server = servers[wire == "http"]
        calls = Calls(server.address, path, [bytes(50)], "http" if wire == "http" else "grpc")
        assert [len(reply) for reply in load.ask(calls)] == [77]
        began = threading.Event()
        seen = load.drive(calls, Closed(4), warm_up=0.1, seconds=0.5, pids=server.pids, began=began)
    assert began.is_set()
    assert len(seen.times) == len(seen.moments) > 10
    assert max(seen.moments) < 500_000
    assert (seen.least_reply, seen.greatest_reply, seen.failed) == (77, 77, 0)


@needs_go
def test_an_open_loop_sends_what_is_due(load: Generator) -> None:
    """At 100 calls per second, half a second has 50 of them, spread evenly."""
    with go_echo(()) as (server, _):
        calls = Calls(server.address, "/bench.Echo/10", [b"x"])
        seen = load.drive(calls, Open(100), warm_up=0.1, seconds=0.5, pids=server.pids)
    assert len(seen.moments) in {49, 50, 51}
    gaps = {later - earlier for earlier, later in zip(sorted(seen.moments), sorted(seen.moments)[1:], strict=False)}
    assert max(gaps) - min(gaps) < 100
