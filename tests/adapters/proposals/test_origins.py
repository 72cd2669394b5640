"""Where parts of a proposal stand: findings point there."""

from __future__ import annotations

from pathlib import Path

import pytest

from readygate_server.adapters.proposals.origins import Origin, Origins, read_located
from readygate_server.adapters.yaml_text import read_yaml
from readygate_server.domain.vocabulary import Scope

TEXT = """\
id: refunds
deployment:
  use_case: Pays back.
  target_gate: pilot
data_sources:
  - id: crm
    completeness: 0.9
    accuracy: {ratio: 0.9, sample_size: 40}
    corpus:
      stale_share: 0.1
  - id: erp
    owner:
      person: l.santos
assets:
  - {scope: api, id: orders}
evidence:
  - facts: [source.max_staleness]
    subject: erp
    value: 20
statements:
  - fact: source.cross_system_consistency
    subject: crm
    kind: not_stated
    reason: The report leaves it out.
"""


@pytest.fixture
def origins() -> Origins:
    """Returns the places of the text."""
    return read_located("p.yaml", text=TEXT)[1]


@pytest.mark.parametrize(
    ("subject", "fact", "line", "column"),
    [
        ("", "deployment.use_case", 3, 3),
        ("crm", "source.completeness", 7, 5),
        ("crm", "source.accuracy.ratio", 8, 16),
        ("crm", "source.accuracy", 8, 5),
        ("crm", "corpus.stale_share", 10, 7),
    ],
)
def test_a_stated_fact_is_at_its_key(origins: Origins, subject: str, fact: str, line: int, column: int) -> None:
    """A fact that the proposal states is found at its key, parts and corpora included."""
    assert origins.of(subject, fact) == Origin("p.yaml", line, column)


@pytest.mark.parametrize(
    ("subject", "fact", "line", "column"),
    [
        ("erp", "source.owner.role", 12, 5),
        ("erp", "source.completeness", 11, 5),
        ("crm", "source.accuracy_lower95", 6, 5),
        ("crm", "", 6, 5),
        ("orders", "api.spec_valid", 15, 5),
        ("orders", "", 15, 5),
        ("", "deployment.autonomy_level", 2, 1),
        ("", "org.sponsor", 1, 1),
        ("nobody", "source.completeness", 1, 1),
        ("", "", 1, 1),
        ("", "evidence.grade", 16, 1),
    ],
)
def test_what_is_absent_is_at_what_encloses_it(
    origins: Origins, subject: str, fact: str, line: int, column: int
) -> None:
    """A fact that is absent is found at its whole, else its asset or reference, else its section, else line 1."""
    assert origins.of(subject, fact) == Origin("p.yaml", line, column)


def test_an_observed_value_and_a_statement_are_places_of_a_fact(origins: Origins) -> None:
    """A fact that stands only in evidence or in a statement is found there."""
    assert origins.of("erp", "source.max_staleness") == Origin("p.yaml", 19, 5)
    assert origins.of("crm", "source.cross_system_consistency") == Origin("p.yaml", 21, 5)


def test_the_scope_tells_assets_of_one_name_apart() -> None:
    """An asset is looked for in the list of its scope alone when that is said."""
    documents = [read_yaml("id: p\ndata_sources:\n  - id: a\napis:\n  - id: a\n", file="p.yaml")]
    assert Origins(documents).of("a", scope=Scope.API) == Origin("p.yaml", 5, 5)
    assert Origins(documents).of("a", scope=Scope.SOURCE) == Origin("p.yaml", 3, 5)


def test_other_files_are_searched_behind_the_proposal() -> None:
    """A fact that another file states is found in it; where both state it, in the proposal."""
    own = read_yaml("id: p\ndata_sources:\n  - id: crm\n    completeness: 0.9\n", file="p.yaml")
    other = read_yaml("data_sources:\n- id: crm\n  completeness: 0.8\n  max_staleness: 5\n", file="crm.yaml")
    found = Origins([own, other])
    assert found.of("crm", "source.completeness") == Origin("p.yaml", 4, 5)
    assert found.of("crm", "source.max_staleness") == Origin("crm.yaml", 4, 3)


def test_a_file_is_read_by_its_name(tmp_path: Path) -> None:
    """The message and its places come from one reading of the file."""
    file = tmp_path / "p.yaml"
    file.write_text(TEXT, encoding="utf-8")
    proposal, found = read_located(str(file))
    assert proposal.id == "refunds"
    assert found.of("crm", "source.completeness") == Origin(str(file), 7, 5)
