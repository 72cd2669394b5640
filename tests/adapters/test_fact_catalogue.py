"""The fact catalogue: that it loads, covers the contract, and refuses what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from readygate_server.adapters.fact_catalogue import fact_catalogue, load_fact_catalogue
from readygate_server.adapters.packaged_rules import rules_directory
from readygate_server.adapters.proposals.vocabulary import Kind, all_facts, fact_fields
from readygate_server.domain.faults import FaultsError

ENTRY = """\
  - name: source.completeness
    range: "0..1"
    measured_by: tests
    source: ours
    owner: Data owner
    artefact: report
    evidence: measured
"""


def test_the_catalogue_holds_every_fact_of_the_contract() -> None:
    """The 130 facts of the catalogue are those that the messages of the contract have, no more and no less."""
    names = [fact.name for fact in fact_catalogue()]

    assert len(names) == 130
    assert sorted(names) == sorted(all_facts())


def test_every_part_in_the_catalogue_is_a_field() -> None:
    """A part that the catalogue lists is a field of the contract; only lists inside a fact are not listed as parts."""
    parts = {part.name for fact in fact_catalogue() for part in fact.parts}
    fields = {field.name for field in fact_fields().values() if field.is_part}

    assert fields - parts == {"value.guardrails.members"}
    assert parts <= fields


def test_only_numbers_have_limits() -> None:
    """A minimum or maximum belongs to a number; another kind of fact could not keep it."""
    limited = {name for name in fact_fields() if fact_catalogue().limits(name).minimum is not None}
    kinds = {fact_fields()[name].kind for name in limited}

    assert kinds == {Kind.NUMBER, Kind.INTEGER}


def test_a_part_leads_to_its_fact() -> None:
    """Owner and artefact are found by the name of a fact or of a part; unit and range are those of the part."""
    catalogue = fact_catalogue()

    assert catalogue["source.accuracy.ratio"] is catalogue["source.accuracy"]
    assert catalogue["source.accuracy"].owner_role == "Data owner"
    assert catalogue.limits("source.accuracy.ratio").maximum == 1
    assert catalogue.limits("source.accuracy.sample_size").unit == "records"
    assert catalogue.find("source.colour") is None
    assert "source.accuracy.ratio" in catalogue
    assert "source.colour" not in catalogue


def test_an_unknown_name_is_a_key_error() -> None:
    """Asking for a fact that there is not fails."""
    with pytest.raises(KeyError):
        fact_catalogue()["source.colour"]


def test_the_rules_are_found_from_a_checkout() -> None:
    """The directory of the rules holds the facts and the rulesets."""
    assert (rules_directory() / "tiering.yaml").is_file()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (f"facts:\n{ENTRY}    colour: red\n", ":9:5: "),
        (f"facts:\n{ENTRY}{ENTRY}", ":9:11: the fact is listed twice"),
        ("facts:\n  - name: source.completeness\n", ":2:5: "),
        ("facts: 3\n", ":1:8: "),
    ],
)
def test_a_faulty_catalogue_is_refused_with_places(tmp_path: Path, text: str, place: str) -> None:
    """An unknown key, a fact that is listed twice, a missing field and a wrong type are faults with their places."""
    file = tmp_path / "facts.yaml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(FaultsError) as caught:
        load_fact_catalogue(file)

    assert f"{file}{place}" in str(caught.value)
