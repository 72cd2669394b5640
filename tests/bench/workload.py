"""The proposal that benchmarks judge: 5 data sources, 6 APIs, 4 workflows, with gaps as real proposals have them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.reader import read_proposal

EXAMPLE = Path(__file__).resolve().parents[2] / "clients" / "examples" / "refund-agent.yaml"
SOURCES, APIS, WORKFLOWS = 5, 6, 4
AS_OF = "2026-11-01"


def workload() -> Proposal:
    """Returns the worked example, its assets repeated under new ids until there are as many as asked for."""
    proposal, _ = read_proposal(EXAMPLE.read_text(encoding="utf-8"), file=EXAMPLE.name)
    copies: dict[str, list[str]] = {}
    _repeat(proposal.data_sources, SOURCES, copies)
    _repeat(proposal.apis, APIS, copies)
    _repeat(proposal.workflows, WORKFLOWS, copies)
    for entry in list(proposal.evidence):
        for name in copies.get(entry.subject, ()):
            proposal.evidence.add().CopyFrom(entry)
            proposal.evidence[-1].subject = name
    dependencies = proposal.deployment.dependencies.members
    for asset in [name for name in copies if name in dependencies]:
        dependencies.extend(copies[asset])
    return proposal


def _repeat(assets: Any, wanted: int, copies: dict[str, list[str]]) -> None:
    originals = list(assets)
    for number in range(wanted - len(originals)):
        original = originals[number % len(originals)]
        copy = assets.add()
        copy.CopyFrom(original)
        copy.id = f"{original.id}-{number + 2}"
        copies.setdefault(original.id, []).append(copy.id)
