"""The templates of the pages, and the words and shapes that they share."""

from __future__ import annotations

from datetime import UTC
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp
from jinja2 import ChoiceLoader, Environment, PackageLoader

from readygate.v1 import evidence_pb2, waiver_service_pb2
from readygate_server.adapters import words
from readygate_server.web.app.statics import Statics
from readygate_server.web.report.page import environment as report_environment
from readygate_server.web.report.verdicts import verdict_kind, verdict_word

_DIGEST_DIGITS: Final = 12
_FOUNDATIONS: Final = {"api": "APIs", "organization": "Organisation"}


def templates(statics: Statics) -> Environment:
    """Returns the environment: all that is printed is escaped, and a name that is not known is an error."""
    environment = report_environment()
    assert environment.loader is not None, "reports have templates"
    environment.loader = ChoiceLoader([PackageLoader("readygate_server.web.app"), environment.loader])
    environment.globals["static"] = statics.address
    environment.filters |= {
        "verdict": verdict_word,
        "verdict_kind": verdict_kind,
        "gate": words.gate_name,
        "tier": words.tier_word,
        "outcome": lambda outcome: words.outcome_name(outcome).replace("_", " "),
        "effort": words.effort_text,
        "weeks": words.weeks_text,
        "value": words.value_text,
        "moment": moment,
        "short": short_digest,
        "grade": grade_name,
        "waiver_state": waiver_state,
        "counted": words.counted,
        "foundation": lambda name: _FOUNDATIONS.get(name, name.replace("_", " ").capitalize()),
        "spaced": lambda text: text.replace("_", " "),
    }
    return environment


def moment(stamp: Timestamp) -> str:
    """Returns a point in time to the minute, in UTC."""
    return stamp.ToDatetime(tzinfo=UTC).strftime("%Y-%m-%d %H:%M UTC")


def short_digest(digest: str) -> str:
    """Returns the first digits of a digest or id, by which people tell two apart."""
    return digest.removeprefix("sha256:")[:_DIGEST_DIGITS]


def grade_name(grade: int) -> str:
    """Returns a grade with its word, such as `E2 measured`."""
    name = evidence_pb2.EvidenceGrade.Name(grade).removeprefix("EVIDENCE_GRADE_")  # type: ignore[arg-type]  # any number
    number, _, word = name.partition("_")
    return f"{number} {word.lower()}"


def waiver_state(state: int) -> str:
    """Returns requested, approved or revoked."""
    name = waiver_service_pb2.WaiverState.Name(state)  # type: ignore[arg-type]  # any number
    return name.removeprefix("WAIVER_STATE_").lower()
