"""Moments come out the same whether their offset was met before or not."""

from __future__ import annotations

import random

from readygate_server.adapters.collectors.eventlog.times import Clock

_TEXTS = (
    "2026-03-01T10:00:00.546+02:00",
    "2026-03-01T10:00:00.-05:00",
    "2026-03-01 10:00-05:00",
    "2026-03-01+02:00",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59.999999-12:00",
    "1969-12-31T23:59:59.5-00:00",
    "2026-03-01T10:00:00Z",
    "2026-03-01T10:00:00",
    "2026-03-01T10:00:00+01:00+02:00",
    "2026-03-01T10:00:00+02:00:30",
)


def _damaged(chance: random.Random) -> str:
    letters = list(chance.choice(_TEXTS))
    for _ in range(chance.randint(0, 3)):
        letters[chance.randrange(len(letters))] = chance.choice(["", *"0123456789+-:TZ. "])
    return "".join(letters) or "0"


def test_a_clock_reads_each_text_as_a_new_clock_does() -> None:
    """What was read before changes no moment, and which texts say no timezone is counted alike."""
    chance = random.Random(5)  # noqa: S311
    one, naive, read = Clock(), 0, 0
    for text in [_damaged(chance) for _ in range(20_000)]:
        fresh = Clock()
        moment = fresh.read(text)
        assert one.read(text) == moment, text
        naive += fresh.naive
        read += moment is not None
    assert one.naive == naive
    assert read > 5_000
