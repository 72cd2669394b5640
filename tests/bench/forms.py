"""The forms in which proposals reach a server: one or many per call, many on a stream; and reading replies."""

from __future__ import annotations

import functools
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from readygate.v1 import gate_pb2, ruleset_pb2
from readygate.v1 import gate_service_pb2 as pb
from tests.bench.generator import Calls, Wire
from tests.bench.marks import MARK, PLACE, placed
from tests.bench.portfolio import Kind, proposals
from tests.bench.processes import BenchError
from tests.bench.workload import AS_OF

SERVICE: Final = "/readygate.v1.GateService"
ITEM: Final = "item-"
FIRST_ITEM: Final = ITEM + PLACE
SUMMARY: Final = pb.VIEW_SUMMARY


@dataclass(frozen=True)
class Form:
    """A form: its method, how a request is made of proposals, and what has come of a reply."""

    name: str
    method: str
    items: int
    made: Callable[[Sequence[pb.EvaluateRequest], str], bytes]
    decided: Callable[[bytes], int]
    wire: Wire = "grpc"
    names_ruleset: bool = False
    """True when each proposal's request names the ruleset; elsewhere the whole call does."""

    def requests(self, kind: Kind, *, count: int, view: int, ruleset: str) -> tuple[bytes, ...]:
        """Returns requests that hold `count` different proposals in all, or as many as one request holds."""
        return _requests(self, kind, max(count, self.items), view, ruleset)

    def calls(self, address: str, requests: Sequence[bytes], *, ruleset: str) -> Calls:
        """Returns the calls to readygate."""
        greeting = _greeting(ruleset) if self.wire == "stream" else b""
        return Calls(address, self.method, requests, self.wire, items=self.items, before=FIRST_ITEM, greeting=greeting)

    def echo_calls(self, address: str, requests: Sequence[bytes], size: int) -> Calls:
        """Returns the same calls to an echo, which answers each with as many bytes."""
        service = "EchoStream" if self.wire == "stream" else "Echo"
        return Calls(address, f"/bench.{service}/{size}", requests, self.wire, items=self.items, before=FIRST_ITEM)

    def size_of(self, replies: Sequence[bytes]) -> int:
        """Returns the mean size of replies; raises BenchError unless every proposal was judged."""
        for reply in replies:
            if (decided := self.decided(reply)) != self.items:
                raise BenchError(f"{self.name}: {decided} of {self.items} proposals were judged")
        return round(statistics.mean(map(len, replies)))


@functools.cache
def _requests(form: Form, kind: Kind, count: int, view: int, ruleset: str) -> tuple[bytes, ...]:
    alone = ruleset if form.names_ruleset else ""
    asked = [_evaluate(each, view, alone) for each in proposals(kind, count)]
    if len(asked) == 1:
        asked *= form.items
    starts = range(0, len(asked) - form.items + 1, form.items)
    return tuple(form.made(asked[start : start + form.items], ruleset) for start in starts)


def _evaluate(proposal: Any, view: int, ruleset: str) -> pb.EvaluateRequest:
    """Returns the request for one proposal; it is nobody's twin, because it has no id."""
    request = pb.EvaluateRequest(
        proposal=proposal, gate=gate_pb2.GATE_COMMIT, as_of=AS_OF, view=pb.View.ValueType(view)
    )
    if ruleset:
        request.ruleset.name = ruleset
    return request


@functools.cache
def unary() -> Form:
    """Returns the form of one proposal per call."""

    def decided(reply: bytes) -> int:
        return int(pb.EvaluateResponse.FromString(reply).HasField("decision"))

    return Form(
        "Evaluate", f"{SERVICE}/Evaluate", 1, lambda asked, _: asked[0].SerializeToString(), decided, names_ruleset=True
    )


@functools.cache
def batch(items: int) -> Form:
    """Returns the form of many proposals per call."""

    def made(asked: Sequence[pb.EvaluateRequest], ruleset: str) -> bytes:
        whole = pb.BatchEvaluateRequest(ruleset=ruleset_pb2.RulesetSelector(name=ruleset))
        for place, each in enumerate(asked):
            whole.items.add().MergeFromString(placed(each.SerializeToString(), place))
        return whole.SerializeToString()

    def decided(reply: bytes) -> int:
        return _with_response(pb.BatchEvaluateResponse.FromString(reply).results)

    return Form(f"BatchEvaluate of {items}", f"{SERVICE}/BatchEvaluate", items, made, decided)


def has_streams() -> bool:
    """Tells whether this readygate evaluates streams."""
    return hasattr(pb, "EvaluateStreamRequest")


@functools.cache
def stream(items: int) -> Form:
    """Returns the form of many proposals on a stream, some in each message."""
    messages: Any = pb

    def made(asked: Sequence[pb.EvaluateRequest], _ruleset: str) -> bytes:
        whole = messages.EvaluateStreamRequest()
        for place, each in enumerate(asked):
            item = messages.EvaluateStreamItem(item_id=f"{ITEM}{PLACE}{MARK}", request=each)
            whole.items.add().MergeFromString(placed(item.SerializeToString(), place))
        return bytes(whole.SerializeToString())

    def decided(reply: bytes) -> int:
        return _with_response(messages.EvaluateStreamResponse.FromString(reply).results)

    return Form(f"EvaluateStream, {items} a message", f"{SERVICE}/EvaluateStream", items, made, decided, "stream")


def _with_response(results: Iterable[Any]) -> int:
    return sum(result.HasField("response") for result in results)


def _greeting(ruleset: str) -> bytes:
    """Returns the first message of a stream, which names the ruleset and holds no items."""
    messages: Any = pb
    first = messages.EvaluateStreamRequest()
    first.ruleset.name = ruleset
    return bytes(first.SerializeToString())
