"""What became of each file that was checked, and that as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from readygate.v1.gate_service_pb2 import BatchEvaluateResponse, EvaluateResponse, InputFault, ItemError
from readygate_server.adapters.proposals.origins import Origins
from readygate_server.cli.exits import Exit
from readygate_server.domain.faults import Fault

# Numbers of google.rpc.Code.
_INVALID_ARGUMENT = 3
_UNAVAILABLE = 14


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one file: a reply, or why there is none."""

    name: str
    file: str
    code: Exit
    response: EvaluateResponse | None = None
    problem: str = ""
    faults: Sequence[Fault] = field(default=())
    origins: Origins | None = None


def verdicts_text(results: Sequence[Result]) -> str:
    """Returns the verdicts on one line, for whoever can not have the output that was asked for."""
    from readygate_server.adapters.words import verdict_name

    said = [
        f"{each.name} {verdict_name(each.response.decision.verdict)}" if each.response else f"{each.name} not judged"
        for each in results
    ]
    return f"what was decided: {', '.join(said)}"


def json_text(results: Sequence[Result], *, always: bool) -> str:
    """Returns one file as EvaluateResponse, several as BatchEvaluateResponse in the order of the files.

    One file that was not judged gives nothing, which can not be taken for a verdict; `always`, where an older file
    would stay, the batch with its error.
    """
    from google.protobuf.json_format import MessageToJson

    if len(results) == 1 and results[0].response is not None:
        return MessageToJson(results[0].response) + "\n"
    return MessageToJson(_batch(results)) + "\n" if len(results) > 1 or always else ""


def _batch(results: Sequence[Result]) -> BatchEvaluateResponse:
    batch = BatchEvaluateResponse()
    for result in results:
        item = batch.results.add()
        if result.response is None:
            item.error.CopyFrom(_error(result))
        else:
            item.response.CopyFrom(result.response)
            batch.ruleset.CopyFrom(result.response.decision.ruleset)
    return batch


def _error(result: Result) -> ItemError:
    if result.code is Exit.SERVICE_FAILED:
        return ItemError(code=_UNAVAILABLE, message=result.problem)
    faults = [
        InputFault(path=f"{each.line}:{each.column}", message=each.message, got=each.got, expected=each.expected)
        for each in result.faults
    ]
    reason = "INVALID_PROPOSAL" if faults else "INVALID_REQUEST"
    return ItemError(code=_INVALID_ARGUMENT, reason=reason, message=result.problem, faults=faults)
