"""Matches paths with the patterns of CODEOWNERS, in time that grows with the product of their lengths at most."""

from __future__ import annotations

from typing import Final

_ANY: Final = "**"


def matches(pattern: str, path: str) -> bool:
    """True when a pattern covers a path of a repository, or a folder on the way to it.

    As in .gitignore: a pattern without an inner slash matches at any depth, and a folder stands for all that is in it.
    `folder/*` covers what is directly in the folder, and no more.
    """
    anchored = pattern.startswith("/") or "/" in pattern.rstrip("/")[1:]
    only_folders = pattern.endswith("/")
    steps = [step for step in pattern.split("/") if step]
    if not steps:
        return False
    if not anchored:
        steps = [_ANY, *steps]
    parts = [part for part in path.split("/") if part]
    ends = _ends(steps, parts)
    if anchored and not only_folders and steps[-1] == "*":
        return len(parts) in ends and not path.endswith("/")
    # What is matched before the end of the path is a folder; the path itself is one when it ends with a slash.
    return any(end < len(parts) or not only_folders or path.endswith("/") for end in ends if end)


def _ends(steps: list[str], parts: list[str]) -> set[int]:
    """Returns how many parts of a path the steps of a pattern can use up."""
    ends = {0}
    for number, step in enumerate(steps):
        if step == _ANY:
            last = number == len(steps) - 1
            first = min(ends)
            ends = set(range(first + 1 if last else first, len(parts) + 1))
        else:
            ends = {end + 1 for end in ends if end < len(parts) and _fits(step, parts[end])}
        if not ends:
            break
    return ends


def _fits(step: str, part: str) -> bool:
    """True when a step, with `*` for any text and `?` for any character, is a part of a path."""
    at, star, resume, place = 0, -1, 0, 0
    while place < len(part):
        if at < len(step) and step[at] == "*":
            star, resume, at = at, place, at + 1
        elif at < len(step) and step[at] in ("?", part[place]):
            at, place = at + 1, place + 1
        elif star >= 0:
            at, resume = star + 1, resume + 1
            place = resume
        else:
            return False
    return all(each == "*" for each in step[at:])
