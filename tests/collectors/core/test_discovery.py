"""What a folder holds: which files are looked at, and which asset each is about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.collectors.core.test_runner import SMALL, entry

from readygate_server.adapters.collectors import folders
from readygate_server.adapters.collectors.contract import environment
from readygate_server.adapters.collectors.discovery import Asset, Find, finds_of, id_of
from readygate_server.adapters.collectors.folders import walk
from readygate_server.adapters.collectors.frames import Sighting
from readygate_server.adapters.collectors.registry import Entry
from readygate_server.adapters.collectors.runner import Runner
from readygate_server.domain.vocabulary import Scope

ORDERS = Sighting("api/orders.yaml", "openapi", ("api",), "OpenAPI", "Orders API", "The orders", "high", (), (), ())
ASSETS = [Asset(Scope.API, "orders-api"), Asset(Scope.API, "billing"), Asset(Scope.SOURCE, "crm", "Customers")]


def find(sighting: Sighting, assets: list[Asset] | None = None, *, asset: str = "") -> Find:
    """Returns the find of one file, of which an asset may be told."""
    return finds_of([sighting], assets, {sighting.path: asset} if asset else {})[0]


def test_without_a_proposal_a_file_is_its_own_asset() -> None:
    """The id is made of what the file calls itself; a file that calls itself nothing has to be told."""
    assert (find(ORDERS).asset, find(ORDERS).told) == ("orders-api", ())
    assert find(ORDERS._replace(id="???")).told == ("needs --asset",)
    assert find(ORDERS, asset="shop").asset == "shop"


@pytest.mark.parametrize(
    ("changes", "asset", "told"),
    [
        ({}, "orders-api", ()),
        ({"id": "payments", "title": "Billing"}, "billing", ()),
        ({"scopes": ("source",), "id": "customers"}, "crm", ()),
        ({"id": "payments"}, "", ("which asset? orders-api, billing",)),
        ({"id": "crm"}, "", ("which asset? orders-api, billing; the data source crm has its name",)),
        ({"scopes": ("workflow",), "id": "x"}, "", ("is about a workflow, and the proposal names none",)),
        (
            {"scopes": ("workflow",)},
            "",
            ("is about a workflow, and the proposal names none; the API orders-api has its name",),
        ),
        ({"confidence": "low"}, "orders-api", ("only looks like it",)),
        ({"needs": ("key", "case")}, "orders-api", ("needs --key, --case",)),
        ({"scopes": ("source", "api")}, "orders-api", ()),
    ],
)
def test_the_assets_of_a_proposal_are_matched_by_id_and_title(
    changes: dict[str, Any], asset: str, told: tuple[str, ...]
) -> None:
    """Only an equal id or title is certain; everything else is asked."""
    found = find(ORDERS._replace(**changes), ASSETS)

    assert (found.asset, found.told, found.is_certain) == (asset, told, not told)


def test_a_likely_asset_is_proposed_and_never_taken() -> None:
    """A near name, or the only asset of the kind, is said to be likely, but not where another kind has the name."""
    assert find(ORDERS._replace(id="order_api"), ASSETS).likely == "orders-api"
    only = find(ORDERS._replace(scopes=("source",), id="x", title=""), ASSETS)
    assert (only.asset, only.likely) == ("", "crm")
    assert find(ORDERS._replace(scopes=("source",), id="billing", title=""), ASSETS).likely == ""
    assert find(ORDERS._replace(id="billing-2026-10-28"), ASSETS).likely == "billing"
    assert find(ORDERS._replace(id="building"), ASSETS).likely == "billing"
    assert find(ORDERS._replace(id="evidence"), [Asset(Scope.API, "devices"), Asset(Scope.API, "x")]).likely == ""
    misspelt = find(ORDERS, ASSETS, asset="biling")
    assert (misspelt.asset, misspelt.likely, misspelt.told) == ("", "billing", ("the proposal has no 'biling' for it",))


def test_what_is_told_makes_a_guess_certain() -> None:
    """Who says of which asset a file is need not say it again."""
    assert find(ORDERS._replace(confidence="low", id="x"), ASSETS, asset="billing").is_certain


def test_the_scope_is_that_of_the_asset() -> None:
    """A collector of several kinds of assets speaks of the kind that the proposal has."""
    assert find(ORDERS._replace(scopes=("source", "api")), ASSETS).scope is Scope.API


def test_several_files_of_one_asset_are_asked_about() -> None:
    """Neither is collected until somebody says which; two collectors do not stand in each other's way."""
    old, other = ORDERS._replace(path="old/orders.yaml"), ORDERS._replace(path="orders.proto", collector="interfaces")
    finds = {each.sighting.path: each for each in finds_of([ORDERS, old, other], ASSETS, {})}

    assert finds["orders.proto"].is_certain
    assert finds["old/orders.yaml"].told == ("several files are of this asset: which?",)
    assert not finds[ORDERS.path].is_certain
    told = finds_of([ORDERS, old, other], ASSETS, {ORDERS.path: "orders-api"})
    assert [each.sighting.path for each in told if each.is_certain] == [ORDERS.path, "orders.proto"]


def test_one_id_for_two_kinds_of_assets_is_asked_about() -> None:
    """Ids are unique among all assets; a guess that is not collected is in nobody's way."""
    table = ORDERS._replace(path="orders.csv", collector="table", scopes=("source",), id="orders-api")

    assert all(each.told == ("another kind of asset has this id",) for each in finds_of([ORDERS, table], None, {}))
    guess = table._replace(confidence="low")
    assert [each.is_certain for each in finds_of([ORDERS, guess], None, {})] == [True, False]


def test_files_that_are_read_along_and_weaker_guesses_are_left_out() -> None:
    """Results beside a manifest are no find of their own, nor is what another collector is not sure of."""
    manifest = ORDERS._replace(path="manifest.json", collector="dbt", scopes=("source",), along=("run_results.json",))
    results = manifest._replace(path="run_results.json", along=())
    guess = ORDERS._replace(path="manifest.json", collector="table", confidence="low")

    assert [each.sighting for each in finds_of([manifest, results, guess], None, {})] == [manifest]


@pytest.mark.parametrize(("text", "made"), [("Orders API (v2)", "orders-api-v2"), ("--", ""), ("Bücher", "b-cher")])
def test_ids_are_made_of_names(text: str, made: str) -> None:
    """What can not be in an id becomes a hyphen."""
    assert id_of(text) == made
    assert len(id_of(text * 40)) <= 63


def test_a_walk_is_ordered_and_leaves_out_what_is_not_the_teams(tmp_path: Path) -> None:
    """Hidden folders but those with owners, packages and links are not looked at, and links are counted."""
    for name in ("b/2.csv", "a.yaml", ".git/x", ".github/CODEOWNERS", "node_modules/y.json", "b/1.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "link.yaml").symlink_to(tmp_path / "a.yaml")
    walked = walk(tmp_path)

    assert [str(path.relative_to(tmp_path)) for path in walked.files] == [
        *("a.yaml", ".github/CODEOWNERS", "b/1.csv", "b/2.csv"),
    ]
    assert walked.left_out == ("links that are not followed: 1",)


def test_a_walk_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of too many files and too deep folders it is said that they were not looked at."""
    monkeypatch.setattr(folders, "MAX_FILES", 3)
    monkeypatch.setattr(folders, "MAX_DEPTH", 2)
    deep = tmp_path / "a" / "b" / "c"
    deep.mkdir(parents=True)
    (deep / "x").touch()
    assert walk(tmp_path) == ((), ("folders that are too deep: 1",))
    for number in range(5):
        (tmp_path / f"{number}").touch()

    assert len(walk(tmp_path).files) == 3
    assert "more than 3 files: the rest was not looked at" in walk(tmp_path).left_out


def test_a_scan_asks_every_collector_and_survives_a_broken_one(tmp_path: Path) -> None:
    """A collector that raises or can not be imported is told, and the others look all the same."""
    (tmp_path / "crm.lines").write_text("lines of crm\n")
    (tmp_path / "other.lines").write_text("something\n")
    curious, gone = (
        Entry("curious", "tests.collectors.core.sample:CURIOUS", "x", "1"),
        Entry("gone", "no_such:X", "", ""),
    )
    runner = Runner(SMALL, environment=environment({}), folder=tmp_path)

    scan = runner.scan([entry("lines"), curious, gone], [Path("crm.lines"), Path("other.lines"), Path("missing")])

    assert [(each.path, each.id, each.confidence, each.needs) for each in scan.sightings] == [
        ("crm.lines", "crm", "high", ()),
        ("other.lines", "other", "low", ("needed",)),
    ]
    assert [problem.partition(":")[0] for problem in scan.problems] == ["gone", "curious", "curious", "curious"]


def test_a_table_with_the_name_of_a_workflow_may_be_its_log() -> None:
    """Which collector reads logs is said where a table has the name of a workflow, and not decided."""
    table = ORDERS._replace(collector="table", scopes=("source",), id="returns", title="returns")
    found = find(table, [*ASSETS, Asset(Scope.WORKFLOW, "returns", "Returns")])
    assert (found.asset, found.told) == (
        "",
        ("which asset? crm; the workflow returns has its name: is it a log? readygate collect eventlog",),
    )
