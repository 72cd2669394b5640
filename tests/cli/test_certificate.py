"""`readygate certificate`: checked offline, with every step told, and issued by a server."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from readygate import GateClient
from readygate.v1.gate_service_pb2 import EvaluateRequest
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.signing.store import read_current, rotate_key
from readygate_server.domain.keys import KeyPurpose
from readygate_server.domain.vocabulary import Gate, Tier
from tests import builders
from tests.certified import AUDIENCE, Office, go
from tests.cli.command import EXAMPLE, Ran, readygate, together
from tests.cli.serving import served

AT = ("--at", "2026-11-01T12:00:00Z")
PROPOSAL = """\
id: passing-t3
title: Another one
"""


@dataclass(frozen=True)
class Files:
    """What somebody has who checks a certificate."""

    folder: Path

    def __getitem__(self, name: str) -> Path:
        """Returns a file."""
        return self.folder / name

    def verify(self, *arguments: str | Path, bundle: str = "bundle.json") -> tuple[str | Path, ...]:
        """Returns a call that checks the certificate with the key set."""
        return ("certificate", "verify", self[bundle], "--keys", self["keys.json"], *arguments)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Returns a certificate, its key set, its proposal and another one."""
    folder = tmp_path_factory.mktemp("files")
    office = Office(tmp_path_factory.mktemp("office"))
    (bundle,) = office.issue(go())
    tampered = json.loads(bundle)
    tampered["envelope"]["payload"] = "e30="  # an empty object
    rotate_key(office.directory, KeyPurpose.CERTIFICATE, revoke=True)
    contents = {
        "bundle.json": bundle,
        "tampered.json": json.dumps(tampered),
        "revoked.json": office.key_set,
        "newer.json": read_current(office.directory)[1],
        "checkpoint": json.loads(bundle)["checkpoint"],
        "other.yaml": PROPOSAL,
    }
    for name, text in contents.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "proposal.binpb").write_bytes(go()[0].SerializeToString())
    (folder / "other.binpb").write_bytes(b"")
    (folder / "keys.json").write_text(_first_set(office.directory), encoding="utf-8")
    return Files(folder)


def _first_set(directory: Path) -> str:
    return (directory / "keys/key-set-0001.dsse.json").read_text(encoding="utf-8")


def steps(ran: Ran) -> list[str]:
    """Returns the lines of the steps, without their details."""
    return [" ".join(line[:27].split()) for line in ran.out.splitlines()[1:]]


def test_a_sound_certificate_ends_with_0_and_tells_each_step(files: Files) -> None:
    """With proposal, audience and checkpoint given all twelve steps are said to have passed."""
    everything = ("--proposal", files["proposal.binpb"], "--audience", AUDIENCE, "--checkpoint", files["checkpoint"])
    ran = readygate(*files.verify(*everything, *AT))

    assert (ran.code, ran.err, ran.verdict) == (0, "", "VALID")
    assert [line.split()[0] for line in steps(ran)] == [str(number) for number in range(1, 13)]
    assert all(line.endswith("passed") for line in steps(ran))


def test_what_was_not_asked_is_said(files: Files) -> None:
    """Without a proposal and an audience the first line says that nothing is said about them."""
    ran = readygate(*files.verify(*AT))

    assert ran.code == 0
    assert ran.out.startswith("VALID, with nothing said about: audience, proposal\n")


def test_a_refused_certificate_ends_with_1_and_its_reason(files: Files) -> None:
    """Tampered, expired, not yet valid, for others, about another proposal, by a revoked key: each has its reason."""
    calls = {
        "the signature does not fit": files.verify(*AT, bundle="tampered.json"),
        "expired: it holds from": files.verify("--at", "2026-11-02T00:05:00Z"),
        "not yet valid: it holds from": files.verify("--at", "2026-11-01T11:54:59Z"),
        "not for procurement.other.example": files.verify(*AT, "--audience", "procurement.other.example"),
        "it is about other bytes": files.verify(*AT, "--proposal", files["other.binpb"]),
        "it is about other facts": files.verify(*AT, "--proposal", files["other.yaml"]),
        "was revoked": files.verify(*AT, "--newer-keys", files["newer.json"]),
    }
    for why, ran in zip(calls, together(*calls.values()), strict=True):
        assert (ran.code, ran.err) == (1, "")
        assert ran.out.startswith("REFUSED: ")
        assert why in ran.out.splitlines()[0]
    assert readygate(*files.verify(*AT)).code == 0


def test_a_proposal_in_question_may_be_split(files: Files) -> None:
    """What a proposal references is read with it, so that it is compared as the one in one piece."""
    examples = EXAMPLE, EXAMPLE.parent / "split" / EXAMPLE.name
    whole, split = together(*(files.verify(*AT, "--proposal", example) for example in examples))
    assert (whole.code, whole.err) == (1, "")
    assert "it is about other facts" in whole.out
    assert split == whole


def test_json_has_the_same_report(files: Files) -> None:
    """With `--format json` programs get the steps, the reason, and what is certified."""
    sound, refused = together(files.verify(*AT, "--format", "json"), files.verify("--format", "json"))
    told, not_told = json.loads(sound.out), json.loads(refused.out)

    assert (sound.code, told["valid"], told["reason"]) == (0, True, "")
    assert told["certificate"]["verdict"] == "GO"
    assert [step["result"] for step in told["steps"]].count("skipped") == 2
    assert (refused.code, not_told["valid"]) == (1, False)
    assert not_told["reason"].startswith("expired")
    assert not_told["steps"][-1] == {"number": 12, "name": "inclusion", "result": "not_reached", "detail": ""}


def test_what_can_not_be_read_ends_with_3(files: Files, tmp_path: Path) -> None:
    """A missing file, a key set that is none, a proposal with a fault: these say nothing about the certificate."""
    faulty = tmp_path / "faulty.yaml"
    faulty.write_text("id: x\nfoo: 1\n", encoding="utf-8")
    noise = tmp_path / "noise.bin"
    noise.write_bytes(b"\xff\xfe")
    calls = {
        "No such file": ("certificate", "verify", tmp_path / "none", "--keys", files["keys.json"]),
        "the key set is malformed": ("certificate", "verify", files["bundle.json"], "--keys", files["bundle.json"]),
        "the field is not known": files.verify("--proposal", faulty),
        "this is not UTF-8": files.verify("--checkpoint", noise),
        "its number is 2, expected more than 2": files.verify(
            "--newer-keys", files["newer.json"], "--newer-keys", files["newer.json"]
        ),
    }
    for why, ran in zip(calls, together(*calls.values()), strict=True):
        assert (ran.code, ran.out) == (3, "")
        assert why in ran.err


def test_a_server_that_is_not_there_ends_with_4() -> None:
    """When no server answers there is no certificate, and the command says so."""
    ran = readygate(
        *("certificate", "issue", "0" * 32, "--server", "127.0.0.1:1", "--audience", AUDIENCE), env={"NO_PROXY": "*"}
    )

    assert (ran.code, ran.out) == (4, "")
    assert "UNAVAILABLE" in ran.err


def go_of_today() -> Proposal:
    """Returns a proposal that is a go today, by the clock that the server reads as well."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(builders, "AS_OF", datetime.now(UTC).date().isoformat())
        return Proposal.FromString(builders._passing.__wrapped__(Tier.T1, Gate.COMMIT))


def test_a_server_issues_what_others_can_check(tmp_path: Path) -> None:
    """From the verdict of a running server to a file that holds without it, and no file for a no."""
    proposal, refused = go_of_today(), Proposal(id="nothing-known")
    with served(tmp_path) as (_, address), GateClient(address) as client:
        decided = client.evaluate(EvaluateRequest(proposal=proposal))
        undetermined = client.evaluate(EvaluateRequest(proposal=refused))
        ask = ("certificate", "issue", "--server", address, "--audience", AUDIENCE)
        issued, none, unknown = together(
            (*ask, decided.record.decision_id, "-o", tmp_path / "bundle.json"),
            (*ask, undetermined.record.decision_id),
            (*ask, "0" * 32),
        )
    exported = readygate("keys", "export", "--data-dir", tmp_path / "data", "-o", tmp_path / "keys.json")
    (tmp_path / "proposal.binpb").write_bytes(proposal.SerializeToString())
    expected = ("--audience", AUDIENCE, "--proposal", tmp_path / "proposal.binpb")
    verified = readygate(*Files(tmp_path).verify(*expected))

    assert (issued.code, issued.err, exported.code) == (0, "", 0)
    assert (verified.code, verified.out.splitlines()[0]) == (0, "VALID"), verified.out
    assert (none.code, "CERTIFICATE_REFUSED" in none.err) == (1, True)
    assert (unknown.code, "NOT_FOUND" in unknown.err) == (3, True)
