"""The proposal that benchmarks judge: 5 data sources, 6 APIs, 4 workflows, with gaps as real proposals have them."""

from __future__ import annotations

from pathlib import Path

from readygate.v1.proposal_pb2 import Proposal

from readygate_server.adapters.proposals.reader import read_proposal

EXAMPLE = Path(__file__).resolve().parents[2] / "clients" / "examples" / "refund-agent.yaml"
SOURCES, APIS, WORKFLOWS = 5, 6, 4
AS_OF = "2026-11-01"


def workload() -> Proposal:
    """Returns the worked example with its assets repeated under new ids until there are as many as the figures ask for."""
    proposal, _ = read_proposal(EXAMPLE.read_text(encoding="utf-8"), file=EXAMPLE.name)
    copies: dict[str, list[str]] = {}
    for assets, wanted in ((proposal.data_sources, SOURCES), (proposal.apis, APIS), (proposal.workflows, WORKFLOWS)):
        originals = list(assets)
        for number in range(wanted - len(originals)):
            original = originals[number % len(originals)]
            copy = assets.add()
            copy.CopyFrom(original)  # type: ignore[arg-type]  # the same kind of asset
            copy.id = f"{original.id}-{number + 2}"
            copies.setdefault(original.id, []).append(copy.id)
    for entry in list(proposal.evidence):
        for name in copies.get(entry.subject, ()):
            repeated = proposal.evidence.add()
            repeated.CopyFrom(entry)
            repeated.subject = name
    dependencies = proposal.deployment.dependencies.members
    for original, names in copies.items():
        if original in dependencies:
            dependencies.extend(names)
    return proposal
