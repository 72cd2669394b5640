"""Private keys by URI: in a file, in a key service of a cloud, in a hardware module or in Vault.

`file2:PATH` is read here and not by securesystemslib, which would look below a directory that an environment variable
names, and cut a path at a `?` or `#` in it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import parse_qs, urlparse

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.exceptions import UnsupportedLibraryError
from securesystemslib.signer import (
    AWSSigner,
    AzureSigner,
    CryptoSigner,
    GCPSigner,
    HSMSigner,
    Signer,
    SSlibKey,
    VaultSigner,
)

from readygate_server.adapters.signing.errors import KeyProblemError
from readygate_server.adapters.signing.public_keys import sslib_key
from readygate_server.domain.keys import PublicKey

FILE: Final = "file2:"
PIN_VARIABLE: Final = "READYGATE_SIGNER_PIN"
_EXTRAS: Final[Mapping[str, str]] = {
    "awskms": "awskms",
    "gcpkms": "gcpkms",
    "azurekms": "azurekms",
    "hsm": "hsm",
    "hv": "vault",
}
_FORMS: Final = (
    "file2:PATH, awskms:KEY, gcpkms:projects/…/cryptoKeyVersions/N, azurekms://VAULT.vault.azure.net/keys/KEY, "
    "hsm:ID?label=TOKEN or hv:KEY"
)
_MAX_PEM_BYTES: Final = 64 << 10
Imported = tuple[str, SSlibKey]
_T = TypeVar("_T")


def import_key(uri: str) -> Imported:
    """Returns the full URI of a private key, and its public key.

    Raises:
      KeyProblemError: when the URI is of no known kind, a library is missing, or the key can not be had.
    """
    if uri.startswith(FILE):
        path = Path(uri.removeprefix(FILE)).absolute()
        key: SSlibKey = read_private_key(path).public_key
        return f"{FILE}{path}", key
    return _asked(uri, lambda: _IMPORTS[_scheme(uri)](uri))


def open_signer(uri: str, public: PublicKey) -> Signer:
    """Returns what signs with a private key; raises KeyProblemError, also when it is not that of the public key."""
    key = sslib_key(public)
    if uri.startswith(FILE):
        path = Path(uri.removeprefix(FILE))
        held = read_private_key(path)
        if held.public_key.keyval != key.keyval:
            raise KeyProblemError(str(path), f"this is not the private key of {public.id}")
        return held
    signer: Signer = _asked(uri, lambda: Signer.from_priv_key_uri(uri, key, _pin))
    return signer


def read_private_key(path: Path) -> CryptoSigner:
    """Reads a private key in PEM; raises KeyProblemError, also when other people can read or change the file."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            raise KeyProblemError(str(path), f"others than its owner may use it (mode {mode:04o}); chmod 600 {path}")
        with path.open("rb") as file:
            pem = file.read(_MAX_PEM_BYTES)
        return CryptoSigner(load_pem_private_key(pem, None))
    except OSError as error:
        raise KeyProblemError(str(path), f"the private key can not be read ({error.strerror})") from None
    except (ValueError, TypeError):
        raise KeyProblemError(
            str(path), "expected a private key for P-256, P-384, Ed25519 or RSA in PEM, PKCS #8, without a password"
        ) from None


def _scheme(uri: str) -> str:
    scheme = uri.partition(":")[0]
    if scheme not in _IMPORTS:
        raise KeyProblemError(f"the signer {uri}", f"its scheme is not known, expected {_FORMS}")
    return scheme


def _asked(uri: str, ask: Callable[[], _T]) -> _T:
    """Asks a library, and says what to install when it is not there."""
    try:
        return ask()
    except KeyProblemError:
        raise
    except UnsupportedLibraryError as error:
        extra = _EXTRAS[_scheme(uri)]
        install = f"pip install 'securesystemslib[{extra}]'"
        raise KeyProblemError(f"the signer {uri}", f"a library is missing ({error}); install it: {install}") from error
    except Exception as error:  # each key service raises errors of its own library
        raise KeyProblemError(f"the signer {uri}", f"it can not be used ({type(error).__name__}: {error})") from error


def _pin(what: str) -> str:
    """Returns the PIN of a hardware module."""
    pin = os.environ.get(PIN_VARIABLE)
    if pin is None:
        raise KeyProblemError("the hardware module", f"it asks for its {what}; set {PIN_VARIABLE}")
    return pin


def _import_azure(uri: str) -> Imported:
    parts = urlparse(uri)
    vault = parts.netloc.partition(".")[0]
    steps = parts.path.strip("/").split("/")
    if not vault or len(steps) < len(("keys", "KEY")) or steps[0] != "keys":
        raise KeyProblemError(f"the signer {uri}", "expected azurekms://VAULT.vault.azure.net/keys/KEY")
    imported: Imported = AzureSigner.import_(vault, steps[1])
    return imported


def _import_hsm(uri: str) -> Imported:
    parts = urlparse(uri)
    if parts.path and not parts.path.isdecimal():
        raise KeyProblemError(f"the signer {uri}", "expected hsm:ID?label=TOKEN, ID being a number")
    label = parse_qs(parts.query).get("label", [None])[0]
    imported: Imported = HSMSigner.import_(int(parts.path) if parts.path else None, label, _pin)
    return imported


_IMPORTS: Final[Mapping[str, Callable[[str], Imported]]] = {
    "awskms": lambda uri: AWSSigner.import_(uri.partition(":")[2]),
    "gcpkms": lambda uri: GCPSigner.import_(uri.partition(":")[2]),
    "azurekms": _import_azure,
    "hsm": _import_hsm,
    "hv": lambda uri: VaultSigner.import_(uri.partition(":")[2]),
}
