"""`readygate log`: what it says, and what it ends with."""

from __future__ import annotations

import asyncio
import io
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc.aio
import pytest
import structlog
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from readygate.v1 import log_service_pb2_grpc
from readygate_server.adapters.log.checkpoint import Ed25519CheckpointSigner
from readygate_server.adapters.signing.store import init_keys, open_keys
from readygate_server.cli.main import main
from readygate_server.domain.record import TreeHead
from readygate_server.grpc_api.log_servicer import LogServicer
from readygate_server.grpc_api.reception import Reception
from readygate_server.observability import Metrics, configure_logging
from tests.adapters.log.records import KEY, ORIGIN, SIGNER, Record, Records, new_decision
from tests.cli.command import Ran, readygate
from tests.fake_log import FakeLog, entry_id
from tests.grpc_api.test_log import Published

Run = Callable[..., Ran]
HERE = "127.0.0.1:1"


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Records:
    """Makes records for tests."""
    return Records(tmp_path_factory.mktemp("records"))


@pytest.fixture
def record(records: Records, tmp_path: Path) -> Record:
    """Returns a sound record of 13 entries."""
    return records.of(13, tmp_path)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """Returns a file with the key of the log."""
    file = tmp_path / "log.pub"
    file.write_text(f"{SIGNER.key}\n", encoding="utf-8")
    return file


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Returns what runs the command in this process."""

    def run(*arguments: str | Path) -> Ran:
        try:
            code = main(["log", *map(str, arguments)])
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return run


@asynccontextmanager
async def serving(log: FakeLog) -> AsyncIterator[str]:
    """Serves a log, whose server says nothing where the command prints."""
    configure_logging(io.StringIO())
    server = grpc.aio.server()
    calls: Any = Reception(Metrics(), limit=10)
    log_service_pb2_grpc.add_LogServiceServicer_to_server(LogServicer(log, Published()), calls)
    server.add_generic_rpc_handlers((calls,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(1)
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()


def test_a_sound_record_is_said_to_be_so_step_by_step(record: Record, key: Path) -> None:
    """Six numbered steps, each saying what it looked at, and a last line; the command is the installed one."""
    ran = readygate("log", "verify", "--data-dir", record.directory, "--key", key)

    lines = ran.out.splitlines()
    assert (ran.code, ran.err) == (0, "")
    assert [line.partition(":")[0] for line in lines[:-1]] == [
        *("1. Entries", "2. Tree", "3. Checkpoints", "4. Signatures", "5. Decisions", "6. Kept outside")
    ]
    assert lines[0] == "1. Entries: sound: 13 leaves, each against its entry: place, hash, id, kind and time"
    assert "whoever rewrites that can rewrite them" in lines[5]
    assert lines[-1] == "no fault"


def test_the_keys_of_the_data_directory_are_taken_unless_others_are_given(tmp_path: Path, run: Run) -> None:
    """Whoever has the data directory has its public keys; who trusts other keys gives these."""
    init_keys(tmp_path / "data")
    record = Record(tmp_path / "data")
    record.grow([new_decision(1)], Ed25519CheckpointSigner(ORIGIN, open_keys(tmp_path / "data").checkpoint_key))
    other = tmp_path / "other.pub"
    other.write_text(str(SIGNER.key), encoding="utf-8")

    assert (
        "4. Signatures: sound: 1 checkpoint against 1 trusted key\n"
        in run("verify", "--data-dir", tmp_path / "data").out
    )
    with_other = run("verify", "--data-dir", tmp_path / "data", "--key", other)
    assert with_other.code == 1
    assert "4. Signatures: 2 faults" in with_other.out  # that of the record, and the same beside it


def test_a_record_without_known_keys_is_checked_without_signatures(record: Record, run: Run) -> None:
    """The step that was left out is named, in its place and in the last line."""
    ran = run("verify", "--data-dir", record.directory)

    assert ran.code == 0
    assert "4. Signatures: not checked: no key is known; give --key FILE\n" in ran.out
    assert ran.out.endswith("no fault; 1 of 6 steps not checked\n")


def test_a_fault_is_told_with_its_leaf_and_both_values(record: Record, key: Path, run: Run) -> None:
    """The command ends with 1 and says which leaf, what was expected and what stands there."""
    expected = record.value("select leaf_hash from log_leaf where leaf_index = 5").hex()
    record.flip("entry", "body", "id = (select entry_id from log_leaf where leaf_index = 5)")

    ran = run("verify", "--data-dir", record.directory, "--key", key)

    assert ran.code == 1
    assert f"hash: expected {expected}, found " in ran.out
    assert "   leaf 5, entry " in ran.out
    assert re.search(r"^1\. Entries: \d faults?: ", ran.out)


def test_a_rewritten_record_is_found_by_the_checkpoint_that_was_kept(
    record: Record, key: Path, tmp_path: Path, run: Run
) -> None:
    """A log rewritten with its own key passes, unless a checkpoint was kept where its owner does not reach."""
    kept = tmp_path / "kept.checkpoint"
    kept.write_text(record.note, encoding="utf-8")
    record.rewrite(4)
    (record.directory / "anchor/checkpoint").unlink()
    (record.directory / "anchor/history.jsonl").unlink()
    asked = ("verify", "--data-dir", record.directory, "--key", key)

    fooled = run(*asked)
    assert fooled.code == 0
    assert "6. Kept outside: not checked: no checkpoint was given" in fooled.out
    found = run(*asked, "--checkpoint", kept)
    assert found.code == 1
    assert f"   {kept}, checkpoint of 13 leaves, root: expected " in found.out


def test_checkpoints_that_a_server_kept_elsewhere_are_taken(
    record: Record, key: Path, tmp_path: Path, run: Run
) -> None:
    """A directory of checkpoints counts as a whole, and is then not the one beside the record."""
    anchor = (record.directory / "anchor").rename(tmp_path / "elsewhere")
    record.truncate(9)

    ran = run("verify", "--data-dir", record.directory, "--key", key, "--anchor", anchor)

    assert ran.code == 1
    assert f"   {anchor}: expected at least 13 leaves, found 9" in ran.out
    assert "lie beside the record" not in ran.out


def test_findings_come_as_json_too(record: Record, key: Path, run: Run) -> None:
    """Programs get each step with its faults."""
    record.flip("log_node", "hash", "level = 1 and node_index = 2")

    ran = run("verify", "--data-dir", record.directory, "--key", key, "--format", "json")

    told = json.loads(ran.out)
    assert (ran.code, told["sound"]) == (1, False)
    assert [step["fault_count"] for step in told["steps"]] == [0, 1, 0, 0, 0, 0]
    assert told["steps"][1]["faults"][0]["where"] == "node 2 of level 1, over leaves 4 to 5"


def test_many_faults_are_cut_short(records: Records, tmp_path: Path, run: Run) -> None:
    """Twenty are shown, and how many more there are."""
    record = records.of(40, tmp_path)
    record.run("update entry set recorded_at = 0")

    assert "   and 20 more\n" in run("verify", "--data-dir", record.directory).out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("verify",), 3, "one of the arguments --data-dir --database-url --server --proof is required"),
        (("verify", "--data-dir", "x", "--server", HERE), 3, "not allowed with argument"),
        (("verify", "--data-dir", "nowhere"), 4, "record.db: there is no such file"),
        (("verify", "--database-url", "mysql://x/y"), 4, "expected postgresql://"),
        (("verify", "--data-dir", "x", "--keep", "y"), 3, "give --server HOST:PORT"),
        (("verify", "--data-dir", "x", "--key", "missing"), 3, "missing: No such file"),
        (("verify", "--data-dir", "x", "--key", "nonsense"), 3, "nonsense: the key can not be trusted"),
        (("verify", "--data-dir", "x", "--checkpoint", "nonsense"), 3, "the note can not be trusted"),
        (("verify", "--data-dir", "x", "--anchor", "missing"), 3, "--anchor missing: there is no such directory"),
        (("verify", "--server", HERE), 3, "a server is held against one --checkpoint FILE"),
        (("verify", "--server", HERE, "--keep", "x"), 4, "UNAVAILABLE"),
        (("verify", "--proof", "nonsense"), 3, "the proof can not be trusted"),
        (("verify", "--proof", "x", "--checkpoint", "y"), 3, "a proof brings its own checkpoint"),
        (("proof", "x"), 3, "one of the arguments --data-dir --database-url --server is required"),
        (("proof", "x", "--data-dir", "nowhere"), 4, "record.db: there is no such file"),
    ],
)
def test_what_can_not_be_checked_is_no_finding(
    arguments: tuple[str, ...], code: int, message: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wrong usage ends with 3, what can not be read with 4, and neither with 0 or 1."""
    monkeypatch.chdir(tmp_path)
    Path("nonsense").write_text("nonsense", encoding="utf-8")

    ran = run(*arguments)

    assert ran.code == code
    assert message in ran.err
    assert ran.out == ""


async def test_a_server_is_held_against_the_checkpoint_that_was_kept(tmp_path: Path, key: Path, run: Run) -> None:
    """The first time its checkpoint is only kept; later the log is proven to have grown from what was kept."""
    log, kept = FakeLog(5), tmp_path / "kept.checkpoint"
    async with serving(log) as address:
        asked = ("verify", "--server", address, "--key", key, "--keep", kept)
        first = await asyncio.to_thread(run, *asked)
        older = kept.read_text(encoding="utf-8")
        log.grow(8)
        second = await asyncio.to_thread(run, *asked, "--checkpoint", kept)

    assert (first.code, second.code) == (0, 0)
    assert first.out.startswith(f"1. Newest checkpoint: sound: {ORIGIN}, 5 leaves, root ")
    assert "3. Growth: sound: from 5 to 13 leaves, by " in second.out
    assert "\n5\n" in older
    assert "\n13\n" in kept.read_text(encoding="utf-8")


@pytest.mark.parametrize(("size", "message"), [(4, "size: expected at least 5 leaves, found 4"), (9, "that does not")])
async def test_a_server_with_another_past_is_found_and_nothing_of_it_kept(
    size: int, message: str, tmp_path: Path, key: Path, run: Run
) -> None:
    """A server that lost entries, or has others in their place, does not get its checkpoint kept."""
    past = await FakeLog(5).head()
    assert past is not None
    kept = tmp_path / "kept.checkpoint"
    other = Ed25519CheckpointSigner(ORIGIN, KEY).sign(5, past.root[::-1]) if size > 5 else past.note
    kept.write_text(other, encoding="utf-8")

    async with serving(FakeLog(size)) as address:
        asked = ("verify", "--server", address, "--key", key, "--checkpoint", kept, "--keep", kept)
        ran = await asyncio.to_thread(run, *asked)

    assert ran.code == 1
    assert message in ran.out
    assert kept.read_text(encoding="utf-8") == other


class Lying(FakeLog):
    """A log whose server signs a size that it has no entries for, or nothing at all."""

    def __init__(self, note: str) -> None:
        """Takes the note that it gives."""
        super().__init__(5)
        self._note = note

    async def head(self) -> TreeHead | None:
        """Returns its note, under the size that it has."""
        head = await super().head()
        return head and TreeHead(head.size, head.root, self._note)


@pytest.mark.parametrize(
    ("note", "code", "message"),
    [
        ("nonsense", 4, "gives no checkpoint: the note can not be trusted"),
        (SIGNER.sign(9, b"\1" * 32), 1, "3. Growth: 1 fault"),
    ],
)
async def test_a_server_that_does_not_answer_for_what_it_signed_is_not_sound(
    note: str, code: int, message: str, tmp_path: Path, key: Path, run: Run
) -> None:
    """What is no checkpoint can not be read; a checkpoint without a proof of growth is a fault."""
    past = await FakeLog(3).head()
    assert past is not None
    kept = tmp_path / "kept.checkpoint"
    kept.write_text(past.note, encoding="utf-8")

    async with serving(Lying(note)) as address:
        ran = await asyncio.to_thread(run, "verify", "--server", address, "--key", key, "--checkpoint", kept)

    assert ran.code == code
    assert message in ran.out + ran.err


def test_a_damaged_checkpoint_beside_the_record_is_told(record: Record, run: Run) -> None:
    """It can not be read, so that nobody takes it for a checkpoint that was never kept."""
    (record.directory / "anchor/checkpoint").write_text("nonsense", encoding="utf-8")

    ran = run("verify", "--data-dir", record.directory)

    assert (ran.code, ran.out) == (4, "")
    assert "checkpoint can not be read" in ran.err


def test_a_proof_is_got_from_a_record_and_checked_by_itself(
    record: Record, key: Path, tmp_path: Path, run: Run
) -> None:
    """The file says what the entry says, and holds without the record."""
    id_ = record.value("select entry_id from log_leaf where leaf_index = 4").decode()
    file = tmp_path / "entry.tlog-proof"

    assert run("proof", id_, "--data-dir", record.directory, "--output", file).code == 0
    ran = run("verify", "--proof", file, "--key", key)

    assert ran.code == 0
    assert "2. Inclusion: sound: leaf 4 of 13, by 4 hashes to the root\n" in ran.out
    assert f'"id": "{id_}"' in ran.out
    assert '"verdict": "VERDICT_NO_GO"' in ran.out
    file.write_text(file.read_text(encoding="utf-8").replace("index 4", "index 5"), encoding="utf-8")
    assert run("verify", "--proof", file, "--key", key).code == 1


async def test_a_proof_is_got_from_a_server(key: Path, tmp_path: Path, run: Run) -> None:
    """It is the same file, and an id that the log does not have ends with 1."""
    file = tmp_path / "entry.tlog-proof"
    async with serving(FakeLog(9)) as address:
        got = await asyncio.to_thread(run, "proof", entry_id(3), "--server", address)
        missing = await asyncio.to_thread(run, "proof", entry_id(99), "--server", address)
    file.write_text(got.out, encoding="utf-8")

    assert got.code == 0
    assert run("verify", "--proof", file, "--key", key).code == 0
    assert (missing.code, missing.out) == (1, "")
    assert f"the log has no entry {entry_id(99)}" in missing.err


def test_an_entry_that_is_not_in_the_record_has_no_proof(record: Record, run: Run) -> None:
    """The command ends with 1 and says so."""
    ran = run("proof", "f" * 32, "--data-dir", record.directory)

    assert (ran.code, ran.out) == (1, "")
    assert "the log has no entry ffff" in ran.err


def test_a_key_in_pem_is_taken(record: Record, tmp_path: Path, run: Run) -> None:
    """PEM says nothing of the log's name, so that the name may be asked for."""
    pem = tmp_path / "log.pem"
    public = KEY.public_key()
    pem.write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    asked = ("verify", "--data-dir", record.directory, "--key", pem)

    assert run(*asked).code == 0
    assert run(*asked, "--origin", ORIGIN).code == 0
    other = run(*asked, "--origin", "other.example")
    assert other.code == 1
    assert f"it is of the log {ORIGIN}, expected other.example" in other.out
