"""The reader of XES sees in any tree what a reader that holds the whole tree sees."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from readygate_server.adapters.collectors import xml_events
from readygate_server.adapters.collectors.eventlog.log import STANDARD
from readygate_server.adapters.collectors.eventlog.times import Clock
from readygate_server.adapters.collectors.eventlog.xes import read_xes

_KEYS = ("concept:name", "time:timestamp", "lifecycle:transition", "org:resource", "cost")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _attribute(chance: random.Random, depth: int) -> ET.Element:
    key = chance.choice(_KEYS)
    value = "2026-03-01T10:00:00+01:00" if key == "time:timestamp" else chance.choice(["a", "b & <c>", "", "é"])
    pairs = [("key", key), ("value", value), ("id", "7")][: chance.choice([1, 2, 2, 2, 2, 3])]
    chance.shuffle(pairs)
    found = ET.Element("string", dict(pairs))
    if depth < 3 and chance.random() < 0.2:
        found.extend(_attribute(chance, depth + 1) for _ in range(chance.randint(1, 3)))
    return found


def _log(chance: random.Random) -> ET.Element:
    log = ET.Element("log")
    for _ in range(chance.randint(0, 5)):
        if chance.random() < 0.3:
            log.append(_attribute(chance, 0))
        trace = ET.SubElement(log, "trace")
        for _ in range(chance.randint(0, 5)):
            if chance.random() < 0.2:
                trace.append(_attribute(chance, 0))
            event = ET.SubElement(trace, "event")
            event.extend(_attribute(chance, 0) for _ in range(chance.randint(0, 6)))
            event.text = chance.choice([None, "\n  "])
    return log


def _seen(log: ET.Element) -> list[tuple[int, str, int, str | None, str | None]]:
    """Returns the events that can be used, by way of the tree."""
    found = []
    for case, trace in enumerate(log.findall("trace")):
        for event in trace.findall("event"):
            own = {each.get("key"): each.get("value", "") for each in event}
            if own.get("concept:name") and own.get("time:timestamp"):
                moment = (datetime.fromisoformat(own["time:timestamp"]) - _EPOCH) // timedelta(microseconds=1)
                steps = (own.get("lifecycle:transition") or None, own.get("org:resource") or None)
                found.append((case, own["concept:name"], moment, *steps))
    return found


@pytest.mark.parametrize("chunk", [7, 1 << 16])
def test_any_tree_is_read_as_it_stands(tmp_path: Path, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever lies within what, in whichever order, and wherever the bytes are cut."""
    monkeypatch.setattr(xml_events, "_CHUNK", chunk)
    chance = random.Random(11)  # noqa: S311
    used = 0
    for number in range(600):
        tree = _log(chance)
        (tmp_path / "log.xes").write_bytes(ET.tostring(tree, encoding="utf-8"))
        log = read_xes(tmp_path / "log.xes", STANDARD, Clock(), "", lambda *_: None)
        kinds = list(log.kinds)
        events = [
            (case, kinds[kind][0], moment, *kinds[kind][1:])
            for case, kind, moment in zip(log.case, log.kind, log.moment, strict=True)
        ]
        assert events == _seen(tree), number
        assert log.cases == len(tree.findall("trace"))
        assert log.read == len(tree.findall("trace/event"))
        used += len(events)
    assert used > 300
