"""What the inputs are given to: each answers with what became of an input, and lets what nobody foresaw through."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from google.protobuf import descriptor_pool
from google.protobuf.message_factory import GetMessageClass

from readygate.v1.decision_pb2 import Verdict
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
from readygate_server.observability import configure_logging
from readygate_server.settings import Limits
from tests.builders import AS_OF
from tests.fuzz.calls import Aborted, Context, Handler, LastLines, surrounded
from tests.fuzz.inputs import Input
from tests.fuzz.kept import OURS, Kept
from tests.fuzz.readers import Readers
from tests.fuzz.seeds import tiny


class Shipped:
    """The real thing: the service without its sockets, the readers of files, and the rules that ship."""

    def __init__(self) -> None:
        """Loads and compiles the rules."""
        snapshot = load_snapshot().compile_all()
        self._log = LastLines()
        configure_logging(self._log)
        self._gate = LocalGate(snapshot, fact_directory())
        self._loop = asyncio.new_event_loop()
        served = ServedRules()
        served.swap(snapshot)
        self._handlers = self._loop.run_until_complete(surrounded(served))
        kept = Kept(snapshot, self._loop, self._log)
        self._tiny = tiny()
        self._take: Mapping[str, Callable[[Input], Sequence[str]]] = {
            "request": self._request,
            "proposal": self._proposal,
            "override": self._override,
            "rules": self._rules,
            "kept": kept.take,
            "bearer": kept.bearer,
            **Readers().takes,
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
            replies = self._loop.run_until_complete(_replies(handler, data))
        except Aborted as end:
            if end.reason in OURS:
                raise AssertionError(f"answered as {end.reason}: {self._log.text()}") from end
            return (end.reason,)
        name = given.method.removeprefix("/").replace("/", ".")
        reply_type = GetMessageClass(descriptor_pool.Default().FindMethodByName(name).output_type)
        results = [each for reply in replies for each in self._results(reply_type.FromString(reply))]
        return results or ["nothing asked"]  # a stream without items ends well, and without an answer

    def _results(self, reply: Any) -> Iterator[str]:
        if hasattr(reply, "results"):
            for each in reply.results:
                if each.error.reason in OURS:
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


async def _replies(handler: Handler, data: bytes) -> Sequence[bytes]:
    """Returns what a method replies to one message."""
    if not handler.request_streaming:
        return [handler.response_serializer(await handler.unary_unary(data, Context()))]

    async def messages() -> AsyncGenerator[bytes, None]:
        yield data

    before = asyncio.all_tasks()
    # Closed here: what is not read to its end would otherwise be closed by a task of its own, whenever it is collected.
    async with contextlib.aclosing(messages()) as sent:
        replies = [handler.response_serializer(each) async for each in handler.stream_stream(sent, Context())]
    await asyncio.sleep(0)  # what was cancelled ends
    assert not (left := asyncio.all_tasks() - before), f"left behind: {left}"
    return replies


def _name(verdict: int) -> str:
    return Verdict.Name(verdict).removeprefix("VERDICT_")  # type: ignore[arg-type]  # it may be any number
