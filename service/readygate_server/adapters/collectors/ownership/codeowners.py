"""Reads CODEOWNERS as GitHub and GitLab do: of the rules for a path the last one counts, on GitLab in each section."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from readygate_server.adapters.collectors.ownership.owners import Owner, code_owner
from readygate_server.adapters.collectors.ownership.patterns import matches
from readygate_server.adapters.collectors.port import ArtefactFault, ArtefactLimitError

MAX_BYTES: Final = 3_000_000
"""GitHub loads no larger file."""
MAX_RULES: Final = 100_000
_LONGEST_LINE: Final = 10_000
_SECTION: Final = re.compile(r"\^?\[[^\]]+\](\[\d+\])?")


class Rule(NamedTuple):
    """Who owns what a pattern covers; nobody when there are no owners."""

    section: str
    pattern: str
    owners: tuple[str, ...]
    excludes: bool = False


class CodeOwners(NamedTuple):
    """The rules of a file. `unread` counts lines that mean nothing there, which the hosts pass over as well."""

    rules: tuple[Rule, ...]
    gitlab: bool
    unread: int

    def of(self, path: str) -> tuple[Owner, ...] | None:
        """Returns the owners of a path; None when no rule covers it."""
        last: dict[str, Rule] = {}
        for rule in self.rules:
            if matches(rule.pattern, path):
                last[rule.section] = rule
        if not last:
            return None
        words = dict.fromkeys(word for rule in last.values() if not rule.excludes for word in rule.owners)
        return tuple(code_owner(word, gitlab=self.gitlab) for word in words)

    def below(self, path: str) -> int:
        """Returns how many rules are about something within a folder only, so that it may have other owners."""
        folder = path.strip("/") + "/"
        return sum(
            rule.pattern.lstrip("/").startswith(folder) and rule.pattern.strip("/") + "/" != folder
            for rule in self.rules
        )


def read_code_owners(text: str, place: str, *, gitlab: bool = False) -> CodeOwners:
    """Reads the text of a file. Sections in it, or its folder, say that it is of GitLab.

    Raises:
      ArtefactLimitError: when it has more rules than are read.
    """
    lines = [line.strip() for line in text.splitlines()]
    gitlab = gitlab or any(_SECTION.match(line) for line in lines)
    rules: list[Rule] = []
    unread, section = 0, ""
    defaults: tuple[str, ...] = ()
    for line in lines:
        if not line or line.startswith("#"):
            continue
        if len(rules) >= MAX_RULES:
            raise ArtefactLimitError(ArtefactFault(place, "too many rules", expected=f"at most {MAX_RULES}"))
        if gitlab and (header := _SECTION.match(line)) is not None:
            section = header[0].lstrip("^").partition("]")[0].lower()
            defaults = tuple(_owners(line[header.end() :]))
        elif (rule := _rule(line, section, defaults, gitlab=gitlab)) is not None:
            rules.append(rule)
        else:
            unread += 1
    return CodeOwners(tuple(rules), gitlab, unread)


def _rule(line: str, section: str, defaults: tuple[str, ...], *, gitlab: bool) -> Rule | None:
    if len(line) > _LONGEST_LINE:
        return None
    pattern, rest = _pattern(line)
    excludes = gitlab and pattern.startswith("!")
    pattern = pattern[1:] if excludes else pattern
    if not pattern.strip("/") or pattern.startswith("!") or (not gitlab and "[" in pattern):
        return None
    return Rule(section, pattern, tuple(_owners(rest)) or defaults, excludes)


def _pattern(line: str) -> tuple[str, str]:
    """Returns a pattern, in which a backslash takes the meaning from the next character, and what follows it."""
    text: list[str] = []
    characters = iter(enumerate(line))
    for place, character in characters:
        if character == "\\":
            text.append(next(characters, (0, ""))[1])
        elif character.isspace():
            return "".join(text), line[place:]
        else:
            text.append(character)
    return "".join(text), ""


def _owners(text: str) -> Iterator[str]:
    for word in text.split():
        if word.startswith("#"):
            return
        yield word
