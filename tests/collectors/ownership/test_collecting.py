"""What a catalogue and CODEOWNERS give as facts about an asset."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from readygate_server.adapters.collectors.checks import result_problems
from readygate_server.adapters.collectors.ownership import COLLECTOR
from readygate_server.adapters.collectors.port import ArtefactError, OptionError, OptionValue, Recognition, Request
from readygate_server.domain.collected import Collected, Measured, Status, Subject
from readygate_server.domain.vocabulary import Grade, Scope

ENTITY = """\
apiVersion: backstage.io/v1alpha1
kind: {kind}
metadata:
  name: {name}
spec:
  type: openapi
  lifecycle: {lifecycle}
  owner: {owner}
"""
ORDERS = Subject(Scope.API, "orders")


def entity(owner: str, *, kind: str = "API", name: str = "orders", lifecycle: str = "production") -> str:
    """Returns an entity of a catalogue."""
    return ENTITY.format(kind=kind, name=name, lifecycle=lifecycle, owner=owner)


def collected(
    folder: Path, files: dict[str, str], subject: Subject = ORDERS, *, given: str = "", **options: OptionValue
) -> Collected:
    """Returns what the collector makes of a folder with files; its promises are held against it."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    named = {name.replace("_", "-"): value for name, value in options.items()}
    found = COLLECTOR.collect(Request((folder / given,), subject, named))
    assert list(result_problems(found, "ownership", subject)) == [] or not found.artefacts[0].uri
    return found


def person(found: Collected) -> Measured:
    """Returns the fact about who answers."""
    return next(fact for fact in found.facts if fact.fact.endswith(".owner.person"))


@pytest.mark.parametrize(
    ("owner", "status", "words"),
    [
        ("user:jane.doe", Status.STATED, ""),
        ("User:Default/jane.doe", Status.STATED, ""),
        ("group:payments", Status.NOT_STATED, "a team (group:default/payments) and no person"),
        ("payments", Status.NOT_STATED, "a team (group:default/payments)"),
        ("user:guest", Status.NOT_STATED, "a placeholder"),
        ("user:default/guest", Status.NOT_STATED, "a placeholder"),
        ("guests", Status.NOT_STATED, "a placeholder"),
        ("TODO", Status.NOT_STATED, "a placeholder"),
        ("'${{ values.owner }}'", Status.NOT_STATED, "a placeholder"),
        ("'{{ cookiecutter.owner }}'", Status.NOT_STATED, "a placeholder"),
        ("''", Status.NOT_STATED, "a placeholder"),
        ("null", Status.NOT_STATED, "names no owner"),
        ("[a, b]", Status.NOT_EVALUABLE, "no name of an owner"),
        ("component:payments", Status.NOT_EVALUABLE, "no name of an owner"),
        ("jane doe", Status.NOT_EVALUABLE, "no name of an owner"),
    ],
)
def test_only_a_person_answers(owner: str, status: Status, words: str, tmp_path: Path) -> None:
    """A user is a person, a group is not, and what is left of a template is nobody; never is a name kept."""
    found = collected(tmp_path, {"catalog-info.yaml": entity(owner)})
    fact = person(found)
    assert (fact.status, fact.value, fact.grade) == (
        status,
        "(named)" if status is Status.STATED else None,
        Grade.E1,
    )
    assert words in fact.reason
    assert "jane" not in repr(found)


def test_a_team_answers_where_that_is_said(tmp_path: Path) -> None:
    """With the option a team counts, by its name, and the parameters tell it."""
    files = {"catalog-info.yaml": entity("group:payments")}
    fact = person(collected(tmp_path, files, team_answers=True))
    assert (fact.value, dict(fact.parameters)["team_answers"]) == ("group:default/payments", "true")


def test_what_neither_file_can_say_is_not_stated(tmp_path: Path) -> None:
    """That the owner accepted, and when the owner can be reached, has no place in them."""
    found = collected(tmp_path, {"catalog-info.yaml": entity("user:jane")})
    silent = {fact.fact: fact.status for fact in found.facts if fact.status is not Status.STATED}
    assert silent == {
        "api.owner.accepted": Status.NOT_STATED,
        "api.owner.support_hours": Status.NOT_STATED,
    }


@pytest.mark.parametrize(
    ("lifecycle", "status", "value"),
    [
        ("production", Status.STATED, "active"),
        ("Deprecated", Status.STATED, "deprecated"),
        ("experimental", Status.NOT_EVALUABLE, None),
        ("''", Status.NOT_STATED, None),
    ],
)
def test_the_lifecycle_of_an_api(lifecycle: str, status: Status, value: str | None, tmp_path: Path) -> None:
    """Two of Backstage's words have a meaning in the catalogue of facts; the others are not guessed."""
    found = collected(tmp_path, {"catalog-info.yaml": entity("user:jane", lifecycle=lifecycle)})
    (fact,) = (fact for fact in found.facts if fact.fact == "api.lifecycle.status")
    assert (fact.status, fact.value) == (status, value)


@pytest.mark.parametrize("scope", [Scope.SOURCE, Scope.API, Scope.WORKFLOW])
def test_any_asset_has_an_owner(scope: Scope, tmp_path: Path) -> None:
    """The facts are of the scope that is asked for; only APIs have a lifecycle."""
    found = collected(tmp_path, {"catalog-info.yaml": entity("user:jane")}, Subject(scope, "orders"))
    assert {fact.fact.partition(".")[0] for fact in found.facts} == {scope.value}
    assert len(found.facts) == (4 if scope is Scope.API else 3)


def test_the_entity_is_named_like_the_asset_or_by_the_option(tmp_path: Path) -> None:
    """Of several documents the one that is called like the asset counts, or the one that is named."""
    both = entity("user:jane") + "---\n" + entity("group:payments", kind="Component", name="Refunds")
    files = {"catalog-info.yaml": both}
    assert person(collected(tmp_path, files)).status is Status.STATED
    refunds = collected(tmp_path, files, Subject(Scope.API, "refunds"))
    assert person(refunds).status is Status.NOT_STATED
    assert refunds == collected(tmp_path, files, Subject(Scope.API, "refunds"), entity="component:default/refunds")
    assert dict(person(refunds).parameters)["entity"] == "component:default/refunds"


@pytest.mark.parametrize(
    ("asset", "options", "words"),
    [
        ("other", {}, "one of api:default/orders, component:default/refunds"),
        ("orders", {"entity": "api:refunds"}, "it is not clear which entity is the asset"),
        ("orders", {"entity": "other/orders"}, "got other/orders"),
        ("orders", {"path": ("../x",)}, "no path in a repository"),
        ("orders", {"as_of": "yesterday"}, "no moment"),
    ],
)
def test_an_asset_that_is_not_there_is_asked_for(
    asset: str, options: dict[str, Any], words: str, tmp_path: Path
) -> None:
    """Which entity is meant is not guessed; the error names those that there are."""
    both = entity("user:jane") + "---\n" + entity("group:payments", kind="Component", name="refunds")
    with pytest.raises(OptionError, match=words):
        collected(tmp_path, {"catalog-info.yaml": both}, Subject(Scope.API, asset), **options)


def test_people_and_groups_are_no_assets(tmp_path: Path) -> None:
    """The only entity that can be an asset is the asset; of its group the notes count the members."""
    group = entity("user:boss", kind="Group", name="payments").replace("  type", "  members: [ann, bob]\n  type")
    depends = entity("payments", name="shop").replace("  type", "  dependsOn: [resource:db]\n  type")
    found = collected(tmp_path, {"catalog-info.yaml": group + "---\n" + depends})
    assert found.notes[0] == (
        "api:default/shop, of 2 entities; it needs 1 others, of which 1 are in none of the files, "
        "group:default/payments lists 2 members"
    )
    assert "ann" not in repr(found.facts)


def test_code_owners_of_all_paths_answer(tmp_path: Path) -> None:
    """Every path of the asset needs an owner; the last rule that covers it says who."""
    files = {".github/CODEOWNERS": "/a/ @jane\n/b/ @acme/payments\n/c/\n"}
    one = person(collected(tmp_path, files, path=("a/x",)))
    assert (one.status, one.value, one.coverage.examined) == (Status.STATED, "(named)", 1)
    mixed = person(collected(tmp_path, files, path=("a/x", "b/x")))
    assert (mixed.status, "team:acme/payments" in mixed.reason) == (Status.NOT_STATED, True)
    bare = person(collected(tmp_path, files, path=("a/x", "c/x", "d/x")))
    assert (bare.status, bare.reason) == (Status.NOT_STATED, "2 of 3 paths have no owner in CODEOWNERS")
    teams = person(collected(tmp_path, files, path=("a/x", "b/x"), team_answers=True))
    assert teams.value == "team:acme/payments"


def test_the_catalogue_comes_before_code_owners(tmp_path: Path) -> None:
    """CODEOWNERS answers where the catalogue names nobody, and is left alone when no path is named."""
    files = {"catalog-info.yaml": entity("user:guest"), "CODEOWNERS": "* @jane\n"}
    without = collected(tmp_path, files)
    assert person(without).status is Status.NOT_STATED
    assert [artefact.uri for artefact in without.artefacts] == ["catalog-info.yaml"]
    assert any("CODEOWNERS was not read" in note for note in without.notes)
    found = collected(tmp_path, files, path=("services/orders/",))
    assert (person(found).value, person(found).method) == ("(named)", "ownership.codeowners.v1")
    assert any("one rule covers every file" in note for note in found.notes)


def test_code_owners_alone_need_paths(tmp_path: Path) -> None:
    """Nothing else says what of a repository the asset is."""
    with pytest.raises(OptionError, match="CODEOWNERS is about paths, and none is named"):
        collected(tmp_path, {"CODEOWNERS": "* @jane\n"}, given="CODEOWNERS")


def test_the_folder_of_gitlab_says_whose_file_it_is(tmp_path: Path) -> None:
    """There a name may be of a person or a group, which can not be told."""
    found = collected(tmp_path, {".gitlab/CODEOWNERS": "* @jane\n"}, path=("x",))
    assert person(found).status is Status.NOT_EVALUABLE


def test_the_moment_is_that_of_the_files(tmp_path: Path) -> None:
    """It is the one that is given; when none is, a note says what follows."""
    files = {"catalog-info.yaml": entity("user:jane")}
    assert person(collected(tmp_path, files, as_of="2026-10-30")).as_of == datetime(2026, 10, 30, tzinfo=UTC)
    undated = collected(tmp_path, files)
    assert person(undated).as_of is None
    assert "without it the gate takes the facts for claims" in undated.notes[-1]


def test_the_same_files_give_the_same(tmp_path: Path) -> None:
    """Two runs are equal, wherever the folder is."""
    files = {"catalog-info.yaml": entity("user:jane"), "CODEOWNERS": "* @jane\n"}
    assert collected(tmp_path / "a", files, path=("x",)) == collected(tmp_path / "b", files, path=("x",))


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"catalog-info.yaml": "a: 1\na: 2\n"}, "twice|again|repeat"),
        ({"catalog-info.yaml": "[" * 300}, "deep"),
        (
            {
                "catalog-info.yaml": "a: &a [x]\nb: &b [*a, *a]\n"
                + "".join(f"{chr(99 + n)}: &{chr(99 + n)} [{', '.join(['*' + chr(98 + n)] * 99)}]\n" for n in range(9))
            },
            "alias|unfold|values",
        ),
        (
            {"catalog-info.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: 'a b'}\n"},
            "have none that can be an asset",
        ),
        ({"catalog-info.yaml": ""}, "have none that can be an asset"),
        ({"catalog-info.yaml": "- 1\n---\ntext\n---\n"}, "have none that can be an asset"),
        ({"CODEOWNERS": "x" * 3_000_001}, "the file is too large"),
        ({"README.md": "x"}, "there is no CODEOWNERS and no catalog-info.yaml"),
    ],
)
def test_what_can_not_be_read_is_an_error(files: dict[str, str], words: str, tmp_path: Path) -> None:
    """Texts that are no catalogue, bombs and large files end with a clear error."""
    with pytest.raises(ArtefactError, match=words):
        collected(tmp_path, files, path=("x",))


def test_files_of_other_kinds_are_refused(tmp_path: Path) -> None:
    """A file is named for what it is; two of CODEOWNERS are one too many."""
    with pytest.raises(ArtefactError, match="neither CODEOWNERS nor a catalogue"):
        collected(tmp_path, {"owners.txt": "x"}, given="owners.txt")
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "CODEOWNERS").write_text("* @jane\n")
    with pytest.raises(ArtefactError, match="one repository has one CODEOWNERS"):
        COLLECTOR.collect(Request((tmp_path / "a", tmp_path / "b"), ORDERS))


def test_files_are_recognised_by_name_and_content() -> None:
    """A catalogue of one API can be collected unasked; CODEOWNERS needs the paths."""
    one = entity("user:jane").encode()
    assert COLLECTOR.recognises(Path("catalog-info.yaml"), one) == Recognition(
        "Backstage catalogue", "orders", "orders", confidence="high", scope=Scope.API
    )
    component = COLLECTOR.recognises(Path("x/catalog-info.yaml"), one.replace(b"kind: API", b"kind: Component"))
    assert component is not None
    assert (component.id, component.confidence) == ("orders", "low")
    several = COLLECTOR.recognises(Path("shop/catalog-info.yaml"), one + b"---\n" + one)
    assert several is not None
    assert (several.id, several.needs) == ("shop", ("entity",))
    rules = COLLECTOR.recognises(Path(".github/CODEOWNERS"), b"* @jane")
    assert rules is not None
    assert rules.needs == ("path",)
    assert COLLECTOR.recognises(Path("catalog-info.yaml"), b"kind: Pod") is None
    assert COLLECTOR.recognises(Path("other.yaml"), one) is None
