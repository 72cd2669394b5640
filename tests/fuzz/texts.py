"""Damage to YAML and JSON: to their lines and values, and the constructs that exhaust a careless reader."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import Final

_ENTRY: Final = re.compile(r"^( *(?:- )?(?:[\w.-]+: ))(.+)$", re.MULTILINE)
_LAUGHS: Final = "\n".join(
    ["a0: &a0 [lol]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)), ""]
)
VALUES: Final = (
    "",
    "~",
    "null",
    "yes",
    "off",
    "True",
    "0",
    "-0",
    "-1",
    "00",
    "0x1F",
    "0o17",
    "1_000",
    "1:30",
    "0.5.1",
    "1e999",
    "-1e999",
    "1e-999",
    ".inf",
    "-.INF",
    ".nan",
    "9223372036854775807",
    "9223372036854775808",
    "9" * 5_000,
    "2026-01-01",
    "2026-02-30",
    "2026-01-01 10:00:00",
    "!!python/object/apply:os.system ['true']",
    "!!python/name:os.system",
    "!!binary aGVsbG8=",
    "!!float 1",
    "!<tag:yaml.org,2002:str> x",
    "!local {a: 1}",
    "&a [*a]",
    "&a {b: *a}",
    "*nowhere",
    "{<<: *nowhere}",
    "{<<: {id: other}}",
    "[]",
    "{}",
    "[[]]",
    "[1, two, {three: 3}]",
    "{a: 1, a: 2}",
    "{? [a, b] : c}",
    "{? {a: b} : c}",
    "[a, b",
    "{a: b",
    "'open",
    '"open',
    '"\\ud800"',
    '"\\x00"',
    '"\\u0000"',
    '"\\U0010FFFF"',
    '"\\q"',
    "|",
    ">-",
    "|9",
    "- a",
    "a: b: c",
    "@at",
    "`tick`",
    "%percent",
    "# nothing",
    "\u2028",
    "\u0085",
    "\u202e",
    "e\u0301",
    "\x00",
    "\x1b[31m",
    "\ufeff",
    "\ud800",
    "a\tb",
    "x" * 4_001,
)
_PIECES: Final = (
    "\t",
    "\t- x\n",
    "\r",
    "\r\n",
    "\x00",
    "\x07",
    "\ufeff",
    "\ufffe",
    "\ud83d",
    "\u2029",
    "\n---\n",
    "\n...\n",
    "\n...\nmore: text\n",
    "\n%YAML 9.9\n---\n",
    "\n%TAG ! tag:x,2000:\n---\n",
    "<<: *a\n",
    "? ",
    ": ",
    "- ",
    "{",
    "}",
    "[",
    "]",
    '"',
    "'",
    "#",
    "&a ",
    "*a ",
    "!!set ",
    "|\n",
    ",",
    "\\",
    "  ",
    "\n",
)
Damage = Callable[[Random, str], str]


def damaged_text(random: Random, text: str) -> str:
    """Returns a text with one to three damages."""
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        text = random.choice(_DAMAGES)(random, text)
    return text


def encoded(random: Random, text: str) -> bytes:
    """Returns a text as a file might hold it: in UTF-8 nearly always."""
    match random.randrange(40):
        case 0:
            return text.encode("utf-16", "surrogatepass")
        case 1:
            return text.encode("utf-32", "surrogatepass")
        case 2:
            return text.encode("latin-1", "replace")
        case 3:
            data = bytearray(text.encode("utf-8", "surrogatepass") or b"\x00")
            data[random.randrange(len(data))] ^= 1 << random.randrange(8)
            return bytes(data)
        case 4:
            return b"\xef\xbb\xbf" + text.encode("utf-8", "surrogatepass")
        case _:
            return text.encode("utf-8", "surrogatepass")


def bomb(random: Random) -> str:
    """Returns a text that is small and means much, or is deep, long or wide."""
    size = random.choice((10, 39, 40, 41, 100, 1_000, 10_000, 100_000))
    return random.choice(_BOMBS)(size)


def _other_value(random: Random, text: str) -> str:
    entries = list(_ENTRY.finditer(text))
    if not entries:
        return random.choice(VALUES)
    entry = random.choice(entries)
    return text[: entry.start(2)] + random.choice(VALUES) + text[entry.end(2) :]


def _other_line(random: Random, text: str) -> str:
    lines = text.split("\n")
    at = random.randrange(len(lines))
    match random.randrange(6):
        case 0:
            del lines[at]
        case 1:
            lines.insert(at, random.choice(lines))
        case 2:
            lines[at] = " " * random.choice((1, 2, 3, 8, 500)) + lines[at]
        case 3:
            lines[at] = lines[at].lstrip()
        case 4:
            lines[at] = lines[at].replace("  ", "\t", 1)
        case _:
            other = random.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
    return "\n".join(lines)


def _other_piece(random: Random, text: str) -> str:
    at = random.randrange(len(text) + 1)
    return text[:at] + random.choice(_PIECES) + text[at + random.choice((0, 0, 1, 5)) :]


def _other_character(random: Random, text: str) -> str:
    at = random.randrange(len(text) + 1)
    return text[:at] + chr(random.choice((random.randrange(128), random.randrange(0x110000)))) + text[at + 1 :]


def _cut(random: Random, text: str) -> str:
    return text[: random.randrange(len(text) + 1)]


def _other_ends(_: Random, text: str) -> str:
    return text.replace("\n", "\r\n")


def _bombed(random: Random, text: str) -> str:
    """Puts a small bomb where a value stood."""
    entries = list(_ENTRY.finditer(text))
    small = random.choice(_BOMBS)(random.choice((10, 40, 41, 100, 1_000)))
    if not entries or "\n" in small:
        return text + "\n" + small
    entry = random.choice(entries)
    return text[: entry.start(2)] + small + text[entry.end(2) :]


_DAMAGES: Final[tuple[Damage, ...]] = (
    _other_value,
    _other_value,
    _other_value,
    _other_line,
    _other_line,
    _other_piece,
    _other_piece,
    _other_character,
    _cut,
    _other_ends,
    _bombed,
)
_BOMBS: Final[tuple[Callable[[int], str], ...]] = (
    lambda _: _LAUGHS,
    lambda _: "&a {<<: *a, b: *a}",
    lambda _: "&a [&b [*a, *b], *a]",
    lambda size: "[" * size,
    lambda size: "[" * size + "]" * size,
    lambda size: "{a: " * size + "1" + "}" * size,
    lambda size: '{"a":' * size,
    lambda size: "- " * size + "x",
    lambda size: "? " * size + "x",
    lambda size: "[? " * min(size, 10_000),
    lambda size: "{? [" * min(size, 10_000),
    lambda size: "\n".join(" " * depth + "a:" for depth in range(min(size, 1_000))),
    lambda size: "a: " + "x" * size * 8,
    lambda size: "a: '" + "''" * size + "'",
    lambda size: 'a: "' + "\\u00e9" * size + '"',
    lambda size: 'a: "' + "\\\n" * size + '"',
    lambda size: "a: |\n" + " x\n" * size,
    lambda size: "k" * size + ": 1",
    lambda size: "\n".join(f"key{number}: {number}" for number in range(size // 2)),
    lambda size: "same: 1\n" * size,
    lambda size: "[" + "1," * size + "]",
    lambda size: "[" + "[]," * size + "]",
    lambda size: "[" + "*a," * min(size, 10_000) + "]",
    lambda size: "a: " + "&x " * size,
    lambda size: "!" + "a" * size + " x",
    lambda size: "%" + "Y" * size,
    lambda size: "#" * size * 8,
    lambda size: "\n" * size * 8,
    lambda size: " " * size * 8 + "a",
    lambda size: "---\n" * size,
    lambda size: "'" * size,
    lambda size: "{" + "a" * size + "}",
    lambda size: "1" * size,
    lambda size: "1e" + "9" * size,
    lambda size: "0." + "1" * size,
    lambda size: "x" * (1 << 20) + "y" * (size - 10),
)
