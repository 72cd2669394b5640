"""A certificate key in a hardware module, which SoftHSM stands in for where it is installed."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.cli.command import readygate

from readygate_server.adapters.signing.envelope import read_envelope
from readygate_server.adapters.signing.key_sets import follow, open_key_set
from readygate_server.adapters.signing.signers import PIN_VARIABLE

MODULE = Path(os.environ.get("READYGATE_SOFTHSM") or "/usr/lib/softhsm/libsofthsm2.so")
TOKEN, PIN = "gate", "5678"
SIGNER = ("--certificate-signer", f"hsm:2?label={TOKEN}")
MAKES_A_KEY = f"""
import pkcs11
from pkcs11.util.ec import encode_named_curve_parameters
token = pkcs11.lib({str(MODULE)!r}).get_token(token_label={TOKEN!r})
with token.open(rw=True, user_pin={PIN!r}) as session:
    curve = {{pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}}
    parameters = session.create_domain_parameters(pkcs11.KeyType.EC, curve, local=True)
    parameters.generate_keypair(store=True, label="certificates", id=bytes([2]))
"""


@pytest.fixture
def module(tmp_path: Path) -> Mapping[str, str]:
    """Returns the environment in which a module has a P-256 key; skips where there is no module."""
    if not MODULE.exists() or shutil.which("softhsm2-util") is None:
        pytest.skip("SoftHSM is not on this machine: softhsm2-util, and its library or READYGATE_SOFTHSM")
    if importlib.util.find_spec("pkcs11") is None:
        pytest.skip("python-pkcs11 is not installed: securesystemslib[hsm]")
    (tmp_path / "tokens").mkdir()
    (tmp_path / "softhsm2.conf").write_text(f"directories.tokendir = {tmp_path / 'tokens'}\n", encoding="utf-8")
    env = {"SOFTHSM2_CONF": str(tmp_path / "softhsm2.conf"), "PYKCS11LIB": str(MODULE)}
    makes_a_token = ("softhsm2-util", "--module", MODULE, "--init-token", "--free", "--label", TOKEN)
    for command in ((*makes_a_token, "--so-pin", "1234", "--pin", PIN), (sys.executable, "-c", MAKES_A_KEY)):
        subprocess.run(list(map(str, command)), check=True, capture_output=True, env={**os.environ, **env})
    return env


def test_a_key_of_a_module_signs_and_hands_over(module: Mapping[str, str], tmp_path: Path) -> None:
    """The key of a module signs the first set, and the set in which a key in a file takes its place."""
    data, env = tmp_path / "data", {**module, PIN_VARIABLE: PIN}
    made = readygate("keys", "init", "--data-dir", data, *SIGNER, env=env)
    rotated = readygate("keys", "rotate", "--data-dir", data, env=env)

    assert (made.code, made.err, rotated.code, rotated.err) == (0, "", 0, "")
    first, second = (
        read_envelope(json.loads((data / f"keys/key-set-000{number}.dsse.json").read_text(encoding="utf-8")))
        for number in (1, 2)
    )
    assert follow(open_key_set(first), second).number == 2


def test_a_module_asks_for_its_pin(module: Mapping[str, str], tmp_path: Path) -> None:
    """Without a PIN nothing is made, and the message names the variable that has it."""
    ran = readygate("keys", "init", "--data-dir", tmp_path / "data", *SIGNER, env=module)

    assert ran.code == 3
    assert ran.err.endswith(f"set {PIN_VARIABLE}\n")
    assert list((tmp_path / "data").iterdir()) == []
