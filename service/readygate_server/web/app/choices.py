"""What filters and forms let choose from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

from readygate.v1 import decision_pb2, gate_pb2
from readygate.v1.ruleset_pb2 import RulesetRef, RulesetSelector

VERDICTS: Final[Mapping[str, decision_pb2.Verdict.ValueType]] = {
    "go": decision_pb2.VERDICT_GO,
    "conditions": decision_pb2.VERDICT_GO_WITH_CONDITIONS,
    "no": decision_pb2.VERDICT_NO_GO,
    "unknown": decision_pb2.VERDICT_UNDETERMINED,
}
GATES: Final[Mapping[str, gate_pb2.Gate.ValueType]] = {
    "commit": gate_pb2.GATE_COMMIT,
    "pilot": gate_pb2.GATE_PILOT,
    "production": gate_pb2.GATE_PRODUCTION,
}
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def moment_of(day: str) -> Timestamp | None:
    """Returns the beginning of a day in UTC; None for what is no day."""
    if _DAY.fullmatch(day) is None:
        return None
    try:
        began = datetime.fromisoformat(day).replace(tzinfo=UTC)
    except ValueError:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(began)
    return stamp


def selector_of(text: str) -> RulesetSelector:
    """Returns what `NAME@VERSION` chooses; the default ruleset when it is empty."""
    name, _, version = text.partition("@")
    return RulesetSelector(name=name, version=version) if version else RulesetSelector(name=name)


def selected(ruleset: RulesetRef) -> str:
    """Returns the text that chooses exactly this ruleset."""
    return f"{ruleset.name}@{ruleset.version}"
