"""`readygate collect` as people call it: files, standard output, errors and exit codes."""

from __future__ import annotations

import io
import os
import re
import sys
from pathlib import Path

import pytest
from tests.cli.command import EXAMPLE, readygate
from tests.collectors.core.samples import MANIFEST, OPENAPI, SAMPLES

from readygate_server.adapters.collectors.foundation import MARK
from readygate_server.adapters.evidence_files.reader import read_evidence
from readygate_server.cli.progress import clear, progress

COLLECTED_AT = re.compile(r"collected_at: .*")
TABLE = ("collect", "table", "customers.csv", "--asset", "crm", "--key", "id", "--critical", "name")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Returns a folder with a small table and an API description."""
    (tmp_path / "customers.csv").write_text("id,name\n1,Jane\n2,\n")
    (tmp_path / "orders.yaml").write_text(OPENAPI)
    return tmp_path


def test_a_file_is_written_and_written_anew(folder: Path) -> None:
    """The same artefact gives the same bytes, but for the moment of collection; the file says what is in it."""
    first = readygate(*TABLE, "-o", "crm.yaml", cwd=folder)
    text = (folder / "crm.yaml").read_text()
    again = readygate(*TABLE, "-o", "crm.yaml", cwd=folder)

    assert (first.code, first.out, again.code) == (0, "", 0)
    assert first.err.startswith("crm (table): 2 facts stated, ")
    assert COLLECTED_AT.sub("", (folder / "crm.yaml").read_text()) == COLLECTED_AT.sub("", text)
    assert read_evidence(text, file="crm.yaml").said.data_sources[0].completeness == 0.5
    assert sorted(path.name for path in folder.iterdir()) == ["crm.yaml", "customers.csv", "orders.yaml"]


def test_standard_output_is_the_file_alone(folder: Path) -> None:
    """What is for people goes to standard error, so that the output can be piped."""
    ran = readygate(*TABLE, cwd=folder)

    assert ran.code == 0
    assert read_evidence(ran.out, file="-").said.evidence
    assert MARK in ran.out


def test_what_is_collected_counts_in_a_check(folder: Path) -> None:
    """A measured value takes the place of a claimed one in the proposal, and the report says so."""
    readygate(*TABLE, "-o", "crm.yaml", cwd=folder)
    plain = readygate("check", EXAMPLE, "--as-of", "2026-11-01", "--format", "json")
    joined = readygate("check", EXAMPLE, "--evidence", folder / "crm.yaml", "--as-of", "2026-11-01", "--format", "json")

    assert plain.code == joined.code == 1
    assert "customers.csv" in joined.out
    assert "customers.csv" not in plain.out


def test_nothing_of_others_is_written_over(folder: Path) -> None:
    """A file that this command did not write stays, and nothing is read before that is known."""
    (folder / "mine.yaml").write_text("id: precious\n")
    ran = readygate(*TABLE, "-o", "mine.yaml", cwd=folder)

    assert ran.code == 3
    assert "is there already" in ran.err
    assert (folder / "mine.yaml").read_text() == "id: precious\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("table", "a.csv", "b.csv", "--asset", "crm"), ("a.csv: there is no such", "b.csv: there is no such")),
        (("table", "customers.csv", "--asset", "CRM!"), ("--asset CRM!: the id is not well formed",)),
        (("table", "customers.csv"), ("required: --asset",)),
        (("table", "customers.csv", "--asset", "crm", "--keys", "id"), ("unrecognized arguments: --keys",)),
        (("tabel", "customers.csv", "--asset", "crm"), ("no collector 'tabel'", "did you mean table?")),
        (("openapi", "customers.csv", "--asset", "crm"), ("customers.csv",)),
        (("table", "customers.csv", "--asset", "crm", "--max-cpu", "0"), ("expected a whole number from 1",)),
        (
            ("table", "customers.csv", "--asset", "crm", "-o", "no/such/folder.yaml"),
            ("no/such/folder.yaml: there is no folder no/such", "mkdir -p no/such"),
        ),
        (("auto", "nowhere"), ("nowhere: there is no such folder",)),
        (("auto", ".", "--map", "orders.yaml"), ("expected FILE=ASSET",)),
        (("auto", ".", "--map", "order.yaml=orders"), ("--map order.yaml: no collector knows such a file",)),
        (("auto", ".", "--proposal", "customers.csv"), ("customers.csv:",)),
    ],
)
def test_what_is_wrong_is_told(arguments: tuple[str, ...], words: tuple[str, ...], folder: Path) -> None:
    """A wrong call ends with 3, says all that is wrong and leaves no file behind."""
    ran = readygate("collect", *arguments, cwd=folder)

    assert (ran.code, ran.out) == (3, "")
    assert [word for word in words if word not in ran.err] == []
    assert "Traceback" not in ran.err
    assert sorted(path.name for path in folder.iterdir()) == ["customers.csv", "orders.yaml"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_is_refused_before_anybody_waits_for_it(folder: Path) -> None:
    """Nobody writes to it, so that reading would last until the limit of time."""
    os.mkfifo(folder / "pipe.yaml")
    found = readygate("collect", "openapi", "pipe.yaml", "--asset", "orders", "--max-time", "5", cwd=folder)
    assert (found.code, found.err) == (
        3,
        "readygate: pipe.yaml: this is no file and no folder; write what it gives to a file first\n",
    )


def test_a_limit_that_is_met_says_how_to_raise_it(folder: Path) -> None:
    """It is no fault of the artefact and none of the collector."""
    ran = readygate("collect", "openapi", "orders.yaml", "--asset", "orders", "--max-memory", "20", cwd=folder)

    assert ran.code == 3
    assert "raise the limit with --max-memory" in ran.err


def test_the_collectors_are_listed() -> None:
    """Those that are installed are listed with their options."""
    ran = readygate("collect", "--list")

    assert ran.code == 0
    assert set(SAMPLES) <= {line.split()[0] for line in ran.out.splitlines()}


def test_the_options_of_a_collector_are_explained() -> None:
    """The help of a collector has its own options and the limits."""
    ran = readygate("collect", "table", "--help")

    assert ran.code == 0
    assert all(word in ran.out for word in ("--critical", "may be repeated", "--max-memory", "--asset ID"))


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Returns a folder with a sample of every kind, and one file that only looks like an API."""
    for name, sample in SAMPLES.items():
        sample.in_folder(tmp_path / name)
    (tmp_path / "broken.yaml").write_text("openapi: 3.0.3\npaths: [")
    (tmp_path / "proposal.yaml").write_text(
        "id: returns\napis: [{id: orders}]\nworkflows: [{id: refunds, title: Returns}]\n"
        "data_sources: [{id: customers}, {id: erp}]\n"
    )
    return tmp_path


def test_auto_collects_what_is_certain_and_says_the_rest(shop: Path) -> None:
    """Files are matched with the assets of the proposal; what has to be told is told with the words that do it."""
    ran = readygate(
        *("collect", "auto", ".", "--proposal", "proposal.yaml", "--map", "dbt/target/manifest.json=erp"),
        *("-o", "found.yaml"),
        cwd=shop,
    )
    said = read_evidence((shop / "found.yaml").read_text(), file="found.yaml").said

    assert (ran.code, ran.out) == (0, "")
    assert [each.id for each in said.apis] == ["orders"]
    assert [each.id for each in said.workflows] == ["refunds"]
    assert [each.id for each in said.data_sources] == ["erp"]
    assert re.search(r"customers\.csv .* customers +no: needs --critical, --key", ran.err)
    assert "  --map broken.yaml=orders\n" in ran.err
    assert "readygate collect table table/customers.csv --asset customers --critical … --key … -o FILE" in ran.err
    assert "Jane Roe" not in ran.err + (shop / "found.yaml").read_text()


def test_auto_proposes_no_asset_of_another_kind(shop: Path) -> None:
    """Of what is about a kind of asset that the proposal has none of, it says what it is and who reads it."""
    (shop / "proposal.yaml").write_text("id: returns\napis: [{id: orders}]\n")
    ran = readygate("collect", "auto", ".", "--proposal", "proposal.yaml", "-o", "found.yaml", cwd=shop)

    assert "is about a data source, and the proposal names none" in " ".join(ran.err.split())
    assert "  nothing: dbt/target/manifest.json is for readygate collect dbt, once the proposal has it\n" in ran.err
    assert "--map dbt" not in ran.err


def test_auto_goes_on_after_a_file_that_can_not_be_read(shop: Path) -> None:
    """Without a proposal each file is its own asset; one at fault ends the command with 3 and keeps no other out."""
    ran = readygate("collect", "auto", ".", cwd=shop)
    said = read_evidence(ran.out, file="-").said

    assert ran.code == 3
    assert "readygate: broken.yaml:" in ran.err
    assert "orders" in [each.id for each in said.apis]


def test_auto_says_that_it_found_nothing(tmp_path: Path) -> None:
    """An empty folder is no error, and gives no file."""
    ran = readygate("collect", "auto", ".", "-o", "found.yaml", cwd=tmp_path)

    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "nothing found that a collector reads\n"
    assert list(tmp_path.iterdir()) == []


def test_what_only_the_content_says_is_asked_and_no_fault(tmp_path: Path) -> None:
    """A file that turns out to need an option is told with the command that takes it; the rest is collected."""
    (tmp_path / "orders.yaml").write_text(OPENAPI)
    other = '"model.b.x": {"unique_id": "model.b.x", "resource_type": "model", "package_name": "b", "name": "x"},'
    nameless = MANIFEST.replace('"project_name": "shop", ', "").replace('"nodes": {', f'"nodes": {{{other}')
    (tmp_path / "manifest.json").write_text(nameless)
    ran = readygate("collect", "auto", ".", "-o", "found.yaml", cwd=tmp_path)

    assert ran.code == 0
    assert "manifest.json: has to be told: --package: " in ran.err
    assert re.search(r"^  readygate collect dbt manifest\.json --asset [\w-]+ --… -o FILE$", ran.err, re.MULTILINE)
    assert "wrote found.yaml" in ran.err


COUNTER = '''
from readygate_server.adapters.collectors.artefacts import read_whole
from readygate_server.domain.collected import Collected, Coverage, Measured, Status
from readygate_server.domain.vocabulary import Grade, Scope

class Counter:
    """Counts what it likes."""

    name, version, scope, options = "counter", "9", Scope.SOURCE, ()

    def recognises(self, path, head):
        return None

    def collect(self, request):
        artefact, _ = read_whole(request.artefacts[0])
        way = "counter.bytes.v1"
        fact = Measured("source.validity", Status.STATED, 1.0, "", Grade.E2, way, (), Coverage(artefact.size, 0), None)
        return Collected("counter", "9", request.subject, (artefact,), (fact,))

COLLECTOR = Counter()
'''


def test_collectors_of_other_packages_are_welcome(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A package that is installed adds its collector; another of its that is broken is told and harms nothing."""
    site = tmp_path_factory.mktemp("site")
    about = site / "acme_collectors-2.5.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-collectors\nVersion: 2.5\n")
    (about / "entry_points.txt").write_text(
        "[readygate.collectors]\ncounter = acme_counter:COLLECTOR\nruin = acme_ruin:COLLECTOR\n"
    )
    (site / "acme_counter.py").write_text(COUNTER)
    (site / "acme_ruin.py").write_text("raise RuntimeError('not today')\n")
    env = {"PYTHONPATH": os.pathsep.join([str(site), *(path for path in sys.path if path)])}

    listed = readygate("collect", "--list", env=env)
    ran = readygate("collect", "counter", "customers.csv", "--asset", "crm", env=env, cwd=folder)
    ruined = readygate("collect", "ruin", "customers.csv", "--asset", "crm", env=env, cwd=folder)

    assert re.search(r"^counter +9 +source +acme-collectors 2\.5$", listed.out, re.MULTILINE)
    assert "ruin of acme-collectors" in listed.err
    assert (ran.code, read_evidence(ran.out, file="-").said.data_sources[0].validity) == (0, 1.0)
    assert ruined.code == 4
    assert "the collector ruin of acme-collectors 2.5 can not be imported: RuntimeError: not today" in ruined.err


class _Terminal(io.StringIO):
    """A terminal that keeps what is written."""

    def isatty(self) -> bool:
        return True


def test_progress_is_one_line_of_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is shown when it takes a while, with a share where the total is known, and taken away at the end."""
    now = iter([0.0, 0.1, 1.0, 2.0])
    monkeypatch.setattr("readygate_server.cli.progress.time.monotonic", lambda: next(now))
    terminal = _Terminal()
    show = progress(terminal)
    show("starting", 1, 10)
    show("counting\x1b[2J", 5, 10)
    show("reading", 12_345, 0)
    clear(terminal)

    assert terminal.getvalue() == "\r\x1b[Kcounting[2J 50 %\r\x1b[Kreading 12,345\r\x1b[K"


def test_no_progress_is_written_to_files() -> None:
    """What is no terminal gets none of it."""
    file = io.StringIO()
    progress(file)("reading", 1, 2)
    clear(file)

    assert file.getvalue() == ""
