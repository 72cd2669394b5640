"""The keys of a data directory: private keys in files that only their owner can read, and every key set that there was.

    DIR/keys/certificate-0123456789abcdef.pem   a private key, named by its purpose and the start of its id
    DIR/keys/certificate-0123456789abcdef.uri   or where else it is, such as `awskms:…`
    DIR/keys/key-set-0001.dsse.json             key sets, each signed by the certificate key before; the last one counts

A private key is there before a set names it, and a set appears whole or not at all, so that being killed in between
leaves the keys that were there before. Of two rotations at once only one can make the next set; the other fails.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.signer import CryptoSigner

from readygate_server.adapters.durable import sync_path, write_new
from readygate_server.adapters.signing.canonical import canonical_text, read_object
from readygate_server.adapters.signing.envelope import EnvelopeSigner, read_envelope
from readygate_server.adapters.signing.errors import KeyProblemError
from readygate_server.adapters.signing.key_sets import MEDIA_TYPE, key_set_text, open_key_set
from readygate_server.adapters.signing.public_keys import published
from readygate_server.adapters.signing.signers import FILE, Imported, import_key, open_signer
from readygate_server.domain.keys import KeyPurpose, KeySet, KeyStatus, PublicKey

FOLDER: Final = "keys"
_SET: Final = re.compile(r"key-set-(\d{4,})\.dsse\.json")
_ID_DIGITS: Final = 16
_THERE_ARE_KEYS: Final = "there are keys; readygate keys rotate makes new ones"


def _now() -> int:
    return int(time.time())


@dataclass(frozen=True, slots=True)
class Keys:
    """What a server signs with, and what it publishes."""

    certificate_signer: EnvelopeSigner
    checkpoint_key: Ed25519PrivateKey
    key_set: KeySet
    envelope: str
    """The key set, signed, in JSON."""


def has_keys(directory: Path) -> bool:
    """True when a data directory has keys."""
    return bool(_sets(directory / FOLDER))


def open_keys(directory: Path) -> Keys:
    """Returns the keys of a data directory; raises KeyProblemError or MalformedError when they can not be used."""
    folder = directory / FOLDER
    key_set, envelope = read_current(directory)
    certificate = _active(key_set, KeyPurpose.CERTIFICATE)
    checkpoint = _active(key_set, KeyPurpose.CHECKPOINT)
    held = open_signer(_uri(folder, checkpoint), checkpoint)
    assert isinstance(held, CryptoSigner), "checkpoint keys lie in files"
    private = load_pem_private_key(held.private_bytes, None)
    assert isinstance(private, Ed25519PrivateKey), "key sets hold no others for checkpoints"
    return Keys(
        EnvelopeSigner(certificate, open_signer(_uri(folder, certificate), certificate)), private, key_set, envelope
    )


def read_current(directory: Path) -> tuple[KeySet, str]:
    """Returns the newest key set and its envelope, without a look at any private key."""
    found = _sets(directory / FOLDER)
    if not found:
        raise KeyProblemError(str(directory / FOLDER), f"there are no keys; readygate keys init --data-dir {directory}")
    text = found[-1].read_text(encoding="utf-8")
    return open_key_set(read_envelope(read_object(text, "envelope"))), text


def ensure_keys(directory: Path) -> Keys:
    """Returns the keys of a data directory, made when there are none. Several may do so at once."""
    if not has_keys(directory):
        with suppress(FileExistsError):
            init_keys(directory)
    return open_keys(directory)


def init_keys(directory: Path, *, certificate_signer: str = "", clock: Callable[[], int] = _now) -> KeySet:
    """Makes both keys of a data directory, or takes the certificate key from a URI.

    Raises:
      FileExistsError: when it has keys.
      KeyProblemError: when the URI can not be used.
    """
    folder = directory / FOLDER
    if _sets(folder):
        raise FileExistsError(f"{folder}: {_THERE_ARE_KEYS}")
    imported = import_key(certificate_signer) if certificate_signer else None
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    at, added = clock(), list[PublicKey]()
    try:
        added.append(_add_key(folder, KeyPurpose.CERTIFICATE, imported, at))
        added.append(_add_key(folder, KeyPurpose.CHECKPOINT, None, at))
        key_set = KeySet(1, at, tuple(added))
        _add_set(folder, key_set, [_signer(folder, added[0])])
    except (KeyProblemError, FileExistsError):
        for key in added:
            _forget(folder, key)
        with suppress(OSError):  # it stays when somebody else has put something there
            folder.rmdir()
        raise
    return key_set


def rotate_key(
    directory: Path,
    purpose: KeyPurpose,
    *,
    revoke: bool = False,
    certificate_signer: str = "",
    clock: Callable[[], int] = _now,
) -> KeySet:
    """Makes a fresh key for a purpose; the one before is retired, or revoked. Its private key is deleted.

    Raises:
      KeyProblemError: when there are no keys, or somebody else changed them meanwhile.
    """
    folder = directory / FOLDER
    before, _ = read_current(directory)
    old = _active(before, purpose)
    at = max(clock(), before.issued_at)
    signers = [_signer(folder, _active(before, KeyPurpose.CERTIFICATE))]
    imported = import_key(certificate_signer) if certificate_signer else None
    fresh = _add_key(folder, purpose, imported, at, before)
    try:
        after = before.rotated(fresh, at=at, revoke=revoke)
        if purpose is KeyPurpose.CERTIFICATE:
            signers.append(_signer(folder, fresh))
        _add_set(folder, after, signers)
    except FileExistsError:
        _forget(folder, fresh)
        raise KeyProblemError(
            str(folder), "somebody else changed the keys just now; look before you try again"
        ) from None
    except KeyProblemError:
        _forget(folder, fresh)
        raise
    _forget(folder, old)
    return after


def revoke_key(directory: Path, key_id: str, *, clock: Callable[[], int] = _now) -> KeySet:
    """Lists a retired key as revoked; raises KeyProblemError when it is not known, or still signs."""
    before, _ = read_current(directory)
    key = before.find(key_id)
    if key is None:
        raise KeyProblemError(key_id, f"no such key; the keys are {', '.join(each.id for each in before.keys)}")
    if key.status is KeyStatus.ACTIVE:
        way_out = f"readygate keys rotate --purpose {key.purpose} --revoke"
        raise KeyProblemError(key_id, f"it signs now, so that another one has to take its place: {way_out}")
    after = before.revoked(key_id, at=max(clock(), before.issued_at))
    folder = directory / FOLDER
    _add_next(folder, after, [_signer(folder, _active(after, KeyPurpose.CERTIFICATE))])
    return after


class KeyRing:
    """The keys of a data directory as they are now: a rotation counts without a restart."""

    def __init__(self, directory: Path) -> None:
        """Opens the keys; raises KeyProblemError or MalformedError when they can not be used."""
        self._directory = directory
        self._keys = open_keys(directory)

    def current(self) -> Keys:
        """Returns the newest keys; looks for a newer set each time, which is one listing of a folder."""
        if len(_sets(self._directory / FOLDER)) != self._keys.key_set.number:
            self._keys = open_keys(self._directory)
        return self._keys


def _active(key_set: KeySet, purpose: KeyPurpose) -> PublicKey:
    key = key_set.active(purpose)
    if key is None:
        raise KeyProblemError("the key set", f"no key is active for the purpose {purpose}")
    return key


def _add_key(
    folder: Path, purpose: KeyPurpose, imported: Imported | None, at: int, known: KeySet | None = None
) -> PublicKey:
    """Writes a fresh private key, or where it is, and returns its public key."""
    if imported is not None:
        uri, key = imported
        public = published(key, purpose, at=at)
        if known is not None and known.find(public.id) is not None:
            raise KeyProblemError(public.id, "this key is listed already; a rotation needs another one")
        write_new(_file(folder, public, "uri"), f"{uri}\n".encode())
        return public
    made = CryptoSigner.generate_ecdsa() if purpose is KeyPurpose.CERTIFICATE else CryptoSigner.generate_ed25519()
    public = published(made.public_key, purpose, at=at)
    write_new(_file(folder, public, "pem"), made.private_bytes)
    return public


def _file(folder: Path, key: PublicKey, kind: str) -> Path:
    return folder / f"{key.purpose}-{key.id.removeprefix('sha256:')[:_ID_DIGITS]}.{kind}"


def _forget(folder: Path, key: PublicKey) -> None:
    """Deletes a private key, or the note where it is."""
    for kind in ("pem", "uri"):
        _file(folder, key, kind).unlink(missing_ok=True)


def _uri(folder: Path, key: PublicKey) -> str:
    elsewhere = _file(folder, key, "uri")
    try:
        return elsewhere.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return f"{FILE}{_file(folder, key, 'pem')}"


def _signer(folder: Path, key: PublicKey) -> EnvelopeSigner:
    return EnvelopeSigner(key, open_signer(_uri(folder, key), key))


def _sets(folder: Path) -> list[Path]:
    numbered = [(int(found[1]), file) for file in _files(folder) if (found := _SET.fullmatch(file.name))]
    return [file for _, file in sorted(numbered)]


def _files(folder: Path) -> Sequence[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _add_next(folder: Path, key_set: KeySet, signers: Sequence[EnvelopeSigner]) -> None:
    try:
        _add_set(folder, key_set, signers)
    except FileExistsError:
        why = f"key set {key_set.number} was made by somebody else just now; look before you try again"
        raise KeyProblemError(str(folder), why) from None


def _add_set(folder: Path, key_set: KeySet, signers: Sequence[EnvelopeSigner]) -> None:
    """Writes a signed set; it appears whole. Raises FileExistsError when somebody else made one of the same number."""
    first, *others = signers
    envelope = first.sign(key_set_text(key_set).encode("utf-8"), MEDIA_TYPE)
    for other in others:
        envelope = other.add_to(envelope)
    target = folder / f"key-set-{key_set.number:04}.dsse.json"
    part = folder / f"{target.name}.{secrets.token_hex(8)}.new"
    write_new(part, f"{canonical_text(envelope.as_data())}\n".encode(), mode=0o644)
    try:
        os.link(part, target)
    except FileExistsError:
        raise FileExistsError(f"{folder}: {_THERE_ARE_KEYS}") from None
    finally:
        part.unlink()
    sync_path(folder)
