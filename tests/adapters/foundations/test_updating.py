"""What is found out about an asset joins what is registered of it, so that a revision goes on saying everything."""

from __future__ import annotations

import pytest

from readygate.v1.foundation_pb2 import Asset
from readygate_server.adapters.evidence_files.reader import read_evidence
from readygate_server.adapters.foundations.forms import assets_in, offered
from readygate_server.adapters.foundations.updating import Named, joined, updated
from readygate_server.domain.faults import FaultsError

TABLE = """\
data_sources: [{id: crm, title: Customers, completeness: 0.9, validity: 0.8}]
evidence:
  - {facts: [source.completeness, source.validity], subject: crm, grade: e2_measured, collector: table,
     as_of: 2026-10-01}
"""
OWNERS = """\
data_sources: [{id: crm, owner: {person: Jane Doe, role: Owner}}]
evidence: [{facts: [source.*], subject: crm, grade: e1_document, collector: ownership, as_of: 2026-09-01}]
"""
LATER = """\
data_sources: [{id: crm, completeness: 0.99}]
evidence: [{facts: [source.completeness], subject: crm, grade: e2_measured, collector: table, as_of: 2026-11-01}]
statements: [{fact: source.validity, subject: crm, kind: not_stated, reason: No column says it.}]
"""


def found(*texts: str) -> Named:
    """Returns the one asset that files speak of."""
    names = [(f"file-{place}.yaml", text) for place, text in enumerate(texts)]
    said = [Named(name, next(assets_in(read_evidence(text, file=name).said))) for name, text in names]
    (one,) = joined(said)
    return one


def behind(asset: Asset) -> dict[str, list[tuple[str, int]]]:
    """Returns who backs each fact, and in which month."""
    backing: dict[str, list[tuple[str, int]]] = {}
    for entry in asset.evidence:
        for fact in entry.facts:
            backing.setdefault(fact, []).append((entry.collector, entry.as_of.ToDatetime().month))
    return backing


def test_files_about_one_asset_are_one_asset() -> None:
    """Facts and evidence of all stand together, each entry with what its file states."""
    both = found(TABLE, OWNERS).asset

    assert (both.source.completeness, both.source.owner.person, both.source.title) == (0.9, "Jane Doe", "Customers")
    assert behind(both)["source.completeness"] == [("table", 10)]
    assert behind(both)["source.owner.role"] == [("ownership", 9)]


def test_what_is_found_later_takes_the_place_of_the_same() -> None:
    """A fact has its new value and only the new evidence; others stay with theirs; what its finder lost is gone."""
    registered = found(TABLE, OWNERS).asset

    later = updated(registered, found(LATER))

    assert (later.source.completeness, later.source.owner.person, later.source.title) == (0.99, "Jane Doe", "Customers")
    assert behind(later)["source.completeness"] == [("table", 11)]
    assert behind(later)["source.owner.role"] == [("ownership", 9)]
    assert not later.source.HasField("validity")
    assert [each.fact for each in later.statements] == ["source.validity"]


def test_what_somebody_else_found_stays() -> None:
    """A file that does not state a fact takes nothing from those that do."""
    registered = found(TABLE).asset
    other = found(LATER.replace("collector: table", "collector: dbt"))

    assert updated(registered, other).source.validity == 0.8


@pytest.mark.parametrize("texts", [(TABLE,), (OWNERS,), (LATER,), (TABLE, OWNERS)], ids=len)
def test_the_same_again_changes_nothing(texts: tuple[str, ...]) -> None:
    """Collected and registered once more, it is the revision that there was."""
    registered = found(*texts)

    assert offered(updated(registered.asset, found(*texts))) == offered(registered.asset)


def test_files_that_differ_leave_a_conflict() -> None:
    """Both values stand in the evidence, for the gate to settle and to show."""
    both = found(TABLE, TABLE.replace("0.9,", "0.7,")).asset

    assert sorted(each.value.number for each in both.evidence if each.HasField("value")) == [0.7, 0.9]


def test_what_does_not_go_together_is_refused() -> None:
    """A registered asset of which it was said that a fact does not apply takes no value of it."""
    registered = found(OWNERS).asset
    registered.statements.add(
        fact="source.completeness", subject="crm", kind=1, reason="A cache.", stated_by="jane@bank.example"
    )

    with pytest.raises(FaultsError, match="does not apply"):
        updated(registered, found(TABLE))
