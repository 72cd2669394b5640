"""RulesetService: shows the rulesets that are judged by, and checks those that somebody is writing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import grpc.aio

from readygate.v1 import ruleset_service_pb2 as pb
from readygate.v1 import ruleset_service_pb2_grpc
from readygate_server.domain.faults import Fault
from readygate_server.domain.identity import Role
from readygate_server.domain.rule import Ruleset
from readygate_server.domain.ruleset_diff import diff
from readygate_server.grpc_api.authorisation import permit, permit_any
from readygate_server.grpc_api.decision_messages import ruleset_ref
from readygate_server.grpc_api.ports import ServedGate
from readygate_server.grpc_api.requests import Faults, check_count, read_day, read_files, read_selection
from readygate_server.grpc_api.ruleset_messages import change_message, fault_message, ruleset_message
from readygate_server.observability import current_call
from readygate_server.settings import Limits

_Context = grpc.aio.ServicerContext[Any, Any]


class RulesetServicer(ruleset_service_pb2_grpc.RulesetServiceServicer):
    """Answers RulesetService."""

    def __init__(self, gate: ServedGate, limits: Limits) -> None:
        """Takes the gate and what requests may hold."""
        self._gate = gate
        self._limits = limits
        self._turn = asyncio.Lock()

    async def ListRulesets(  # noqa: N802 -- the name in the contract
        self, _request: pb.ListRulesetsRequest, _context: _Context
    ) -> pb.ListRulesetsResponse:
        """Lists what can be chosen."""
        permit_any()
        rulesets = self._gate.snapshot().rulesets
        return pb.ListRulesetsResponse(rulesets=[ruleset_ref(each.identity, len(each.rules)) for each in rulesets])

    async def GetRuleset(  # noqa: N802 -- the name in the contract
        self, request: pb.GetRulesetRequest, _context: _Context
    ) -> pb.GetRulesetResponse:
        """Returns one ruleset with all its rules."""
        permit_any()
        snapshot = self._gate.snapshot()
        faults = Faults()
        selection = read_selection("ruleset", request.ruleset, faults)
        as_of = read_day("as_of", request.as_of, self._gate.today(), faults)
        faults.report()
        active = snapshot.select(selection, as_of=as_of)
        permit_any(ruleset=active.ruleset.identity.name)
        current_call().ruleset = active.ruleset.identity.digest
        return pb.GetRulesetResponse(ruleset=ruleset_message(active))

    async def ValidateRuleset(  # noqa: N802 -- the name in the contract
        self, request: pb.ValidateRulesetRequest, _context: _Context
    ) -> pb.ValidateRulesetResponse:
        """Checks ruleset files; stores nothing."""
        permit(Role.RULE_ADMIN)
        check_count("files", request.files, self._limits.files)
        faults = Faults()
        if not request.files:
            faults.add("files", "there is nothing to check", got="0 files", expected="at least one file")
        texts = read_files(request.files, faults)
        faults.report()
        rulesets, found = await self._check_in_turn(texts)
        return pb.ValidateRulesetResponse(
            rulesets=[ruleset_ref(each.identity, len(each.rules)) for each in rulesets],
            faults=[fault_message(fault) for fault in sorted(found)],
        )

    async def DiffRulesets(  # noqa: N802 -- the name in the contract
        self, request: pb.DiffRulesetsRequest, _context: _Context
    ) -> pb.DiffRulesetsResponse:
        """Compares two rulesets."""
        permit(Role.RULE_ADMIN)
        snapshot = self._gate.snapshot()
        faults = Faults()
        selections = [read_selection(name, getattr(request, name), faults) for name in ("before", "after")]
        as_of = read_day("as_of", request.as_of, self._gate.today(), faults)
        faults.report()
        before, after = (snapshot.select(selection, as_of=as_of).ruleset for selection in selections)
        for ruleset in (before, after):
            permit(Role.RULE_ADMIN, ruleset=ruleset.identity.name)
        return pb.DiffRulesetsResponse(
            before=ruleset_ref(before.identity, len(before.rules)),
            after=ruleset_ref(after.identity, len(after.rules)),
            changes=[change_message(change) for change in diff(before, after)],
        )

    async def _check_in_turn(self, texts: Mapping[str, str]) -> tuple[Sequence[Ruleset], Sequence[Fault]]:
        """Checks in a thread, one request after the other: the work is slow and takes the whole of one core.

        A thread can not be stopped, so a caller who went away keeps the turn until its check has ended.
        """
        async with self._turn:
            checking = asyncio.ensure_future(asyncio.to_thread(self._gate.check_rulesets, texts))
            try:
                return await asyncio.shield(checking)
            finally:
                await asyncio.wait({checking})
