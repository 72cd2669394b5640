"""Private keys by URI: in files, and what is said about key services that are not there."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from securesystemslib.signer import CryptoSigner, Signer

from readygate_server.adapters.signing.errors import KeyProblemError
from readygate_server.adapters.signing.signers import import_key
from readygate_server.adapters.signing.store import init_keys, open_keys, rotate_key
from readygate_server.domain.keys import KeyPurpose


def key_file(path: Path, made: CryptoSigner | None = None) -> Path:
    """Writes a private key that only its owner can read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((made or CryptoSigner.generate_ecdsa()).private_bytes)
    path.chmod(0o600)
    return path


def signs(directory: Path) -> bool:
    """True when what the keys sign is signed by a key that is published."""
    keys = open_keys(directory)
    return keys.certificate_signer.sign(b"x", "text/plain").signer_among(keys.key_set.keys) is not None


def test_a_key_from_elsewhere_signs(tmp_path: Path) -> None:
    """A certificate key in a file of its own is used from there, and never copied into the data directory."""
    file = key_file(tmp_path / "vault/certificate.pem")
    init_keys(tmp_path / "data", certificate_signer=f"file2:{file}")

    assert signs(tmp_path / "data")
    assert [each.name.split("-")[0] for each in (tmp_path / "data/keys").glob("*.pem")] == ["checkpoint"]


@pytest.mark.parametrize("name", ["a#b.pem", "a?b.pem", "a b.pem", "a%20b.pem"])
def test_any_file_name_will_do(tmp_path: Path, name: str) -> None:
    """A path is a path: the library below would cut it at a mark that has a meaning in URLs."""
    file = key_file(tmp_path / name)

    uri, key = import_key(f"file2:{file}")
    assert uri == f"file2:{file}"
    if "#" in name or "?" in name:
        with pytest.raises(FileNotFoundError):
            Signer.from_priv_key_uri(uri, key)


def test_a_prefix_in_the_environment_does_not_lead_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that the library below puts before every path does not change which key signs."""
    file = key_file(tmp_path / "key.pem")
    monkeypatch.chdir(tmp_path)
    init_keys(tmp_path / "data", certificate_signer="file2:key.pem")
    monkeypatch.chdir("/")
    monkeypatch.setenv("CRYPTO_SIGNER_PATH_PREFIX", "/nowhere")

    assert signs(tmp_path / "data")
    _, key = import_key(f"file2:{file}")
    with pytest.raises(FileNotFoundError):
        Signer.from_priv_key_uri("file2:key.pem", key)


def test_a_key_file_that_was_replaced_is_refused(tmp_path: Path) -> None:
    """Another key under the same name is not that of the published key."""
    file = key_file(tmp_path / "certificate.pem")
    init_keys(tmp_path / "data", certificate_signer=f"file2:{file}")
    assert signs(tmp_path / "data")
    key_file(file)

    with pytest.raises(KeyProblemError, match="this is not the private key of sha256:"):
        open_keys(tmp_path / "data")


def test_a_rotation_can_move_the_key_elsewhere_and_not_to_itself(tmp_path: Path) -> None:
    """A rotation takes a key from elsewhere; the same key again is no rotation."""
    file = key_file(tmp_path / "certificate.pem")
    init_keys(tmp_path / "data")
    rotate_key(tmp_path / "data", KeyPurpose.CERTIFICATE, certificate_signer=f"file2:{file}")

    assert open_keys(tmp_path / "data").key_set.number == 2
    with pytest.raises(KeyProblemError, match="listed already"):
        rotate_key(tmp_path / "data", KeyPurpose.CERTIFICATE, certificate_signer=f"file2:{file}")
    assert open_keys(tmp_path / "data").key_set.number == 2


@pytest.mark.parametrize(
    ("uri", "extra"),
    [
        ("awskms:alias/gate", "awskms"),
        ("gcpkms:projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1", "gcpkms"),
        ("azurekms://vault.vault.azure.net/keys/gate", "azurekms"),
        ("hsm:2?label=gate", "hsm"),
        ("hv:gate", "vault"),
    ],
)
def test_a_key_service_without_its_library_names_what_to_install(tmp_path: Path, uri: str, extra: str) -> None:
    """Each key service says which extra it needs, and nothing is made."""
    with pytest.raises(KeyProblemError) as caught:
        init_keys(tmp_path, certificate_signer=uri)
    if "a library is missing" not in str(caught.value):
        pytest.skip(f"the library of {extra} is installed here")

    assert str(caught.value).endswith(f"pip install 'securesystemslib[{extra}]'")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("pkcs:1", "its scheme is not known, expected file2:PATH"),
        ("azurekms:gate", "expected azurekms://VAULT"),
        ("hsm:gate", "ID being a number"),
        ("file2:/nowhere/key.pem", "can not be read"),
    ],
)
def test_a_uri_that_is_none_is_refused(uri: str, why: str) -> None:
    """What can not be a key says what is expected."""
    with pytest.raises(KeyProblemError, match=why):
        import_key(uri)


def test_what_is_no_private_key_is_refused(tmp_path: Path) -> None:
    """A file with something else, and a key on a curve that nobody here takes, say what is expected."""
    noise = tmp_path / "noise.pem"
    noise.write_text("noise", encoding="utf-8")
    noise.chmod(0o600)
    with pytest.raises(KeyProblemError, match="expected a private key"):
        import_key(f"file2:{noise}")
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not here to make a key on another curve")
    other = tmp_path / "other.pem"
    make = ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1", "-out", str(other)]
    subprocess.run(make, check=True, capture_output=True)
    other.chmod(0o600)
    with pytest.raises(KeyProblemError, match="expected a private key"):
        import_key(f"file2:{other}")
