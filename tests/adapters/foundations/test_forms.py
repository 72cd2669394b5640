"""Assets as messages: one encoding for all that says the same, a digest without names, and every fault by its place."""

from __future__ import annotations

import pytest

from readygate.v1.evidence_pb2 import Evidence, FactStatement
from readygate.v1.foundation_pb2 import Asset
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.foundations.forms import MOST_ENTRIES, assets_in, digest_of, offered, part_of
from readygate_server.adapters.proposals.digest import facts_digest
from readygate_server.adapters.proposals.reader import read_proposal
from readygate_server.domain.errors import InvalidInputError, LimitExceededError
from readygate_server.domain.foundations import AssetKey
from readygate_server.domain.vocabulary import Scope

PART = """\
id: p
data_sources: [{id: crm, completeness: 0.9, owner: {person: Jane Doe, role: Owner}}]
apis: [{id: orders}]
workflows: [{id: refund}]
evidence:
  - {facts: [source.completeness], subject: crm, grade: e2_measured, collector: Jane Doe}
  - {facts: [source.owner], subject: crm, grade: e1_document}
statements: [{fact: source.accuracy, subject: crm, kind: not_stated, reason: Nobody looked., stated_by: Jane Doe}]
"""


def part() -> Proposal:
    """Returns a part of a proposal with an asset of each kind."""
    return read_proposal(PART, file="part.yaml")[0]


def crm() -> Asset:
    """Returns the data source."""
    return next(assets_in(part()))


def test_a_part_of_a_proposal_is_its_assets() -> None:
    """Each asset has what is said of it, and together they are the part again."""
    assets = list(assets_in(part()))
    back = Proposal(id="p")
    for asset in assets:
        piece = part_of(asset)
        piece.id = "p"
        back.MergeFrom(piece)

    assert [offered(asset).key for asset in assets] == [
        AssetKey(Scope.SOURCE, "crm"),
        AssetKey(Scope.API, "orders"),
        AssetKey(Scope.WORKFLOW, "refund"),
    ]
    assert back == part()


def test_what_says_the_same_has_one_encoding() -> None:
    """Order and repetition of entries make no difference; a letter of a name does, but not to the digest."""
    turned = Asset(source=crm().source, evidence=[*reversed(crm().evidence), crm().evidence[0]])
    turned.statements.extend(crm().statements)
    renamed = crm()
    renamed.source.owner.person = "John Doe"
    changed = crm()
    changed.source.completeness = 0.91

    assert offered(turned) == offered(crm())
    assert offered(renamed).content != offered(crm()).content
    assert offered(renamed).digest == offered(crm()).digest
    assert offered(changed).digest != offered(crm()).digest


def test_the_digest_is_that_of_a_proposal_that_says_nothing_else() -> None:
    """Anybody can compute it with what digests of facts are computed with."""
    same = part_of(crm())
    same.id = "crm"

    assert digest_of(crm()) == facts_digest(same)


@pytest.mark.parametrize(
    ("evidence", "path"),
    [
        (Evidence(facts=["source.completeness"], subject="erp"), "asset.evidence[0].subject"),
        (Evidence(facts=["deployment.audience"]), "asset.evidence[0].subject"),
        (Evidence(facts=["source.nothing"], subject="crm"), "asset.evidence[0].facts[0]"),
        (Evidence(subject="crm"), "asset.evidence[0].facts"),
    ],
    ids=["of another", "of the deployment", "of no fact", "of nothing"],
)
def test_evidence_is_about_the_asset(evidence: Evidence, path: str) -> None:
    """What is about something else belongs elsewhere, and is told by its place in the asset."""
    asset = crm()
    del asset.evidence[:]
    asset.evidence.append(evidence)

    with pytest.raises(InvalidInputError) as caught:
        offered(asset)
    assert [fault[0] for fault in caught.value.faults] == [path]


def test_values_keep_the_contract() -> None:
    """A value out of its range and a malformed id are told by their fields."""
    asset = crm()
    asset.source.id = "CRM"
    asset.source.completeness = 2
    del asset.evidence[:], asset.statements[:]

    with pytest.raises(InvalidInputError) as caught:
        offered(asset)
    assert [fault[0] for fault in caught.value.faults] == ["asset.source.completeness", "asset.source.id"]


@pytest.mark.parametrize("name", ["evidence", "statements"])
def test_lists_have_limits(name: str) -> None:
    """What is longer is refused before it is looked at."""
    asset = crm()
    if name == "evidence":
        asset.evidence.extend([Evidence()] * (MOST_ENTRIES + 1))
    else:
        asset.statements.extend([FactStatement()] * (MOST_ENTRIES + 1))

    with pytest.raises(LimitExceededError, match=f"asset.{name}"):
        offered(asset)
