"""What every rule is given besides its subject, and the few comparisons that they share.

Absent numbers read as zero, absent texts as empty, absent names as unspecified. So whoever asks for at least something
need not ask for presence; whoever asks for at most something has to.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date
from functools import cached_property
from typing import Final

from readygate.v1.api_pb2 import Api
from readygate.v1.data_source_pb2 import DataSource
from readygate.v1.deployment_pb2 import AUDIENCE_STAFF
from readygate.v1.proposal_pb2 import Proposal
from readygate.v1.workflow_pb2 import Workflow

T1, T2, T3, T4 = range(4)
"""Tiers as places in a tuple of thresholds."""
COMMIT, PILOT, PRODUCTION = 1, 2, 3
"""Gates as the contract numbers them."""
NOT_ASKED: Final = -math.inf
"""Threshold that everything reaches, what is absent included."""


class Case:
    """A proposal at a tier, a gate and on a day."""

    def __init__(self, proposal: Proposal, *, tier: int, gate: int, as_of: str) -> None:
        """Takes the tier as 1 to 4 and the day as YYYY-MM-DD."""
        self.deployment = proposal.deployment
        self.org, self.gov = proposal.org, proposal.gov
        self.value, self.ops = proposal.value, proposal.ops
        self.sources: list[DataSource] = list(proposal.data_sources)
        self.apis: list[Api] = list(proposal.apis)
        self.workflows: list[Workflow] = list(proposal.workflows)
        self.tier = tier - 1
        self.gate = gate
        self.today = date.fromisoformat(as_of)

    def within_last(self, days: int, day: str) -> bool:
        """True for a day that is at most so many days ago, and not to come."""
        return bool(day) and 0 <= (self.today - date.fromisoformat(day)).days <= days

    def within_next(self, days: int, day: str) -> bool:
        """True for a day that is still to come, in at most so many days."""
        return bool(day) and 0 < (date.fromisoformat(day) - self.today).days <= days

    @cached_property
    def latency(self) -> float:
        """Sum over the APIs that are, or may be, on the critical path; infinite when one was not measured."""
        critical = possibly_critical(self.apis)
        if all(api.HasField("latency_p95") for api in critical):
            return math.fsum(api.latency_p95 for api in critical)
        return math.inf

    @cached_property
    def may_meet_outsiders(self) -> bool:
        """True unless it is known that staff alone meet the deployment."""
        deployment = self.deployment
        outside = any(audience != AUDIENCE_STAFF for audience in deployment.audience.members)
        return outside or not deployment.HasField("audience")


def possibly_critical(apis: Iterable[Api]) -> list[Api]:
    """Returns the APIs that are on the critical path, or may be."""
    return [api for api in apis if api.critical_path or not api.HasField("critical_path")]


def may_write(api: Api) -> bool:
    """True unless it is known that the API is only read."""
    return api.writes or not api.HasField("writes")
