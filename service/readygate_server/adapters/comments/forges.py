"""Where a comment goes: a pull request at GitHub or a merge request at GitLab, as the variables of the job say.

A comment is found again by the marker in its first line, and only among our own: whoever else writes the marker could
change that text afterwards.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol
from urllib.parse import quote

from readygate_server.adapters.comments.http import Api, ForgeError

_PER_PAGE: Final = 100
_MOST_PAGES: Final = 50
_PULL: Final = re.compile(r"refs/pull/([1-9][0-9]*)/")
_MARKER: Final = re.compile(r"<!-- readygate:\S+ -->")
_FORBIDDEN: Final = (401, 403, 404)


class Comment(NamedTuple):
    """A comment that is there: its id, its text and whether we wrote it."""

    id: int
    text: str
    ours: bool


class Forge(Protocol):
    """A change that can be commented on."""

    def comments(self) -> Iterator[Comment]:
        """Yields all comments, oldest first."""
        ...

    def add(self, text: str) -> None:
        """Writes a new comment."""
        ...

    def change(self, comment: Comment, text: str) -> None:
        """Writes a comment anew."""
        ...


def put_comment(forge: Forge, text: str) -> str:
    """Writes a text in the place of our comment with the same marker, or as a new one; returns what was done.

    Raises:
      ForgeError: when the text has no marker, or the forge does not do it.
    """
    marker = text.partition("\n")[0].strip()
    if not _MARKER.fullmatch(marker):
        raise ForgeError("the text has no marker in its first line; `readygate check --format markdown` writes one")
    for comment in forge.comments():
        if comment.ours and comment.text.partition("\n")[0].strip() == marker:
            if comment.text.rstrip() == text.rstrip():
                return "unchanged"
            forge.change(comment, text)
            return "changed"
    forge.add(text)
    return "added"


def forge_of(environment: Mapping[str, str]) -> Forge:
    """Returns the change that a job of GitHub or GitLab is about.

    Raises:
      ForgeError: when the variables name none, or no token.
    """
    if environment.get("GITHUB_ACTIONS"):
        return GitHub(environment)
    if environment.get("GITLAB_CI"):
        return GitLab(environment)
    raise ForgeError("this is no job of GitHub (GITHUB_ACTIONS) or GitLab (GITLAB_CI), so that there is no change")


class GitHub:
    """A pull request at GitHub."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Reads the variables that a runner sets, and GITHUB_TOKEN."""
        token = _token(environment, "GITHUB_TOKEN")
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}
        self._api = Api(environment.get("GITHUB_API_URL") or "https://api.github.com", headers)
        self._repository = f"/repos/{quote(_needed(environment, 'GITHUB_REPOSITORY'))}"
        self._comments = f"{self._repository}/issues/{_pull_request(environment)}/comments"

    def comments(self) -> Iterator[Comment]:
        """Yields all comments, oldest first."""
        login = self._login()
        for each in _pages(self._api, self._comments):
            user = _person(each, "user")
            ours = user.get("login") == login if login else user.get("type") == "Bot"
            yield Comment(each["id"], str(each.get("body") or ""), ours)

    def _login(self) -> str:
        """Returns who we are; nothing with the token of a job, which may not ask and writes as a bot."""
        try:
            return str(self._api.one("/user").get("login", ""))
        except ForgeError as error:
            if error.status in _FORBIDDEN:
                return ""
            raise

    def add(self, text: str) -> None:
        """Writes a new comment."""
        self._api.call("POST", self._comments, {"body": text})

    def change(self, comment: Comment, text: str) -> None:
        """Writes a comment anew."""
        self._api.call("PATCH", f"{self._repository}/issues/comments/{comment.id}", {"body": text})


class GitLab:
    """A merge request at GitLab."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Reads the variables that a runner sets, and GITLAB_TOKEN: the token of a job may not comment."""
        self._api = Api(_needed(environment, "CI_API_V4_URL"), {"PRIVATE-TOKEN": _token(environment, "GITLAB_TOKEN")})
        project = quote(_needed(environment, "CI_PROJECT_ID"), safe="")
        change = _needed(environment, "CI_MERGE_REQUEST_IID", "this is no pipeline of a merge request")
        self._notes = f"/projects/{project}/merge_requests/{quote(change, safe='')}/notes"

    def comments(self) -> Iterator[Comment]:
        """Yields all comments, oldest first."""
        us = self._api.one("/user").get("id")
        for each in _pages(self._api, self._notes, "&sort=asc&order_by=created_at"):
            ours = us is not None and _person(each, "author").get("id") == us
            yield Comment(each["id"], str(each.get("body") or ""), ours)

    def add(self, text: str) -> None:
        """Writes a new comment."""
        self._api.call("POST", self._notes, {"body": text})

    def change(self, comment: Comment, text: str) -> None:
        """Writes a comment anew."""
        self._api.call("PUT", f"{self._notes}/{comment.id}", {"body": text})


def _pages(api: Api, path: str, more: str = "") -> Iterator[dict[str, Any]]:
    for number in range(1, _MOST_PAGES + 1):
        page = api.many(f"{path}?per_page={_PER_PAGE}&page={number}{more}")
        yield from page
        if len(page) < _PER_PAGE:
            return


def _person(comment: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Returns who wrote a comment; nothing when that is not said."""
    found = comment.get(name)
    return found if isinstance(found, dict) else {}


def _needed(environment: Mapping[str, str], name: str, why: str = "") -> str:
    found = environment.get(name, "")
    if not found:
        raise ForgeError(why or f"{name} is not set")
    return found


def _token(environment: Mapping[str, str], name: str) -> str:
    """Returns a token without the line end that files have; what else can not stand in a header is never repeated."""
    token = _needed(environment, name).strip()
    if not (token.isascii() and token.isprintable()):
        raise ForgeError(f"{name} has characters that no token has")
    return token


def _pull_request(environment: Mapping[str, str]) -> int:
    """Returns the number of the pull request, from the event or else the reference."""
    if (event := environment.get("GITHUB_EVENT_PATH", "")) and Path(event).is_file():
        try:
            found = json.loads(Path(event).read_text(encoding="utf-8"))
            number = (found.get("pull_request") or {}).get("number")
        except (OSError, ValueError, AttributeError):
            raise ForgeError(f"{event}: this is no event of GitHub") from None
        if isinstance(number, int):
            return number
    if match := _PULL.match(environment.get("GITHUB_REF", "")):
        return int(match[1])
    raise ForgeError("this is no job of a pull request")
