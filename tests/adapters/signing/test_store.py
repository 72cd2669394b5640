"""The keys of a data directory: made, rotated and revoked without ever leaving half a change."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.signer import CryptoSigner

from readygate_server.adapters.signing import store
from readygate_server.adapters.signing.canonical import canonical_text
from readygate_server.adapters.signing.envelope import read_envelope
from readygate_server.adapters.signing.errors import KeyProblemError, MalformedError
from readygate_server.adapters.signing.key_sets import MEDIA_TYPE, follow, key_set_text, read_key_set
from readygate_server.adapters.signing.public_keys import published
from readygate_server.adapters.signing.store import (
    KeyRing,
    ensure_keys,
    init_keys,
    open_keys,
    read_current,
    revoke_key,
    rotate_key,
)
from readygate_server.domain.keys import KeyPurpose, KeySet, KeyStatus, PublicKey

CERTIFICATE, CHECKPOINT = KeyPurpose.CERTIFICATE, KeyPurpose.CHECKPOINT


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Returns a data directory with keys."""
    init_keys(tmp_path, clock=lambda: 100)
    return tmp_path


def active(directory: Path, purpose: KeyPurpose = CERTIFICATE) -> PublicKey:
    """Returns the key that signs now."""
    found = read_current(directory)[0].active(purpose)
    assert found is not None
    return found


def envelope(directory: Path) -> Any:
    """Returns the newest key set as it was signed."""
    return read_envelope(json.loads(read_current(directory)[1]))


def signs(directory: Path) -> bool:
    """True when what the keys sign is signed by the key that is published."""
    signer = open_keys(directory).certificate_signer
    return signer.sign(b"x", "text/plain").signer_among([active(directory)]) is not None


def privates(directory: Path) -> list[Path]:
    """Returns the files with private keys."""
    return sorted((directory / "keys").glob("*.pem"))


def test_two_keys_are_made(made: Path) -> None:
    """A key for certificates on the curve that key services have, and one for checkpoints as C2SP wants it."""
    keys = open_keys(made)
    checkpoint = active(made, CHECKPOINT)

    assert [(key.purpose, key.algorithm, key.status) for key in keys.key_set.keys] == [
        (CERTIFICATE, "ecdsa-p256-sha256", KeyStatus.ACTIVE),
        (CHECKPOINT, "ed25519", KeyStatus.ACTIVE),
    ]
    public = load_pem_public_key(checkpoint.pem.encode())
    assert isinstance(public, Ed25519PublicKey)
    assert public == keys.checkpoint_key.public_key()
    assert signs(made)


def test_private_keys_are_for_their_owner_alone(tmp_path: Path) -> None:
    """Private keys and their folder can be read by nobody else, whatever the process's mask says."""
    before = os.umask(0)
    try:
        init_keys(tmp_path)
    finally:
        os.umask(before)

    assert [stat.S_IMODE(file.stat().st_mode) for file in privates(tmp_path)] == [0o600, 0o600]
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert sorted(each.name for each in tmp_path.iterdir()) == ["keys"]


def test_a_private_key_that_others_can_read_is_refused(made: Path) -> None:
    """A key whose file was opened to others is not used, and the message says what to do."""
    assert signs(made)
    for file in privates(made):
        file.chmod(0o640)

    with pytest.raises(KeyProblemError, match=r"mode 0640\); chmod 600"):
        open_keys(made)


def test_keys_are_not_made_twice(made: Path) -> None:
    """A directory that has keys keeps them, and making them again is refused."""
    before = read_current(made)

    with pytest.raises(FileExistsError, match="there are keys"):
        init_keys(made)
    assert read_current(made) == before
    assert [each.name for each in made.iterdir()] == ["keys"]


def test_many_starts_at_once_make_one_set(tmp_path: Path) -> None:
    """Sixteen servers that start at once on a fresh directory all find the same keys."""
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: ensure_keys(tmp_path).key_set, range(16)))

    assert len({each.keys for each in found}) == 1
    assert [each.name for each in tmp_path.iterdir()] == ["keys"]
    assert len(privates(tmp_path)) == 2


def test_a_folder_that_others_use_as_well_gets_keys(tmp_path: Path) -> None:
    """What already lies in the folder stays, and does not keep keys from being made."""
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys/origin").write_text("gate.example.org/records", encoding="utf-8")
    init_keys(tmp_path)

    assert signs(tmp_path)
    assert (tmp_path / "keys/origin").exists()


def test_a_directory_without_keys_says_how_to_make_them(tmp_path: Path) -> None:
    """Opening keys that are not there names the command that makes them."""
    with pytest.raises(KeyProblemError, match="readygate keys init"):
        open_keys(tmp_path)


@pytest.mark.parametrize("purpose", list(KeyPurpose))
def test_a_rotation_makes_a_key_and_deletes_the_private_one_before(made: Path, purpose: KeyPurpose) -> None:
    """After a rotation another key signs; the old public key stays listed, its private key is gone."""
    old, files = active(made, purpose), privates(made)
    after = rotate_key(made, purpose, clock=lambda: 200)

    assert open_keys(made).key_set == after
    assert active(made, purpose).id != old.id
    kept = after.find(old.id)
    assert kept is not None
    assert (kept.status, kept.not_before, kept.not_after) == (KeyStatus.RETIRED, 100, 200)
    assert len(privates(made)) == 2
    assert len(set(privates(made)) & set(files)) == 1


def test_the_old_key_signs_the_new_set(made: Path) -> None:
    """Whoever has the first set can follow every rotation to the last; one that was left out breaks the chain."""
    first = read_current(made)[0]
    sets = []
    for purpose in (CERTIFICATE, CHECKPOINT, CERTIFICATE):
        rotate_key(made, purpose)
        sets.append(envelope(made))
    known: KeySet = first
    for each in sets:
        known = follow(known, each)

    assert known == read_current(made)[0]
    with pytest.raises(MalformedError, match="not signed by the certificate key of set 1"):
        follow(first, sets[2])
    with pytest.raises(MalformedError, match="expected more than 4"):
        follow(known, sets[2])


def test_a_set_of_somebody_else_is_not_followed(made: Path, tmp_path: Path) -> None:
    """A set that is sound in itself and signed by its own key is no successor of ours."""
    other = tmp_path / "other"
    init_keys(other)
    rotate_key(other, CERTIFICATE)

    assert read_key_set(read_current(other)[1]).number == 2
    with pytest.raises(MalformedError, match="not signed by the certificate key of set 1"):
        follow(read_current(made)[0], envelope(other))


def test_a_key_that_leaked_is_revoked_by_a_rotation(made: Path) -> None:
    """A rotation can revoke the key before instead of retiring it."""
    old = active(made)
    after = rotate_key(made, CERTIFICATE, revoke=True)

    assert [key.status for key in after.keys if key.id == old.id] == [KeyStatus.REVOKED]
    assert old.id not in [key.id for key in after.trusted(CERTIFICATE)]


def test_a_retired_key_can_be_revoked_later_and_an_active_one_not(made: Path) -> None:
    """Revoking the key that signs would leave none; the message names the command that replaces it."""
    old = active(made)
    with pytest.raises(KeyProblemError, match="readygate keys rotate --purpose certificate --revoke"):
        revoke_key(made, old.id)
    with pytest.raises(KeyProblemError, match="no such key"):
        revoke_key(made, "sha256:none")
    rotate_key(made, CERTIFICATE)

    revoke_key(made, old.id)
    assert [key.status for key in read_current(made)[0].keys if key.id == old.id] == [KeyStatus.REVOKED]


def test_of_two_rotations_at_once_one_wins(made: Path) -> None:
    """Eight rotations at once: each that says it succeeded is in the chain, the others say so and leave no file."""

    def rotated(_: int) -> str:
        try:
            return str(rotate_key(made, CERTIFICATE).number)
        except KeyProblemError as error:
            return str(error)

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(rotated, range(8)))
    done = sorted(int(each) for each in said if each.isdecimal())

    assert done == list(range(2, read_current(made)[0].number + 1))
    assert done
    assert signs(made)
    assert len(privates(made)) == 2


def test_being_killed_before_the_new_set_leaves_the_old_one(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a rotation dies after it wrote the private key, the keys before still sign, and it can be done again."""
    before = read_current(made)

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(store, "_add_set", dies)
        with pytest.raises(KeyboardInterrupt):
            rotate_key(made, CERTIFICATE)

    assert read_current(made) == before
    assert signs(made)
    assert rotate_key(made, CERTIFICATE).number == 2


def test_a_clock_that_was_set_back_does_not_turn_a_key_around(made: Path) -> None:
    """A rotation is never dated before the set that it follows."""
    after = rotate_key(made, CERTIFICATE, clock=lambda: 7)

    assert (after.issued_at, active(made).not_before) == (100, 100)


def test_a_running_server_takes_the_rotated_key(made: Path) -> None:
    """A ring returns the newest keys, without being opened again."""
    ring = KeyRing(made)
    before = ring.current()
    assert ring.current() is before
    rotate_key(made, CERTIFICATE)

    assert ring.current().certificate_signer.key == active(made)


def test_a_set_that_was_changed_by_hand_is_not_opened(made: Path) -> None:
    """A key set in the directory whose signature no longer fits is refused."""
    file = made / "keys/key-set-0001.dsse.json"
    data = json.loads(file.read_text(encoding="utf-8"))
    data["payload"] = data["payload"][:-8] + "IH0K" + data["payload"][-4:]
    file.write_text(json.dumps(data), encoding="utf-8")

    with pytest.raises(MalformedError):
        open_keys(made)


def test_the_published_set_reads_as_it_was_written(made: Path) -> None:
    """The plain text and the envelope tell the same set."""
    rotate_key(made, CERTIFICATE)
    key_set, signed = read_current(made)

    assert read_key_set(key_set_text(key_set)) == key_set
    assert read_key_set(signed) == key_set


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"keyId": "sha256:00"}, "its PEM is the key sha256:"),
        ({"algorithm": "ed25519"}, "its algorithm is ed25519, and its PEM is a key for P-256"),
        ({"algorithm": "ecdsa-p256-md5"}, "its algorithm is ecdsa-p256-md5"),
        ({"pem": "no key"}, "its PEM is no public key"),
        ({"purpose": "payment"}, "'payment' is not a valid"),
        ({"purpose": "checkpoint"}, "more than one key is active|a checkpoint key is for"),
        ({"status": "retired"}, "a key is retired and has no notAfter"),
        ({"notBefore": "yesterday"}, "expected a moment"),
    ],
)
def test_a_key_that_is_not_what_it_says_is_refused(made: Path, change: dict[str, str], why: str) -> None:
    """A set with a key whose id, algorithm, purpose or period does not fit is not read; without the change it is."""
    data = json.loads(key_set_text(read_current(made)[0]))
    read_key_set(json.dumps(data))
    data["keys"][0] |= change

    with pytest.raises((KeyProblemError, MalformedError), match=why):
        read_key_set(json.dumps(data))


def test_a_key_that_is_listed_twice_is_refused(made: Path) -> None:
    """Two entries for one key could say different things about it."""
    data = json.loads(key_set_text(read_current(made)[0]))
    data["keys"].append(data["keys"][0])

    with pytest.raises(MalformedError, match="a key is listed twice"):
        read_key_set(json.dumps(data))


def in_place(directory: Path, text: str, *, kind: str = MEDIA_TYPE, signer: Any = None) -> None:
    """Puts another set in the place of the newest one, signed."""
    by = signer or open_keys(directory).certificate_signer
    signed = canonical_text(by.sign(text.encode(), kind).as_data())
    (directory / "keys/key-set-0001.dsse.json").write_text(signed, encoding="utf-8")


def test_a_set_that_none_of_its_keys_signed_is_refused(made: Path, tmp_path: Path) -> None:
    """A set that somebody else signed is refused, and so is one that was signed as something else."""
    text = key_set_text(read_current(made)[0])
    init_keys(tmp_path / "other")
    signer = open_keys(made).certificate_signer
    in_place(made, text, signer=signer)
    assert read_current(made)[0].number == 1

    in_place(made, text, signer=open_keys(tmp_path / "other").certificate_signer)
    with pytest.raises(MalformedError, match="no certificate key that it lists has signed it"):
        read_current(made)
    in_place(made, text, kind="application/json", signer=signer)
    with pytest.raises(MalformedError, match="its payload type is 'application/json'"):
        read_current(made)


def test_a_set_signed_by_its_revoked_key_alone_is_refused(made: Path) -> None:
    """A key that is revoked in a set does not vouch for that set."""
    signer = open_keys(made).certificate_signer
    revoked = read_current(made)[0].revoked(signer.key.id, at=200)

    in_place(made, key_set_text(revoked), signer=signer)
    with pytest.raises(MalformedError, match="no certificate key that it lists has signed it"):
        read_current(made)


def test_a_set_without_a_key_that_signs_is_not_opened(made: Path) -> None:
    """When no key is active for a purpose the server has nothing to sign with, and says for what."""
    key_set = read_current(made)[0]
    certificate, checkpoint = key_set.keys
    retired = KeySet(1, 100, (certificate, checkpoint.ended(KeyStatus.RETIRED, at=100)))

    in_place(made, key_set_text(retired))
    with pytest.raises(KeyProblemError, match="no key is active for the purpose checkpoint"):
        open_keys(made)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda data: data.update(mediaType="application/json"), "its mediaType is 'application/json'"),
        (lambda data: data["keys"].append("key"), "a key is str, expected an object"),
        (lambda data: data["keys"][0].update(purpose="checkpoint"), "a checkpoint key is for ecdsa-p256-sha256"),
        (lambda data: data["keys"].append(another_active()), "more than one key is active for the purpose certificate"),
        (lambda data: data.update(number="1"), "number is str, expected int"),
    ],
)
def test_what_is_no_key_set_is_refused(made: Path, change: Callable[[Any], None], why: str) -> None:
    """Each part of a set has its form; without the change it is read."""
    data = json.loads(key_set_text(read_current(made)[0]))
    read_key_set(json.dumps(data))
    change(data)

    with pytest.raises(MalformedError, match=why):
        read_key_set(json.dumps(data))


def another_active() -> Any:
    """Returns a key that is said to sign certificates as well."""
    other = published(CryptoSigner.generate_ecdsa().public_key, CERTIFICATE, at=0)
    return json.loads(key_set_text(KeySet(1, 0, (other,))))["keys"][0]


def test_a_key_of_an_algorithm_that_is_not_published_is_refused() -> None:
    """A signature that readers of the key set could not check is never made."""
    with pytest.raises(KeyProblemError, match="its scheme is ml-dsa"):
        published(CryptoSigner.generate_mldsa().public_key, CERTIFICATE, at=0)
