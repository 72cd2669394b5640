"""Method, parameters and coverage of evidence: read from files, and held to the contract."""

from __future__ import annotations

import pytest
from tests.adapters.proposals.builders import bare_proposal, observation

from readygate.v1.evidence_pb2 import EvidenceCoverage
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.evidence_checks import is_sound_entry
from readygate_server.adapters.proposals.reader import read_proposal
from readygate_server.adapters.proposals.validation import validate_proposal
from readygate_server.domain.faults import FaultsError
from readygate_server.domain.vocabulary import Scope

ENTRY = """\
id: refunds
apis: [{id: orders}]
evidence:
  - facts: [api.spec_valid]
    subject: orders
    method: openapi.validity.v1
    parameters_digest: sha256:00
    coverage: {examined: %s, skipped: 2, reasons: [2 operations refer to other files]}
"""


def test_how_evidence_came_about_is_read() -> None:
    """Method, digest of parameters and coverage arrive as they are written."""
    entry = read_proposal(ENTRY % "1223", file="p.yaml")[0].evidence[0]

    assert (entry.method, entry.parameters_digest) == ("openapi.validity.v1", "sha256:00")
    assert entry.coverage == EvidenceCoverage(examined=1223, skipped=2, reasons=["2 operations refer to other files"])


@pytest.mark.parametrize("count", ["-1", "1.5", "'12'", "true", "9223372036854775808", "[1]"])
def test_a_count_is_a_whole_number_that_is_not_negative(count: str) -> None:
    """Anything else is refused with its place."""
    with pytest.raises(FaultsError) as caught:
        read_proposal(ENTRY % count, file="p.yaml")

    assert {fault.line for fault in caught.value.faults} == {8}


@pytest.mark.parametrize(
    ("coverage", "place"),
    [
        (EvidenceCoverage(examined=-1), "evidence[0].coverage.examined"),
        (EvidenceCoverage(skipped=-1), "evidence[0].coverage.skipped"),
        (EvidenceCoverage(reasons=[""] * 1001), "evidence[0].coverage.reasons"),
        (EvidenceCoverage(reasons=["", "x" * 4001]), "evidence[0].coverage.reasons[1]"),
    ],
)
def test_coverage_on_the_wire_keeps_the_contract(coverage: EvidenceCoverage, place: str) -> None:
    """A negative count, too many reasons or too long a one is a fault, for the short check as for the long one."""
    proposal = _with(coverage)

    assert [fault.path for fault in validate_proposal(proposal)] == [place]
    assert not is_sound_entry(proposal.evidence[0], Scope.API)


def test_sound_coverage_is_sound() -> None:
    """Counts and reasons within their limits are no fault."""
    proposal = _with(EvidenceCoverage(examined=10, skipped=1, reasons=["1 row is not UTF-8"]))

    assert not validate_proposal(proposal)
    assert is_sound_entry(proposal.evidence[0], Scope.API)


def _with(coverage: EvidenceCoverage) -> Proposal:
    proposal = bare_proposal()
    entry = observation("api.spec_valid", subject=proposal.apis[0].id, grade=3, as_of=9)
    entry.coverage.CopyFrom(coverage)
    proposal.evidence.append(entry)
    return proposal
