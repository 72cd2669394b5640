"""What reads documents that others hand in: identities, keys, certificates, checkpoints, proofs and page tokens."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any, Final, cast

from google.protobuf.message import DecodeError

from readygate.v1.gate_service_pb2 import EvaluateRequest
from readygate_server.adapters.certificates.bundle import read_bundle
from readygate_server.adapters.certificates.report import Expected
from readygate_server.adapters.certificates.verify import verify
from readygate_server.adapters.identity.key_sets import FileKeys
from readygate_server.adapters.identity.reader import read_identity
from readygate_server.adapters.log.findings import is_sound
from readygate_server.adapters.log.note import NoteError
from readygate_server.adapters.log.proof_file import check_proof, read_proof
from readygate_server.adapters.log.trust import TrustedKeys
from readygate_server.adapters.names.sealing import RequestSealer
from readygate_server.adapters.names.vault import Vault
from readygate_server.adapters.proposals.personal import holds_name, personal_facts
from readygate_server.adapters.signing.errors import KeyProblemError, MalformedError
from readygate_server.adapters.signing.key_sets import read_key_set
from readygate_server.adapters.signing.store import FOLDER, ensure_keys
from readygate_server.cli.options import faults_text
from readygate_server.domain.errors import InvalidTokenError, LimitExceededError
from readygate_server.domain.faults import FaultsError
from readygate_server.domain.record import Payload
from tests.fuzz import signed
from tests.fuzz.inputs import Input
from tests.fuzz.kept_seeds import POSITION, TOKENS, listing

_SAME: Final = "the same"


class Readers:
    """The readers, with files where they need some."""

    def __init__(self) -> None:
        """Makes keys for names in a directory that goes when the process ends."""
        directory = tempfile.TemporaryDirectory(prefix="readygate-fuzz-", ignore_cleanup_errors=True)
        self._path = Path(directory.name)
        ensure_keys(self._path)
        vault = Vault.at(self._path, self._path / FOLDER)
        self._sealer = RequestSealer(vault)
        Finalize(self, _close, args=(vault, directory), exitpriority=10)
        self._trusted = TrustedKeys.of(signed.key_set())
        self.takes: Mapping[str, Callable[[Input], Sequence[str]]] = {
            "identity": _identity,
            "issuer keys": self._issuer_keys,
            "bundle": _bundle,
            "key set": _key_set,
            "note": self._note,
            "trust": _trust,
            "proof": self._proof,
            "page token": _page_token,
            "names": self._names,
        }

    def _issuer_keys(self, given: Input) -> Sequence[str]:
        path = self._path / "keys.json"
        path.write_bytes(cast("bytes", given.content))
        try:
            FileKeys(path, "staff")
        except ValueError as error:
            return ("refused",) if str(error).encode() else ()
        return ("read",)

    def _note(self, given: Input) -> Sequence[str]:
        try:
            head = self._trusted.open(_text(given))
        except NoteError as error:
            return ("refused",) if str(error).encode() else ()
        genuine = self._trusted.open(signed.proof_file().note)
        return (_SAME if head == genuine else "valid",)

    def _proof(self, given: Input) -> Sequence[str]:
        try:
            proof = read_proof(_text(given))
            steps = check_proof(proof, self._trusted)
        except NoteError as error:
            return ("refused",) if str(error).encode() else ()
        if not is_sound(steps):
            return ("not proven",)
        genuine = signed.proof_file()
        return (_SAME if (proof.entry, proof.index) == (genuine.entry, genuine.index) else "valid",)

    def _names(self, given: Input) -> Sequence[str]:
        data = cast("bytes", given.content)
        try:
            EvaluateRequest.FromString(data)
        except DecodeError:
            return ("no message",)
        try:
            sealed = self._sealer.seal(data, caller="jane")
        except LimitExceededError:
            return ("LIMIT_EXCEEDED",)
        opened = self._sealer.open(Payload(sealed.redacted, sealed.names, b""))
        assert opened == (data, True), "sealed and opened, it is another request"
        left = list(_names_in(EvaluateRequest.FromString(sealed.redacted)))
        assert not any(name.strip("*") for name in left), f"names that are left: {left}"
        return ("sealed",) if left else ("nobody named",)


def _identity(given: Input) -> Sequence[str]:
    try:
        read_identity(_text(given), file="identity.yaml")
    except FaultsError as error:
        return ("faults",) if faults_text(error).encode() and error.faults else ()
    return ("read",)


def _bundle(given: Input) -> Sequence[str]:
    text = _text(given)
    audience = signed.AUDIENCE if given.number % 2 else ""
    report = verify(text, Expected(signed.key_set(), signed.NOON, audience))
    if not report.is_valid:
        step = next(step.name for step in report.steps if step.detail == report.reason)
        return (f"refused: {step}",) if report.reason else ()
    bundle, genuine = read_bundle(text), read_bundle(signed.bundle(is_go=True))
    same = (bundle.envelope.payload, bundle.entry) == (genuine.envelope.payload, genuine.entry)
    return (_SAME if same else "valid",)


def _key_set(given: Input) -> Sequence[str]:
    try:
        found = read_key_set(_text(given))
    except (MalformedError, KeyProblemError) as error:
        return ("refused",) if str(error).encode("utf-8", "replace") else ()
    verify(signed.bundle(is_go=True), Expected(found, signed.NOON))
    return (_SAME if found == signed.key_set() else "valid",)


def _trust(given: Input) -> Sequence[str]:
    try:
        found = TrustedKeys.read(_text(given))
        found.open(signed.proof_file().note)
    except NoteError as error:
        return ("refused",) if str(error).encode("utf-8", "replace") else ()
    return ("opened",)


def _page_token(given: Input) -> Sequence[str]:
    try:
        position = TOKENS.read("list", listing().filter, caller="jane", token=_text(given))
    except InvalidTokenError:
        return ("refused",)
    return (_SAME if position == POSITION else "valid",)


def _text(given: Input) -> str:
    return cast("str", given.content)


def _names_in(message: Any) -> list[str]:
    """Returns every name in a message, found by what the contract says of its fields."""
    found: list[str] = []
    for field, value in message.ListFields():
        each = value if field.is_repeated else [value]
        if field.message_type is not None:
            found += [name for inner in each for name in _names_in(inner)]
        elif holds_name(field):
            found += each
    if message.DESCRIPTOR.name == "Evidence" and personal_facts().intersection(message.facts):
        found.append(message.value.text)
    return found


def _close(vault: Vault, directory: tempfile.TemporaryDirectory[str]) -> None:
    vault.close()
    directory.cleanup()
