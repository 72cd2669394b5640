"""`readygate keys`: made, listed, rotated, revoked and published from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from readygate_server.adapters.signing.envelope import read_envelope
from readygate_server.adapters.signing.key_sets import follow, read_key_set
from tests.cli.command import Ran, readygate, together


def keys(directory: Path, command: str, *arguments: str | Path) -> Ran:
    """Runs a command on the keys of a data directory."""
    return readygate("keys", command, *arguments, "--data-dir", directory)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Returns a data directory with keys."""
    ran = keys(tmp_path / "data", "init")
    assert (ran.code, ran.err) == (0, "")
    return tmp_path / "data"


def test_keys_are_made_listed_rotated_and_revoked(made: Path) -> None:
    """Each command shows what the set is afterwards: which key signs, which one did, and until when."""
    first = json.loads(keys(made, "export").out)
    rotated = keys(made, "rotate")
    old = next(key["keyId"] for key in first["keys"] if key["purpose"] == "certificate")
    revoked = keys(made, "revoke", old)
    listed = keys(made, "list")

    assert rotated.out.startswith("Key set 2 of ")
    assert [line.split()[0] for line in rotated.out.splitlines()[1::2]] == ["active", "retired", "active"]
    assert [line.split()[0] for line in listed.out.splitlines()[1::2]] == ["active", "revoked", "active"]
    assert listed.out == revoked.out
    assert f"revoked  certificate ecdsa-p256-sha256 {old}" in listed.out


def test_the_published_set_can_be_followed(made: Path, tmp_path: Path) -> None:
    """What is exported is the public set, plain or signed; the next signed one follows from the plain one before."""
    plain, signed = tmp_path / "plain.json", tmp_path / "signed.json"
    before, _ = together(("keys", "export", "--data-dir", made, "-o", plain), ("keys", "list", "--data-dir", made))
    keys(made, "rotate", "--purpose", "checkpoint", "--revoke")
    after = keys(made, "export", "--signed", "--output", signed)
    first = read_key_set(plain.read_text(encoding="utf-8"))

    assert (before.out, after.out) == ("", "")
    newer = follow(first, read_envelope(json.loads(signed.read_text(encoding="utf-8"))))
    assert newer.number == 2
    assert "PRIVATE" not in plain.read_text(encoding="utf-8") + signed.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("keys", "list"), "there are no keys; readygate keys init"),
        (("keys", "rotate"), "there are no keys"),
        (("keys", "init", "--certificate-signer", "hsm:x"), "ID being a number"),
        (("keys", "init", "--certificate-signer", "file2:/nowhere"), "can not be read"),
        (("keys", "rotate", "--purpose", "checkpoint", "--certificate-signer", "hsm:1"), "--purpose certificate"),
        (("keys", "init", "--data-dir", "/proc/nowhere"), "/proc/nowhere"),
    ],
)
def test_what_can_not_be_done_ends_with_3(arguments: tuple[str, ...], why: str, tmp_path: Path) -> None:
    """A command that can not be carried out says why, and makes nothing."""
    ran = readygate(*arguments[:2], "--data-dir", tmp_path, *arguments[2:])

    assert (ran.code, ran.out) == (3, "")
    assert why in ran.err
    assert "Traceback" not in ran.err
    assert list(tmp_path.iterdir()) == []


def test_keys_are_not_made_twice(made: Path) -> None:
    """Making keys where there are some is refused, and they stay."""
    before = keys(made, "list").out
    again = keys(made, "init")

    assert (again.code, "there are keys" in again.err) == (3, True)
    assert keys(made, "list").out == before
