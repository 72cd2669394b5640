"""Damage to JSON, and to the base64 and PEM that stand in it."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, Final

from tests.fuzz.texts import bomb, damaged_text
from tests.fuzz.wire import damaged_bytes

_PEM: Final = "-----BEGIN PUBLIC KEY-----"
_DEEP: Final = 900
VALUES: Final[tuple[Any, ...]] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    4,
    5,
    1.5,
    -0.0,
    float("inf"),
    float("nan"),
    2**31,
    2**63 - 1,
    2**64,
    10**400,
    "",
    " ",
    "0",
    "\ud800",
    "\x00",
    "\u202e",
    "x" * 5_000,
    "GO",
    "NO_GO",
    "active",
    "revoked",
    "checkpoint",
    "ed25519",
    "rsa-pss-sha256",
    "none",
    "HS256",
    "https://[",
    "2026-02-30T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "2026-11-01T24:00:00Z",
    "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    [],
    {},
    [[]],
    [None],
    {"a": 1},
    ["x"] * 100,
)
_Place = tuple[Any, Any]


def damaged_json(random: Random, text: str) -> str:
    """Returns a JSON text with some of its values changed, or with its characters damaged, seldom a bomb."""
    chance = random.random()
    if chance < 0.25:
        return damaged_text(random, text)
    if chance < 0.26:
        return random.choice(_BOMBS)(random)
    data = json.loads(text)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        places = list(_places(data))
        if places:
            _damage(random, *random.choice(places))
    written = json.dumps(data, ensure_ascii=random.random() < 0.5, indent=random.choice((None, None, 1)))
    return written.replace("Infinity", "1e999") if random.random() < 0.5 else written


def damaged_base64(random: Random, text: str) -> str:
    """Returns base64 of damaged bytes, or damaged base64."""
    try:
        data = base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        data = b""
    if not data or random.random() < 0.2:
        return damaged_text(random, text)
    return base64.b64encode(damaged_bytes(random, data, random.randbytes(40))).decode()


def damaged_pem(random: Random, text: str) -> str:
    """Returns PEM of a damaged key."""
    der = base64.b64decode("".join(line for line in text.splitlines() if not line.startswith("--")))
    body = base64.b64encode(damaged_bytes(random, der, random.randbytes(40))).decode()
    return f"{_PEM}\n{body}\n-----END PUBLIC KEY-----\n"


def _places(data: Any) -> Iterator[_Place]:
    keys = list(data) if isinstance(data, dict) else list(range(len(data))) if isinstance(data, list) else []
    for key in keys:
        yield data, key
        yield from _places(data[key])


def _damage(random: Random, inside: Any, key: Any) -> None:
    value = inside[key]
    match random.randrange(8):
        case 0:
            del inside[key]
        case 1 if isinstance(inside, list):
            inside.extend([copy.deepcopy(value)] * random.choice((1, 2, 70)))
        case 1:
            inside[f"{key}{random.choice(('', ' ', 'x'))}"] = copy.deepcopy(value)
            inside[random.choice(("extra", "__class__", "payload"))] = random.choice(VALUES)
        case 2 if isinstance(value, list):
            random.shuffle(value)
        case 3 | 4 | 5 if isinstance(value, str) and value:
            if value.startswith(_PEM):
                inside[key] = damaged_pem(random, value)
            else:
                inside[key] = random.choice((damaged_base64, damaged_text))(random, value)
        case _:
            inside[key] = copy.deepcopy(random.choice(VALUES))


def _twins(random: Random) -> str:
    names = [f'"{number}":0' for number in range(random.choice((1_000, 100_000, 200_000)))]
    return "{" + ",".join([*names, names[-1]]) + "}"


_BOMBS: Final[tuple[Callable[[Random], str], ...]] = (
    bomb,
    _twins,
    lambda random: '{"a":' * random.choice((_DEEP, 100_000)),
    lambda random: '{"keys":' + "[" * random.choice((_DEEP, 100_000)),
    lambda random: '{"number":' + "9" * random.choice((4_300, 4_301, 1_000_000)) + "}",
    lambda _: '{"a":"' + "x" * (5 << 20) + '"}',
    lambda _: '{"keys":[' + ",".join(["{}"] * 200_000) + "]}",
)
