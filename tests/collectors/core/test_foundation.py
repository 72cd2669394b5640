"""The file that collectors write: deterministic, in the shape of proposals, and read back as it was meant."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from tests.collectors.core.sample import measured
from tests.documents import ROOT

from readygate.v1.evidence_pb2 import EVIDENCE_GRADE_E1_DOCUMENT, FACT_STATEMENT_KIND_NOT_STATED
from readygate_server.adapters.collectors.foundation import MARK, foundation_text, parameters_digest, source_of
from readygate_server.adapters.evidence_files.reader import EvidenceFile, read_evidence
from readygate_server.domain.collected import Artefact, Collected, Coverage, Measured, Status, Subject
from readygate_server.domain.vocabulary import Grade, Scope

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
ONE = Artefact("crm.csv", f"sha256:{'1' * 64}", 10)
TWO = Artefact("orders.csv", f"sha256:{'2' * 64}", 20)
CRM = Subject(Scope.SOURCE, "crm", "Customers: all of them")
VALIDATOR = Draft202012Validator(json.loads((ROOT / "rules/schema/foundation.schema.json").read_text("utf-8")))


def collected(*facts: Measured, subject: Subject = CRM, notes: tuple[str, ...] = (), name: str = "lines") -> Collected:
    """Returns a finding."""
    return Collected(name, "1", subject, (ONE,), facts, notes)


def written(*found: Collected) -> EvidenceFile:
    """Returns what is read back of what is written, after its schema was asked."""
    text = foundation_text(found, collected_at=NOON)
    data = yaml.load(text, yaml.BaseLoader)  # noqa: S506, texts alone
    assert data is not None
    read = read_evidence(text, file="crm.yaml")
    assert [error.message for error in VALIDATOR.iter_errors(read.document.data)] == []
    return read


def test_a_finding_is_written_with_all_that_is_known_of_it() -> None:
    """Value, grade, method, digests, coverage and moments stand where the contract has them."""
    fact = measured(
        *("source.completeness", 0.1 + 0.2),
        grade=Grade.E1,
        parameters=(("key", "id"), ("token", "NA")),
        coverage=Coverage(9, 1, ("1 row: not UTF-8",)),
        as_of=datetime(2026, 10, 1, 8, 30, 0, 250_000, tzinfo=UTC),
    )
    said = written(collected(fact)).said
    entry = said.evidence[0]

    assert (said.data_sources[0].id, said.data_sources[0].title) == ("crm", "Customers: all of them")
    assert said.data_sources[0].completeness == entry.value.number == 0.1 + 0.2
    assert (list(entry.facts), entry.subject, entry.grade) == (
        *(["source.completeness"], "crm", EVIDENCE_GRADE_E1_DOCUMENT),
    )
    assert (entry.source_uri, entry.source_digest) == (ONE.uri, ONE.digest)
    assert (entry.collector, entry.collector_version, entry.method) == ("readygate collect lines", "1", fact.method)
    told = hashlib.sha256(b'{"key":"id","token":"NA"}').hexdigest()
    assert entry.parameters_digest == f"sha256:{told}"
    assert (entry.coverage.examined, entry.coverage.skipped, list(entry.coverage.reasons)) == (
        *(9, 1, ["1 row: not UTF-8"]),
    )
    assert entry.as_of.ToJsonString() == "2026-10-01T08:30:00.250Z"
    assert entry.collected_at.ToJsonString() == "2026-11-01T12:00:00Z"


def test_an_unknown_age_is_left_out() -> None:
    """A fact whose artefact does not say when it was so has no age, and not that of its collection."""
    assert not written(collected(measured("source.completeness", 0.5))).said.evidence[0].HasField("as_of")


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (Status.NOT_STATED, "no key is declared"),
        (Status.NOT_EVALUABLE, "can not be evaluated: no key is declared"),
        (Status.NOT_APPLICABLE, "does not apply to what was read: no key is declared"),
    ],
)
def test_what_has_no_value_is_said_to_be_not_stated(status: Status, reason: str) -> None:
    """It gets no value and no evidence; that a fact does not apply to a deployment only a person can say."""
    said = written(collected(measured("source.uniqueness", None, "no key is declared", status=status))).said

    assert [(each.fact, each.subject, each.kind, each.reason) for each in said.statements] == [
        ("source.uniqueness", "crm", FACT_STATEMENT_KIND_NOT_STATED, reason)
    ]
    assert not said.statements[0].stated_by
    assert not said.evidence
    assert not said.data_sources[0].HasField("uniqueness")


def test_parts_sets_and_corpora_stand_where_proposals_have_them() -> None:
    """Composite facts, sets, facts of corpora and of the deployment are nested as in a proposal."""
    source = collected(
        measured("corpus.stale_share", 0.25),
        measured("source.accuracy.sample_size", 400),
        measured("source.accuracy.ratio", 0.98),
        measured("source.uses", ("reference", "training")),
        measured("source.authority", "system_of_record"),
        measured("source.owner.accepted", True),
    )
    whole = collected(measured("gov.log_retention", 90), subject=Subject(Scope.DEPLOYMENT, ""))
    said = written(source, whole).said

    assert (said.data_sources[0].accuracy.ratio, said.data_sources[0].accuracy.sample_size) == (0.98, 400)
    assert said.data_sources[0].corpus.stale_share == 0.25
    assert len(said.data_sources[0].uses.members) == 2
    assert said.data_sources[0].owner.accepted is True
    assert said.gov.log_retention == 90
    assert len(said.evidence) == 7


def test_two_findings_about_one_asset_are_joined() -> None:
    """The value of the higher grade is in use, then the newer; the evidence of both stays, and nothing is missing."""
    early, late = NOON - timedelta(days=9), NOON
    old = collected(measured("source.completeness", 0.9, as_of=early), measured("source.validity", None, "no type"))
    new = collected(measured("source.completeness", 0.8, as_of=late), measured("source.validity", 1.0), name="rows")
    read = collected(measured("source.completeness", 1.0, as_of=late, grade=Grade.E1), name="paper")
    said = written(old, new, read).said

    assert len(said.data_sources) == 1
    assert said.data_sources[0].completeness == 0.8
    assert len(said.evidence) == 4
    assert not said.statements


def test_the_text_does_not_depend_on_the_order_of_findings() -> None:
    """The same findings give the same bytes."""
    one = collected(measured("source.validity", 1.0), measured("source.completeness", 0.5))
    other = collected(measured("api.spec_valid", True), subject=Subject(Scope.API, "orders"))
    same = collected(measured("source.completeness", 0.5), measured("source.validity", 1.0))

    assert foundation_text([one, other], collected_at=NOON) == foundation_text([other, same], collected_at=NOON)


def test_the_digest_of_several_artefacts_can_be_checked_with_sha256sum() -> None:
    """It is that of the list that `sha256sum` prints, sorted by name; the order given does not count."""
    lines = f"{'1' * 64}  crm.csv\n{'2' * 64}  orders.csv\n"
    uri, digest = source_of([TWO, ONE])

    assert (uri, digest) == ("crm.csv, orders.csv", f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}")
    assert source_of([ONE]) == (ONE.uri, ONE.digest)
    assert len(source_of([ONE._replace(uri=f"{number}/x.proto") for number in range(1_000)])[0]) < 400


def test_parameters_have_one_digest() -> None:
    """Another value is another digest; the same is the same."""
    assert parameters_digest([("a", "1")]) == parameters_digest((("a", "1"),))
    assert parameters_digest([("a", "1")]) != parameters_digest([("a", "2")])


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_is_written_so_that_it_reads_back(title: str, reason: str) -> None:
    """Titles, notes and reasons with quotes, breaks, hashes and the like change nothing else in the file."""
    note = f"{title} # {reason}"
    subject = Subject(Scope.SOURCE, "crm", title)
    fact = measured("source.uniqueness", None, f"because {reason}")
    said = written(collected(fact, measured("source.completeness", 0.5), subject=subject, notes=(note,))).said

    assert said.data_sources[0].title == title
    assert said.statements[0].reason == f"because {reason}"
    assert said.data_sources[0].completeness == 0.5


@given(st.floats(min_value=0, max_value=1))
def test_any_number_is_written_so_that_it_reads_back(number: float) -> None:
    """No digit is lost."""
    assert written(collected(measured("source.completeness", number))).said.evidence[0].value.number == number


def test_the_file_says_what_it_is() -> None:
    """The first line names the schema, the second who writes it; then comes what was read and what no fact says."""
    text = foundation_text([collected(measured("source.validity", 1.0), notes=("3 rows",))], collected_at=NOON)

    assert text.splitlines()[:6] == [
        "# yaml-language-server: $schema=schema/foundation.schema.json",
        MARK,
        "#",
        "# crm: lines 1 read",
        f"#   crm.csv, 10 bytes, sha256:{'1' * 64}",
        "#   note: 3 rows",
    ]
