"""Certificates are checked by programs that share no code with ours.

`@sigstore/verify` comes from npm, pinned in package.json, and is installed into `build/`; openssl with jq is on most
machines; cosign is used where it is found on the path or named by READYGATE_COSIGN.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from readygate_server.adapters.certificates.statement import PREDICATE_TYPE
from readygate_server.adapters.signing.store import rotate_key
from readygate_server.domain.keys import KeyPurpose
from tests.certified import Office, go, statement_of

HERE = Path(__file__).parent
BUILD = HERE.parents[1] / "build/interop"
Check = Callable[[Path, Path], subprocess.CompletedProcess[str]]
"""Takes a bundle and a key set."""


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Lets one process at a time in."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w", encoding="utf-8") as file:
        flock(file, LOCK_EX)
        yield


def run(*command: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Runs a program and returns what it said."""
    return subprocess.run(
        [str(each) for each in command], capture_output=True, text=True, timeout=120, check=False, env=os.environ | env
    )


@pytest.fixture(scope="session")
def sigstore_js() -> Check:
    """Returns the verifier of Sigstore's JavaScript library; skips where it can not be had."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not on this machine")
    pins = (HERE / "package.json").read_bytes()
    folder = BUILD / sha256(pins).hexdigest()[:16]
    with alone(folder):
        if not (folder / "done").exists():
            (folder / "package.json").write_bytes(pins)
            options = ("--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts")
            done = run("npm", "install", "--prefix", folder, *options)
            if done.returncode:
                pytest.skip(f"npm can not install @sigstore/verify here: {done.stderr[-300:]}")
            (folder / "done").touch()
    return lambda bundle, keys: run("node", HERE / "verify.js", bundle, keys, NODE_PATH=str(folder / "node_modules"))


@pytest.fixture(scope="session")
def openssl_and_jq() -> Check:
    """Returns a shell script that knows nothing but openssl and jq; skips where they are not."""
    for program in ("openssl", "jq", "base64"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not on this machine")
    return lambda bundle, keys: run("sh", HERE / "verify_openssl.sh", bundle, keys)


@pytest.fixture(params=["sigstore_js", "openssl_and_jq"])
def check(request: pytest.FixtureRequest) -> Check:
    """Returns each verifier in turn."""
    found: Check = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def cosign() -> str:
    """Returns the path of cosign; skips where it is not."""
    found = os.environ.get("READYGATE_COSIGN") or shutil.which("cosign")
    if found is None:
        pytest.skip("cosign is not on this machine: go install github.com/sigstore/cosign/v2/cmd/cosign@v2.5.3")
    return found


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """Returns an office with two certificates, one from before and one from after a rotation of the key."""
    directory = tmp_path_factory.mktemp("office")
    made = Office(directory)
    (directory / "before.json").write_text(made.issue(go())[0], encoding="utf-8")
    rotate_key(directory, KeyPurpose.CERTIFICATE, clock=lambda: made.now)
    (directory / "after.json").write_text(made.issue(go())[0], encoding="utf-8")
    (directory / "keys.json").write_text(made.key_set, encoding="utf-8")
    return made


def changed(office: Office, change: Callable[[Any], None], target: Path) -> Path:
    """Writes a certificate with a changed envelope."""
    bundle = json.loads((office.directory / "after.json").read_text(encoding="utf-8"))
    change(bundle["envelope"])
    target.write_text(json.dumps(bundle), encoding="utf-8")
    return target


def other_payload(envelope: Any) -> None:
    """Makes the certificate one for another gate."""
    payload = base64.b64decode(envelope["payload"]).replace(b'"gate":"production"', b'"gate":"pilot"')
    envelope["payload"] = base64.b64encode(payload).decode()


def other_signature(envelope: Any) -> None:
    """Changes one bit near the end of the signature."""
    raw = bytearray(base64.b64decode(envelope["signatures"][0]["sig"]))
    raw[-1] ^= 1
    envelope["signatures"][0]["sig"] = base64.b64encode(raw).decode()


def other_type(envelope: Any) -> None:
    """Says that the payload is something else."""
    envelope["payloadType"] = "application/json"


def other_key(envelope: Any) -> None:
    """Names a key that nobody has published."""
    envelope["signatures"][0]["keyid"] = f"sha256:{'0' * 64}"


@pytest.mark.parametrize("name", ["before.json", "after.json"])
def test_others_find_our_certificates_sound(check: Check, office: Office, name: str) -> None:
    """A certificate is sound to programs that are not ours, whether its key signs still or was retired."""
    done = check(office.directory / name, office.directory / "keys.json")

    assert (done.returncode, done.stdout) == (0, f"{PREDICATE_TYPE} GO\n"), done.stderr


@pytest.mark.parametrize("change", [other_payload, other_signature, other_type, other_key])
def test_others_refuse_what_we_refuse(
    check: Check, office: Office, change: Callable[[Any], None], tmp_path: Path
) -> None:
    """A changed payload, signature, type or key is refused by them as well; the one that is not changed is not."""
    keys = office.directory / "keys.json"

    assert check(changed(office, lambda _: None, tmp_path / "same.json"), keys).returncode == 0
    done = check(changed(office, change, tmp_path / "other.json"), keys)
    assert (done.returncode, done.stdout) == (1, ""), done.stderr


def test_cosign_finds_the_signature_sound_and_the_proposal_its_subject(
    cosign: str, office: Office, tmp_path: Path
) -> None:
    """Cosign takes envelope, predicate and subject: the bytes of the proposal as they were submitted, and no others."""
    bundle = json.loads((office.directory / "after.json").read_text(encoding="utf-8"))
    key_id = bundle["envelope"]["signatures"][0]["keyid"]
    pem = next(key["pem"] for key in json.loads(office.key_set)["keys"] if key["keyId"] == key_id)
    files = {"key.pem": pem.encode(), "envelope.json": json.dumps(bundle["envelope"]).encode()}
    files |= {"proposal.binpb": go()[0].SerializeToString(), "other.binpb": go()[0].SerializeToString() + b" "}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    options = ("--key", tmp_path / "key.pem", "--type", PREDICATE_TYPE, "--private-infrastructure=true")
    ask = (cosign, "verify-blob-attestation", *options, "--signature", tmp_path / "envelope.json")
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "HOME": str(tmp_path)}  # it would ask a server for roots of trust

    sound, other = (run(*ask, tmp_path / name, **nowhere) for name in ("proposal.binpb", "other.binpb"))
    assert (sound.returncode, "Verified OK" in sound.stderr) == (0, True), sound.stderr
    assert (other.returncode, "no matching subject digest" in other.stderr) == (1, True), other.stderr


def test_the_statement_is_what_the_tests_say_it_is(office: Office) -> None:
    """What the tests above change is there to be changed."""
    statement = statement_of((office.directory / "after.json").read_text(encoding="utf-8"))

    assert statement["predicate"]["gate"] == "production"
