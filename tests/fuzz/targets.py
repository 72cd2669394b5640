"""What the inputs are given to: each answers with what became of an input, and lets what nobody foresaw through."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NoReturn, Protocol, cast

import grpc
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]

from readygate.v1.decision_pb2 import Verdict
from readygate.v1.gate_service_pb2_grpc import add_GateServiceServicer_to_server
from readygate.v1.ruleset_service_pb2_grpc import add_RulesetServiceServicer_to_server
from readygate_server.adapters.proposals.paths import field_of, parse_path
from readygate_server.adapters.proposals.reader import read_proposal
from readygate_server.adapters.proposals.values import FactProblemError, value_from_text
from readygate_server.adapters.rulefiles.loader import load_rulesets
from readygate_server.adapters.rulefiles.registry import RulesetRegistry
from readygate_server.bootstrap import LocalGate, Snapshot, fact_directory, load_snapshot
from readygate_server.bootstrap.served_rules import ServedRules
from readygate_server.cli.options import faults_text
from readygate_server.domain.errors import GateError, RuleFailedError
from readygate_server.domain.faults import FaultsError
from readygate_server.grpc_api.gate_servicer import GateServicer
from readygate_server.grpc_api.interceptor import CallInterceptor
from readygate_server.grpc_api.ruleset_servicer import RulesetServicer
from readygate_server.observability import Metrics, configure_logging
from readygate_server.settings import Limits
from tests.builders import AS_OF
from tests.fuzz.inputs import Input
from tests.fuzz.seeds import tiny

_MOST_METADATA: Final = 8 * 1024
_Handler = Any


class Targets(Protocol):
    """Something that takes inputs."""

    def take(self, given: Input) -> Sequence[str]:
        """Returns what became of an input: verdicts, or the reasons for which it was refused."""
        ...


class Aborted(Exception):  # noqa: N818 -- it is how gRPC ends a call, and no error of ours
    """Ends a call with a status."""

    def __init__(self, reason: str) -> None:
        """Takes the reason of the contract."""
        super().__init__(reason)
        self.reason = reason


class Shipped:
    """The real thing: the service without its sockets, the readers of files, and the rules that ship."""

    def __init__(self) -> None:
        """Loads and compiles the rules."""
        snapshot = load_snapshot().compile_all()
        self._log = LastLines()
        configure_logging(self._log)
        self._gate = LocalGate(snapshot, fact_directory())
        self._loop = asyncio.new_event_loop()
        self._handlers = self._loop.run_until_complete(_handlers(snapshot))
        self._tiny = tiny()
        self._take: Mapping[str, Callable[[Input], Sequence[str]]] = {
            "request": self._request,
            "proposal": self._proposal,
            "override": self._override,
            "rules": self._rules,
        }

    def take(self, given: Input) -> Sequence[str]:
        """Returns what became of an input."""
        return self._take[given.target](given)

    def _request(self, given: Input) -> Sequence[str]:
        data = cast("bytes", given.content)
        if len(data) > Limits().request_bytes:
            return ("too large for the transport",)
        handler = self._handlers[given.method]
        try:
            reply = self._loop.run_until_complete(handler.unary_unary(data, Context()))
        except Aborted as end:
            if end.reason in ("UNEXPECTED", "RULE_FAILED"):
                raise AssertionError(f"answered as {end.reason}: {self._log.text()}") from end
            return (end.reason,)
        handler.response_serializer(reply)
        return tuple(self._results(reply))

    def _results(self, reply: Any) -> Iterator[str]:
        if hasattr(reply, "results"):
            for each in reply.results:
                if each.error.reason in ("UNEXPECTED", "RULE_FAILED"):
                    raise AssertionError(f"an item was answered as {each.error.reason}: {self._log.text()}")
                yield each.error.reason or _name(each.response.decision.verdict)
        elif hasattr(reply, "decision"):
            yield _name(reply.decision.verdict)
        else:
            yield "answered"

    def _proposal(self, given: Input) -> Sequence[str]:
        try:
            # As a file is read: in UTF-8, with the ends of lines made alike.
            text = io.TextIOWrapper(io.BytesIO(cast("bytes", given.content)), encoding="utf-8").read()
        except UnicodeDecodeError:
            return ("not UTF-8",)
        try:
            proposal, _ = read_proposal(text, file="fuzz.yaml")
        except FaultsError as error:
            return ("faults",) if faults_text(error).encode() and error.faults else ()
        return (_name(self._gate.evaluate(proposal, as_of=AS_OF).verdict),)

    def _override(self, given: Input) -> Sequence[str]:
        path, _, value = cast("str", given.content).partition("=")
        try:
            ref = parse_path(path)
            changes = {str(ref): value_from_text(field_of(ref.fact), value) if value else None}
            return (_name(self._gate.evaluate(self._tiny, as_of=AS_OF, overrides=changes).verdict),)
        except FactProblemError as error:
            return ("refused",) if str(error) else ()

    def _rules(self, given: Input) -> Sequence[str]:
        try:
            loaded = load_rulesets(cast("Mapping[str, str]", given.content))
        except FaultsError as error:
            return ("faults",) if faults_text(error).encode() and error.faults else ()
        if not loaded.rulesets:
            return ("no rulesets",)
        name = loaded.rulesets[0].identity.name
        gate = LocalGate(
            Snapshot(RulesetRegistry(loaded.all_rulesets, name), fact_directory(), loaded), fact_directory()
        )
        try:
            gate.evaluate(self._tiny, as_of=AS_OF)
        except RuleFailedError:
            return ("RULE_FAILED",)
        except GateError:
            return ("refused",)
        return ("loaded",)


class Context:
    """What gRPC hands to a method, as far as our methods use it."""

    def time_remaining(self) -> None:
        """Says that the caller waits for as long as it takes."""

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        """Returns what came beside the request: nothing."""
        return ()

    async def abort(self, code: grpc.StatusCode, message: str, trailing: Sequence[tuple[str, bytes]]) -> NoReturn:
        """Ends the call; raises an AssertionError when clients could not read why."""
        details = trailing[0][1]
        size = len(details) * 4 // 3 + sum(3 if ord(each) > 126 else 1 for each in message) + len(code.name)
        assert size < _MOST_METADATA, f"{size} bytes of metadata"
        info = error_details_pb2.ErrorInfo()
        assert status_pb2.Status.FromString(details).details[0].Unpack(info)
        raise Aborted(info.reason)


class LastLines(io.StringIO):
    """A log of which only the end is kept."""

    def __init__(self) -> None:
        """Starts empty."""
        super().__init__()
        self._last = ["", ""]

    def write(self, text: str, /) -> int:
        """Keeps a line in the place of the last but one."""
        if text.strip():
            self._last = [self._last[1], text]
        return len(text)

    def text(self) -> str:
        """Returns the last two lines."""
        return "\n".join(self._last)


class _Methods(dict[str, _Handler]):
    """Stands where servicers register their methods."""

    def add_generic_rpc_handlers(self, _: object) -> None:
        """Ignores the form of older servers."""

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, _Handler]) -> None:
        """Keeps the methods by their full names."""
        self.update({f"/{service}/{name}": handler for name, handler in handlers.items()})


async def _handlers(snapshot: Snapshot) -> Mapping[str, _Handler]:
    """Returns the methods of the service with everything that surrounds their calls."""
    served, metrics, methods = ServedRules(), Metrics(), _Methods()
    served.swap(snapshot)
    register: Any = add_GateServiceServicer_to_server
    register(GateServicer(served, Limits(), metrics), methods)
    register = add_RulesetServiceServicer_to_server
    register(RulesetServicer(served, Limits()), methods)
    interceptor: Any = CallInterceptor(metrics, limit=1_000)
    return {name: await interceptor.intercept_service(_found(methods[name]), _Details(name)) for name in methods}


class _Details:
    """What gRPC tells of a call before its request is read."""

    def __init__(self, method: str) -> None:
        self.method = method
        self.invocation_metadata = ()


def _found(handler: _Handler) -> Callable[[object], Awaitable[_Handler]]:
    async def continuation(_: object) -> _Handler:
        return handler

    return continuation


def _name(verdict: int) -> str:
    return Verdict.Name(verdict).removeprefix("VERDICT_")  # type: ignore[arg-type]  # it may be any number
