"""What proposals reference comes from files: the same as if it stood in the proposal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.foundations.files import FoundationFiles
from readygate_server.adapters.foundations.folders import MAX_FILES, beside, files_in
from readygate_server.adapters.proposals.dossier import dossier_of
from readygate_server.adapters.proposals.reader import read_proposal
from readygate_server.domain.facts import FactRef
from readygate_server.domain.faults import FaultsError

DEPLOYMENT = "id: p\ndeployment: {target_gate: commit}\n"
REFERENCES = DEPLOYMENT + "assets:\n  - {scope: source, id: crm}\n  - {scope: api, id: orders}\n"
CRM = """\
data_sources:
  - id: crm
    title: Customers
    completeness: 0.9
    owner: {person: Jane Doe}
"""
BACKING = """\
evidence:
  - {facts: [source.*], subject: crm, grade: e2_measured, source_uri: runs/crm, as_of: 2026-10-01}
  - {facts: [source.max_staleness], subject: crm, value: 5, grade: e1_document, as_of: 2026-09-01}
"""
ORDERS = "apis:\n  - {id: orders, title: Orders, spec_valid: true}\n"
STATED = "statements:\n  - {fact: api.latency_p95, subject: orders, kind: not_stated, reason: Silent.}\n"
Put = Callable[..., Path]


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """Returns what writes files into the folder."""

    def write(**texts: str) -> Path:
        folder = tmp_path / "foundations"
        folder.mkdir(exist_ok=True)
        for name, text in texts.items():
            (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
        return folder

    return write


def resolved(folder: Path, text: str = REFERENCES) -> Proposal:
    """Returns a proposal with what the folder says."""
    proposal, document = read_proposal(text, file="p.yaml")
    return FoundationFiles([folder]).resolved(proposal, document)[0]


def faults(folder: Path, text: str = REFERENCES) -> list[str]:
    """Returns the faults of a proposal with what the folder says, in words."""
    with pytest.raises(FaultsError) as caught:
        resolved(folder, text)
    return [str(fault).replace(f"{folder}/", "") for fault in caught.value.faults]


def digest(proposal: Proposal) -> str:
    """Returns the digest of all that a proposal says."""
    return dossier_of(proposal).digest


def test_a_split_proposal_says_what_it_would_say_in_one_piece(put: Put) -> None:
    """Digest and settled facts are those of the same text in one file, however the files are cut."""
    whole = read_proposal(DEPLOYMENT + CRM + ORDERS + BACKING + STATED, file="p.yaml")[0]
    apart = resolved(put(crm=CRM + BACKING, orders=ORDERS + STATED))
    together = resolved(put(crm=CRM + ORDERS + BACKING + STATED, orders="{}"))
    assert digest(apart) == digest(whole) == digest(together)
    assert not apart.assets
    assert dossier_of(apart).facts.get(FactRef("source.max_staleness", "crm")) == 5


def test_files_about_one_asset_are_joined(put: Put) -> None:
    """Several files about one asset say together what they say, in whatever order they are named."""
    owner = "data_sources: [{id: crm, max_staleness: 7}]\n"
    folder = put(crm=CRM + BACKING.splitlines(keepends=True)[0] + BACKING.splitlines(keepends=True)[1], more=owner)
    proposal, document = read_proposal(DEPLOYMENT + "assets: [{scope: source, id: crm}]\n", file="p.yaml")
    files = [folder / "crm.yaml", folder / "more.yaml"]
    one, other = (FoundationFiles(places).resolved(proposal, document)[0] for places in (files, files[::-1]))
    assert digest(one) == digest(other)
    facts = dossier_of(one).facts
    assert facts.get(FactRef("source.max_staleness", "crm")) == 7
    assert facts.get(FactRef("source.completeness", "crm")) == 0.9


def test_what_the_proposal_says_otherwise_is_a_conflict(put: Put) -> None:
    """A value of the proposal stands against that of the file; evidence decides, and both are told."""
    text = REFERENCES + "data_sources: [{id: crm, completeness: 0.99}]\n"
    dossier = dossier_of(resolved(put(crm=CRM + BACKING, orders=ORDERS), text))
    (conflict,) = dossier.conflicts
    assert str(conflict.ref) == "source[crm].completeness"
    assert [each.value for each in conflict.candidates] == [0.9, 0.99]
    assert dossier.facts.get(FactRef("source.completeness", "crm")) == 0.9


def test_a_reference_to_nothing_names_what_is_there(put: Put) -> None:
    """The fault stands at the reference, with what was probably meant; another kind of the same id is told."""
    text = DEPLOYMENT + "assets:\n  - {scope: source, id: cmr}\n  - {scope: workflow, id: orders}\n"
    misspelt, other_kind = faults(put(crm=CRM, orders=ORDERS), text)
    assert misspelt.startswith("p.yaml:4:25: no file in ")
    assert misspelt.endswith("has this data source: got 'cmr', expected one of crm; did you mean crm?")
    assert other_kind.startswith("p.yaml:5:27: ")
    assert "has this workflow, but an API of this id: got 'orders'" in other_kind


def test_a_file_that_speaks_of_no_asset_is_told(put: Put) -> None:
    """A misspelt field is not passed over: a folder tells it with the reference, a file that is named is refused."""
    folder = put(crm=CRM.replace("data_sources", "data_source"), orders=ORDERS)
    (absent,) = faults(folder)
    assert "(crm.yaml: nothing about assets)" in absent
    (refused,) = faults(folder / "crm.yaml")
    assert "there is no data source, API or workflow in it: expected one of data_sources, apis, workflows" in refused


def test_files_have_no_revisions(put: Put) -> None:
    """A reference to a revision is refused, since a file may say anything by now."""
    text = DEPLOYMENT + "assets:\n  - {scope: source, id: crm, revision: 3}\n"
    assert faults(put(crm=CRM), text) == [
        "p.yaml:4:40: files have no revisions: got 3, expected no revision, or --server with the server that keeps it"
    ]


def test_faults_of_a_file_have_their_place_in_it(put: Put) -> None:
    """A fault of a file that is referenced is told with its line; one that nothing references is not looked into."""
    wrong = CRM.replace("completeness", "completness")
    assert faults(put(crm=wrong, orders=ORDERS)) == [
        "crm.yaml:4:5: the field is not known: got 'completness'; did you mean completeness?"
    ]
    assert resolved(put(crm=CRM, orders=ORDERS, other=wrong.replace("crm", "erp"))).id == "p"


def test_what_is_no_yaml_could_be_about_anything(put: Put) -> None:
    """A file in the folder that can not be read is a fault: it may speak of what is referenced."""
    folder = put(crm=CRM, orders=ORDERS, broken="data_sources: [")
    (folder / "latin.yml").write_bytes(b"title: \xff")
    found = faults(folder)
    assert [each.partition(":")[0] for each in found] == ["broken.yaml", "latin.yml"]
    assert "not UTF-8" in found[1]


def test_a_fact_said_not_to_apply_has_no_value_in_a_file(put: Put) -> None:
    """The fault stands where the file has the value."""
    stated = "statements:\n  - {fact: source.completeness, subject: crm, kind: not_applicable, reason: R}\n"
    (fault,) = faults(put(crm=CRM, orders=ORDERS), REFERENCES + stated)
    assert fault.startswith("crm.yaml:4:19: the proposal says that the fact does not apply, and here it has a value: ")
    assert fault.endswith("got source[crm].completeness, expected one of the two")


def test_what_a_file_says_of_a_deployment_stays_out(put: Put) -> None:
    """Facts of the deployment in a file change nothing, and the file is named."""
    folder = put(crm=CRM, orders=ORDERS + "gov: {inventory_id: ai-1}\n")
    proposal, document = read_proposal(REFERENCES, file="p.yaml")
    files = FoundationFiles([folder])
    assert not files.resolved(proposal, document)[0].HasField("gov")
    assert files.deployment_facts == [str(folder / "orders.yaml")]


def test_a_proposal_that_breaks_a_limit_with_its_files_is_refused(put: Put) -> None:
    """Each part is within its limits, the whole is not: it is refused as it would be in one piece."""
    entries = "".join(
        f"  - {{facts: [source.completeness], subject: crm, source_uri: run-{number}}}\n" for number in range(5_000)
    )
    own = "evidence:\n  - {facts: [deployment.*], grade: e1_document}\n"
    (fault,) = faults(put(crm=CRM + "evidence:\n" + entries, orders=ORDERS), REFERENCES + own)
    assert "evidence" in fault


def test_no_link_leads_out_of_a_folder(put: Put, tmp_path: Path) -> None:
    """Links to the outside are refused, links within are followed, and a folder that is a link is not taken unasked."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.yaml").write_text(ORDERS, encoding="utf-8")
    folder = put(crm=CRM, orders=ORDERS)
    (folder / "inside.yaml").symlink_to("crm.yaml")
    assert [each.name for each in files_in([folder])] == ["crm.yaml", "orders.yaml"]

    (folder / "led.yaml").symlink_to("../outside/secret.yaml")
    (folder / "away").symlink_to(outside)
    assert [each.partition(":")[0] for each in faults(folder)] == ["away", "led.yaml"]

    (outside / "foundations").symlink_to(folder)
    with pytest.raises(FaultsError, match="a link is not followed by itself"):
        beside(outside / "p.yaml")


def test_folders_are_read_to_their_depth_without_what_is_hidden(put: Put) -> None:
    """Folders below count, names that start with a dot and other kinds of files do not, and each file counts once."""
    folder = put(crm=CRM)
    (folder / "apis").mkdir()
    (folder / "apis" / "orders.json").write_text('{"apis": []}', encoding="utf-8")
    for name in (".git", "apis/.hidden"):
        (folder / name).mkdir()
        (folder / name / "x.yaml").write_text("[", encoding="utf-8")
    (folder / "README.md").write_text("[", encoding="utf-8")
    found = files_in([folder, folder / "crm.yaml", folder / "apis"])
    assert [str(each.relative_to(folder)) for each in found] == ["apis/orders.json", "crm.yaml"]


def test_there_is_a_most_of_files(put: Put) -> None:
    """A folder of very many files was hardly meant; it is refused before they are read."""
    folder = put(**{f"f{number}": "" for number in range(MAX_FILES + 1)})
    with pytest.raises(FaultsError, match="too many files"):
        files_in([folder])
