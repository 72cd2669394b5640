"""A key per person: names are sealed and opened, and an erased key is gone for every process."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from tests.adapters.names.conftest import Open, OpenAt

from readygate_server.adapters.names import KEK_VARIABLE, KeyRingError, Vault, key_ring, open_database
from readygate_server.adapters.names.key_file import WrappingKey
from readygate_server.adapters.storage.errors import StoreRefusedError
from readygate_server.domain.errors import RecordUnavailableError
from readygate_server.domain.record import Erasure, SealedText

REASON = "request 17"


def test_a_sealed_text_opens(vault: Vault) -> None:
    """What is sealed for a person opens, and neither reference nor cipher text shows it."""
    sealed = vault.seal("Jane Doe", b"Jane Doe")

    assert vault.open(sealed) == b"Jane Doe"
    assert sealed.person == vault.reference("Jane Doe")
    assert b"Jane" not in sealed.cipher
    assert len(sealed.person) == 32


def test_the_same_text_never_looks_the_same(vault: Vault) -> None:
    """Two seals of one text differ, so that cipher texts can not be compared."""
    assert vault.seal("Jane", b"Jane").cipher != vault.seal("Jane", b"Jane").cipher


def test_spellings_of_a_name_are_one_person(vault: Vault) -> None:
    """A person has one key however the name is spelt, also as a caller."""
    assert vault.reference("Jane Doe") == vault.reference("jane  doe ") == vault.reference("person:Jane Doe")
    assert vault.reference("Joe") != vault.reference("Jane Doe")


def test_nobody_is_known_before_being_seen(vault: Vault) -> None:
    """Asking for a name keeps nothing of it."""
    assert vault.known("Jane") is None
    assert vault.known("Jane") is None
    reference = vault.reference("Jane")
    assert vault.known("JANE") == reference


def test_keys_outlive_the_process(open_vault: Open) -> None:
    """Another process opens what the first has sealed, under the same reference."""
    sealed = open_vault().seal("Jane", b"Jane")
    other = open_vault()

    assert other.open(sealed) == b"Jane"
    assert other.reference("Jane") == sealed.person


def test_a_person_gets_one_key_however_many_ask_at_once(open_vault: Open) -> None:
    """Eight processes that see a name for the first time at once agree about its key."""
    vaults = [open_vault() for _ in range(8)]
    start, found = threading.Barrier(8), []

    def ask(vault: Vault) -> None:
        start.wait()
        found.append(vault.seal("Jane", b"Jane"))

    threads = [threading.Thread(target=ask, args=(vault,)) for vault in vaults]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({sealed.person for sealed in found}) == 1
    assert [vaults[0].open(sealed) for sealed in found] == [b"Jane"] * 8


def test_an_erased_name_is_gone_and_others_stay(open_vault: Open) -> None:
    """Nothing sealed for the person opens again, here or in a new process; what was sealed for others does."""
    vault = open_vault()
    jane, joe = vault.seal("Jane", b"Jane"), vault.seal("Joe", b"Joe")

    assert vault.erase("JANE", reason=REASON) == Erasure(jane.person, REASON)

    for each in (vault, open_vault()):
        assert each.open(jane) is None
        assert each.known("Jane") is None
        assert each.open(joe) == b"Joe"


def test_an_erased_name_that_comes_back_is_somebody_new(vault: Vault) -> None:
    """The name gets another reference and another key, so that old and new records can not be joined."""
    sealed = vault.seal("Jane", b"Jane")
    vault.erase("Jane", reason=REASON)
    again = vault.seal("Jane", b"Jane")

    assert again.person != sealed.person
    assert vault.open(again) == b"Jane"
    assert vault.open(sealed) is None


def test_erasing_somebody_unknown_does_nothing(vault: Vault) -> None:
    """There is nothing to erase, and nothing is owed."""
    assert vault.erase("Jane", reason=REASON) is None
    assert vault.erased() == []


def test_an_erasure_is_noted_for_other_processes(open_vault: Open) -> None:
    """The note is in the same commit as the deletion, so that it is found after a crash."""
    vault = open_vault()
    vault.reference("Jane")
    erasure = vault.erase("Jane", reason=REASON)

    assert open_vault().erased() == [erasure]


def test_a_key_that_came_back_with_a_backup_is_forgotten_again(open_vault: Open) -> None:
    """Whom the log says to be erased has no key afterwards, whatever was restored; the erasure is noted once."""
    vault = open_vault()
    jane, joe = vault.seal("Jane", b"Jane"), vault.seal("Joe", b"Joe")
    before = Erasure(jane.person, REASON)

    assert vault.forget([before, Erasure("0" * 32, REASON)]) == 1
    assert vault.forget([before]) == 0

    for each in (vault, open_vault()):
        assert each.open(jane) is None
        assert each.open(joe) == b"Joe"
    assert before in vault.erased()
    assert len(vault.erased()) == 2


def test_secrets_are_shared_and_differ_by_purpose(open_vault: Open) -> None:
    """All processes have the same ones, and none tells another."""
    assert open_vault().secret("tokens") == open_vault().secret("tokens")
    assert open_vault().secret("tokens") != open_vault().secret("hashes")


def test_no_key_that_is_left_opens_what_was_erased(vault: Vault) -> None:
    """Every other person's key and the wrapping key are tried on the cipher text and on nothing does it open."""
    sealed = vault.seal("Jane", b"Jane")
    for number in range(20):
        vault.reference(f"person {number}")
    before = vault.keys_by_reference([sealed.person])[sealed.person]
    assert before is not None
    assert before.aead.decrypt(sealed.cipher[:12], sealed.cipher[12:], sealed.person.encode()) == b"Jane"

    vault.erase("Jane", reason=REASON)

    for number in range(20):
        (key,) = vault.keys_of([f"person {number}"])
        with pytest.raises(InvalidTag):
            key.aead.decrypt(sealed.cipher[:12], sealed.cipher[12:], sealed.person.encode())


def test_another_process_stops_within_the_lifetime_of_its_keys(open_vault: Open) -> None:
    """A process that holds a key uses it for its lifetime and no longer after another one has erased it."""
    now = 0.0
    vault = open_vault()
    other = open_vault()
    other._now = lambda: now
    sealed = other.seal("Jane", b"Jane")
    vault.erase("Jane", reason=REASON)

    now = 59.0
    assert other.open(sealed) == b"Jane", "without a lifetime this would hold for ever"
    now = 60.5
    assert other.open(sealed) is None
    assert other.known("Jane") is None
    assert other.reference("Jane") != sealed.person


def test_no_more_keys_are_held_open_than_stated(tmp_path: Path) -> None:
    """The oldest make room; what they open is read anew."""
    database = open_database(tmp_path)
    vault = Vault(database, key_ring(tmp_path / "keys", {}, may_create=True), capacity=3)
    sealed = [vault.seal(f"person {number}", b"x") for number in range(10)]

    assert len(vault._by_name) == len(vault._by_reference) == 3
    assert [vault.open(each) for each in sealed] == [b"x"] * 10
    vault.close()


def test_damaged_cipher_text_is_an_error_and_no_name(vault: Vault) -> None:
    """A text that was tampered with, or that belongs to somebody else, opens as nothing."""
    jane, joe = vault.seal("Jane", b"Jane"), vault.reference("Joe")

    for sealed in (SealedText(jane.person, jane.cipher[:-1] + b"\x00"), SealedText(joe, jane.cipher)):
        with pytest.raises(RecordUnavailableError):
            vault.open(sealed)


def test_a_new_wrapping_key_leaves_names_readable_and_old_copies_useless(tmp_path: Path, vault_at: OpenAt) -> None:
    """After the change every name opens; a copy of the rows from before does not open with the key of now.

    It bites: with the key of then, the copy gives the names, the erased one too.
    """
    place, keys = tmp_path / "data", tmp_path / "keys"
    place.mkdir()
    vault = vault_at(place, keys, {})
    jane, joe = vault.seal("Jane", b"Jane"), vault.seal("Joe", b"Joe")
    old_key = (keys / "names.kek").read_text(encoding="ascii")
    copy = tmp_path / "copy"
    copy.mkdir()
    with closing(sqlite3.connect(place / "names.db")) as source, closing(sqlite3.connect(copy / "names.db")) as target:
        source.backup(target, pages=-1)
    vault.erase("Jane", reason=REASON)

    assert vault.replace_wrapping_key() == 1

    assert vault.open(joe) == b"Joe"
    assert vault_at(place, keys, {}).open(joe) == b"Joe"
    assert (keys / "names.kek").read_text(encoding="ascii") != old_key
    with pytest.raises(KeyRingError):
        vault_at(copy, keys, {})
    assert vault_at(copy, keys, {KEK_VARIABLE: old_key}).open(jane) == b"Jane"


def test_a_process_that_runs_follows_a_change_of_the_wrapping_key(open_vault: Open) -> None:
    """It adds persons under the new key, so that nobody's key is lost with the old one."""
    running, changing = open_vault(), open_vault()
    running.reference("Jane")
    changing.replace_wrapping_key()
    sealed = running.seal("Joe", b"Joe")

    assert open_vault().open(sealed) == b"Joe"


@pytest.mark.parametrize("stage", ["file", "rows"])
def test_a_change_of_the_wrapping_key_goes_on_after_a_crash(tmp_path: Path, stage: str, vault_at: OpenAt) -> None:
    """Cut off after the new key was written, or after all rows were, it comes to its end when it is repeated."""
    vault = vault_at(tmp_path, tmp_path / "keys", {})
    sealed = vault.seal("Jane", b"Jane")
    if stage == "file":
        vault._ring.begin_change()
    else:
        vault._ring.end_change = lambda: None  # type: ignore[method-assign]
        vault.replace_wrapping_key()
    assert vault_at(tmp_path, tmp_path / "keys", {}).open(sealed) == b"Jane"

    vault_at(tmp_path, tmp_path / "keys", {}).replace_wrapping_key()

    assert len((tmp_path / "keys" / "names.kek").read_text(encoding="ascii").split()) == 1
    assert vault_at(tmp_path, tmp_path / "keys", {}).open(sealed) == b"Jane"


def test_keys_can_come_from_the_environment(tmp_path: Path, vault_at: OpenAt) -> None:
    """No file is written then; a change takes the new key before the old one, and afterwards the new one alone."""
    old, new = WrappingKey.new().line, WrappingKey.new().line
    sealed = vault_at(tmp_path, tmp_path / "keys", {KEK_VARIABLE: old}).seal("Jane", b"Jane")
    assert vault_at(tmp_path, tmp_path / "keys", {KEK_VARIABLE: f"{new},{old}"}).replace_wrapping_key() == 1

    assert vault_at(tmp_path, tmp_path / "keys", {KEK_VARIABLE: new}).open(sealed) == b"Jane"
    assert not (tmp_path / "keys").exists()
    with pytest.raises(KeyRingError, match="no key here opens"):
        vault_at(tmp_path, tmp_path / "keys", {KEK_VARIABLE: old})


def test_a_lost_wrapping_key_is_never_replaced_in_silence(tmp_path: Path, vault_at: OpenAt) -> None:
    """A vault that has names does not make a new key when its own is gone: it says what to put back."""
    vault_at(tmp_path, tmp_path / "keys", {}).reference("Jane")
    (tmp_path / "keys" / "names.kek").unlink()

    with pytest.raises(KeyRingError, match="put it back"):
        vault_at(tmp_path, tmp_path / "keys", {})


@pytest.mark.parametrize("text", ["", "not base64!", "c2hvcnQ="])
def test_a_key_file_without_a_key_is_refused(tmp_path: Path, text: str) -> None:
    """What is no key of 32 bytes is no key, and the error says how to make one."""
    path = tmp_path / "names.kek"
    path.write_text(text, encoding="ascii")
    path.chmod(0o600)

    with pytest.raises(KeyRingError, match="openssl rand"):
        key_ring(tmp_path, {}, may_create=True)


def test_nobody_else_can_read_what_is_kept(tmp_path: Path, vault_at: OpenAt) -> None:
    """Files are for their owner alone, and a key that others may read is refused."""
    vault_at(tmp_path, tmp_path / "keys", {}).reference("Jane")

    for path in (tmp_path / "names.db", tmp_path / "keys" / "names.kek"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (tmp_path / "keys" / "names.kek").chmod(0o644)
    with pytest.raises(KeyRingError, match="chmod 600"):
        vault_at(tmp_path, tmp_path / "keys", {})


def test_the_files_hold_no_name_and_nothing_of_an_erased_one(tmp_path: Path, vault_at: OpenAt) -> None:
    """Neither a name nor its plain hash is in the file, and the row of an erased person is overwritten.

    It bites: before the erasure the wrapped key is found in the same bytes.
    """
    vault = vault_at(tmp_path, tmp_path / "keys", {})
    reference = vault.reference("jane.doe@bank.example")
    for number in range(50):
        vault.reference(f"person {number}")
    before = _bytes_of(tmp_path)
    row = _row_of(tmp_path, reference)
    assert row in before
    vault.erase("jane.doe@bank.example", reason=REASON)
    after = _bytes_of(tmp_path)

    for data in (before, after):
        assert b"jane.doe" not in data
        assert sha256(b"jane.doe@bank.example").digest() not in data
    assert row not in after


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path, vault_at: OpenAt) -> None:
    """An older program does not write into what it does not understand."""
    vault_at(tmp_path, tmp_path / "keys", {})
    with closing(sqlite3.connect(tmp_path / "names.db")) as connection, connection:
        connection.execute("UPDATE setting SET value = CAST('9' AS BLOB) WHERE name = 'format'")

    with pytest.raises(StoreRefusedError, match="newer"):
        vault_at(tmp_path, tmp_path / "keys", {})


def test_a_database_out_of_reach_is_an_outage(tmp_path: Path, vault_at: OpenAt) -> None:
    """Nothing of the file or of the driver comes through but the error that callers know."""
    vault = vault_at(tmp_path, tmp_path / "keys", {})
    os.truncate(tmp_path / "names.db", 100)

    with pytest.raises(RecordUnavailableError):
        vault.seal("Jane", b"Jane")


def _row_of(directory: Path, reference: str) -> bytes:
    with closing(sqlite3.connect(directory / "names.db")) as connection:
        (wrapped,) = connection.execute("SELECT wrapped FROM person WHERE ref = ?", (reference,)).fetchone()
    return bytes(wrapped)


def _bytes_of(directory: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(directory.glob("names.db*")))
