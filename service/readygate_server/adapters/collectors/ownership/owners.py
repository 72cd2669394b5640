"""What the name of an owner is: of a person, of a team, of nobody, or nothing that can be told."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final, NamedTuple

_NOBODY: Final = frozenset(
    (
        *("anonymous", "dummy", "everyone", "example", "foo", "guest", "guests", "me", "n/a", "na", "nobody"),
        *("none", "null", "owner", "owners", "placeholder", "sample", "someone", "tba", "tbc", "tbd"),
        *("todo", "unassigned", "undefined", "unknown", "unowned", "user", "username", "x", "xxx"),
        *("your-name", "your-org", "your-team", "your-username", "yourname", "yourteam"),
    )
)
_TEMPLATE: Final = re.compile(r"\$\{|\{\{|\$\(|<[^>]*>|%[A-Za-z_]+%|__[A-Za-z]+__|\{%")
_ENTITY_NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_LOGIN: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,99}[A-Za-z0-9_])?")
_EMAIL: Final = re.compile(r"[^@\s]{1,100}@[^@\s]{1,200}")
_BOT: Final = re.compile(r".*(\[bot\]|[-_]bot)", re.IGNORECASE)


class Kind(Enum):
    """What a name stands for."""

    PERSON = "a person"
    TEAM = "a team"
    UNCLEAR = "an e-mail address, or a name that may be of a person or a group"
    NOBODY = "a placeholder"
    INVALID = "no name of an owner"


class Owner(NamedTuple):
    """Who is named. `team` is the name of a team as it is reported; the name of a person is not kept."""

    kind: Kind
    team: str = ""


def entity_owner(reference: object, namespace: str = "default") -> Owner:
    """Reads `spec.owner` of a catalogue: `[kind:][namespace/]name`, a group unless it says otherwise."""
    if not isinstance(reference, str):
        return Owner(Kind.INVALID)
    text = reference.strip()
    if not text or _TEMPLATE.search(text):
        return Owner(Kind.NOBODY)
    kind, colon, rest = text.rpartition(":")
    kind = kind.lower() if colon else "group"
    space, slash, name = rest.rpartition("/")
    space = space if slash else namespace
    if kind not in ("group", "user") or not (_ENTITY_NAME.fullmatch(name) and _ENTITY_NAME.fullmatch(space)):
        return Owner(Kind.INVALID)
    if name.lower() in _NOBODY or _BOT.fullmatch(name):
        return Owner(Kind.NOBODY)
    return Owner(Kind.PERSON) if kind == "user" else Owner(Kind.TEAM, f"group:{space}/{name}".lower())


def code_owner(word: str, *, gitlab: bool) -> Owner:
    """Reads an owner of a CODEOWNERS rule: `@name`, `@organisation/team`, or an e-mail address."""
    if _TEMPLATE.search(word):
        return Owner(Kind.NOBODY)
    if not word.startswith("@"):
        return Owner(Kind.UNCLEAR if _EMAIL.fullmatch(word) else Kind.INVALID)
    parts = word[1:].split("/")
    if word.startswith("@@"):  # a role of GitLab: whoever has it
        return Owner(Kind.UNCLEAR if gitlab else Kind.INVALID)
    if not all(map(_LOGIN.fullmatch, parts)) or (len(parts) > 2 and not gitlab):
        return Owner(Kind.INVALID)
    if parts[-1].lower() in _NOBODY or _BOT.fullmatch(parts[-1]):
        return Owner(Kind.NOBODY)
    if len(parts) > 1:
        return Owner(Kind.TEAM, f"team:{'/'.join(parts)}".lower())
    return Owner(Kind.UNCLEAR if gitlab else Kind.PERSON)
