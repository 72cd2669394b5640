"""`readygate comment`: one comment per marker, changed in its place, and only where it is our own."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from readygate_server.cli.main import main
from tests.ci.forge import NOTES, ONE, PULL, ForgeServer, forge
from tests.cli.command import Ran

MARKER = "<!-- readygate:check -->"
TEXT = f"{MARKER}\n### GO\n"


def github(server: ForgeServer) -> dict[str, str]:
    """Returns the variables of a job at GitHub."""
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": server.address,
        "GITHUB_REPOSITORY": "acme/agents",
        "GITHUB_REF": "refs/pull/12/merge",
        "GITHUB_EVENT_PATH": "",
        "GITHUB_TOKEN": "secret",
        "GITLAB_CI": "",
    }


def gitlab(server: ForgeServer) -> dict[str, str]:
    """Returns the variables of a job at GitLab."""
    return {
        "GITHUB_ACTIONS": "",
        "GITLAB_CI": "true",
        "CI_API_V4_URL": server.address,
        "CI_PROJECT_ID": "34",
        "CI_MERGE_REQUEST_IID": "12",
        "GITLAB_TOKEN": "secret",
    }


def comment(text: str, environment: dict[str, str]) -> Ran:
    """Runs the command with a report on standard input, in this process, because starting takes longer than it does."""
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.dict(os.environ, environment),
        patch("sys.stdin", io.StringIO(text)),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        code = main(["comment", "-"])
    return Ran(code, out.getvalue(), err.getvalue())


@pytest.mark.parametrize(
    ("variables", "added", "changed"),
    [(github, f"POST {PULL}", f"PATCH {ONE}102"), (gitlab, f"POST {NOTES}", f"PUT {NOTES}/102")],
)
def test_a_comment_is_added_once_and_then_changed(variables: object, added: str, changed: str) -> None:
    """The first run adds, a run with the same text does nothing, one with another changes the same comment."""
    assert callable(variables)
    with forge() as server:
        for number in range(101):  # so that it stands on the second page
            server.comment(f"comment {number}", by=1)
        texts = (TEXT, TEXT, TEXT + "more\n")
        said = [comment(text, variables(server)).out for text in texts]
        assert said == ["comment added\n", "comment unchanged\n", "comment changed\n"]
        assert server.changes == [added, changed]
        assert server.comments[101]["body"] == texts[-1]


@pytest.mark.parametrize("may_ask_who", [True, False])
def test_a_comment_of_somebody_else_is_left_alone(may_ask_who: bool) -> None:
    """Who writes our marker into a comment gets no text of ours into it, since it could be changed afterwards."""
    with forge(may_ask_who=may_ask_who) as server:
        server.comment(TEXT, by=1)
        ran = comment(TEXT + "more\n", github(server))
        assert (ran.code, ran.out, server.changes) == (0, "comment added\n", [f"POST {PULL}"])
        assert comment(TEXT + "again\n", github(server)).out == "comment changed\n"
        assert [each["body"] for each in server.comments] == [TEXT, TEXT + "again\n"]


def test_markers_tell_comments_apart() -> None:
    """Two workflows with markers of their own write two comments."""
    with forge() as server:
        other = TEXT.replace("check", "other")
        assert [comment(text, github(server)).out for text in (TEXT, other)] == ["comment added\n"] * 2


def test_a_token_is_not_sent_elsewhere() -> None:
    """A redirect is not followed, and an address without TLS is refused, loopback apart."""
    with forge() as server, forge() as other:
        server.redirect = f"{other.address}/user"
        assert comment(TEXT, github(server)).code == 4
        assert other.changes == []
        ran = comment(TEXT, github(server) | {"GITHUB_API_URL": "http://192.0.2.1"})
        assert (ran.code, "expected an https address" in ran.err) == (4, True)


def test_what_can_not_be_written_ends_with_4_and_its_reason() -> None:
    """A refused token, a job without a change, no job at all, and a text without marker are told apart."""
    with forge() as server:
        jobs = {
            "401": github(server) | {"GITHUB_TOKEN": "wrong"},
            "no job of a pull request": github(server) | {"GITHUB_REF": "refs/heads/main"},
            "no pipeline of a merge request": gitlab(server) | {"CI_MERGE_REQUEST_IID": ""},
            "GITLAB_TOKEN is not set": gitlab(server) | {"GITLAB_TOKEN": ""},
            "no job of GitHub": gitlab(server) | {"GITLAB_CI": ""},
        }
        for reason, variables in jobs.items():
            ran = comment(TEXT, variables)
            assert (ran.code, ran.out, reason in ran.err, "Traceback" in ran.err) == (4, "", True, False), ran.err
        assert "no marker" in comment("### GO\n", github(server)).err
        assert server.changes == []


@pytest.mark.parametrize("variables", [github, gitlab])
@pytest.mark.parametrize("there", [["text"], [{"body": "no id"}], [{"id": "text"}]])
def test_an_answer_that_no_forge_gives_ends_with_4(variables: Callable[..., dict[str, str]], there: list[Any]) -> None:
    """What stands in for the API, such as a page to log in, is told from it, and nothing is written."""
    with forge() as server:
        server.comments = there
        ran = comment(TEXT, variables(server))

    assert (ran.code, server.changes) == (4, [])
    assert "the answer is not what a forge says there" in ran.err


@pytest.mark.parametrize("variables", [github, gitlab])
def test_a_comment_that_says_not_whose_it_is_is_left_alone(variables: Callable[..., dict[str, str]]) -> None:
    """A comment whose author was deleted is nobody's, so that ours is added beside it."""
    with forge() as server:
        server.comments = [{"id": 1, "body": TEXT, "user": None, "author": "ghost"}]
        ran = comment(TEXT + "more", variables(server))

    assert (ran.code, len(server.comments)) == (0, 2)


def test_variables_that_are_none_are_named_and_no_token_is_shown(tmp_path: Path) -> None:
    """An address or an event that is none ends with 4; of a token only a line end is left out, none is shown."""
    event = tmp_path / "event.json"
    with forge() as server:
        for text in ("{bad", "[]", '{"pull_request": 5}'):
            event.write_text(text, encoding="utf-8")
            ran = comment(TEXT, github(server) | {"GITHUB_EVENT_PATH": str(event)})
            assert (ran.code, "this is no event of GitHub" in ran.err, "Traceback" in ran.err) == (4, True, False)
        ran = comment(TEXT, github(server) | {"GITHUB_API_URL": "http://["})
        assert (ran.code, "expected an https address" in ran.err) == (4, True)
        for variables in (github(server) | {"GITHUB_TOKEN": "sec\nret"}, gitlab(server) | {"GITLAB_TOKEN": "sec\nret"}):
            ran = comment(TEXT, variables)
            assert (ran.code, "no token has" in ran.err, "ret\n" in ran.err or "sec" in ran.err) == (4, True, False)
        assert server.changes == []
        assert comment(TEXT, gitlab(server) | {"GITLAB_TOKEN": "secret\n"}).out == "comment added\n"


def test_the_number_of_the_pull_request_comes_from_the_event(tmp_path: Path) -> None:
    """The event that started the job says which pull request it is about, whatever the reference is called."""
    event = tmp_path / "event.json"
    event.write_text('{"pull_request": {"number": 12}}', encoding="utf-8")
    with forge() as server:
        variables = github(server) | {"GITHUB_REF": "refs/heads/main", "GITHUB_EVENT_PATH": str(event)}
        assert comment(TEXT, variables).out == "comment added\n"
