"""Checks a certificate without a server, step by step; the first step that fails ends it.

1. The bundle has its form, and the envelope the payload type of a statement.
2. The key is known, is for certificates, and was not revoked.
3. The key made the signature; only now are the signed bytes read.
4. The statement and its predicate are of the types that are expected, and complete.
5. The key signed at the time of issuing.
6. The certificate is for this audience.
7. It holds at this time.
8. It is about this proposal.
9. The verdict is a go.
10. The checkpoint of the log is signed by a checkpoint key.
11. The entry of the log is that of this decision.
12. The entry is in the tree of the checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from google.protobuf.message import DecodeError

from readygate.v1.decision_pb2 import Verdict as VerdictNumber
from readygate.v1.record_pb2 import LogEntry
from readygate_server.adapters.certificates.bundle import Bundle, read_bundle
from readygate_server.adapters.certificates.report import Expected, Report, Result, Step
from readygate_server.adapters.certificates.statement import (
    BYTES_DIGEST,
    FACTS_DIGEST,
    PAYLOAD_TYPE,
    PREDICATE_TYPE,
    STATEMENT_TYPE,
)
from readygate_server.adapters.log.checkpoint import Checkpoint, open_checkpoint
from readygate_server.adapters.log.note import NoteError, NoteKey
from readygate_server.adapters.signing.canonical import member, moment_of, moment_text, read_object, text_of
from readygate_server.adapters.signing.errors import MalformedError
from readygate_server.adapters.signing.public_keys import crypto_key
from readygate_server.domain.certificate import CLOCK_SKEW_SECONDS, period_fault
from readygate_server.domain.keys import KeyPurpose, KeyStatus, PublicKey
from readygate_server.domain.merkle import leaf_hash, proves_inclusion
from readygate_server.domain.vocabulary import Verdict

_WHAT: Final = "statement"
_LISTS: Final = ("conditions", "waivers")
_TEXTS: Final = ("decisionId", "proposalId", "verdict", "gate", "tier", "asOf", "engineVersion", "audience")
_MOMENTS: Final = ("issuedAt", "notBefore", "notAfter")


class _Refused(Exception):  # noqa: N818 -- it ends the steps and never leaves this module
    pass


class _Skipped(Exception):  # noqa: N818 -- the same
    pass


def verify(text: str, expected: Expected) -> Report:
    """Returns what became of each step; never raises for what stands in the bundle."""
    check = _Check(text, expected)
    steps: list[Step] = []
    failed = False
    for number, (name, run) in enumerate(check.steps(), start=1):
        result, detail = (Result.NOT_REACHED, "") if failed else _taken(run)
        failed = failed or result is Result.REFUSED
        steps.append(Step(number, name, result, detail))
    return Report(tuple(steps), check.predicate)


def _taken(run: Callable[[], str]) -> tuple[Result, str]:
    try:
        return Result.PASSED, run()
    except _Skipped as skipped:
        return Result.SKIPPED, str(skipped)
    except (_Refused, MalformedError, NoteError) as refused:
        return Result.REFUSED, str(refused)


class _Check:
    """The steps; each takes what the ones before it have found."""

    def __init__(self, text: str, expected: Expected) -> None:
        self._text = text
        self._expected = expected
        self._bundle: Bundle
        self._keys: tuple[PublicKey, ...]
        self._key: PublicKey
        self._subject: Mapping[str, Any]
        self._entry: LogEntry
        self._checkpoint: Checkpoint
        self.predicate: Mapping[str, Any] | None = None

    def steps(self) -> Iterator[tuple[str, Callable[[], str]]]:
        yield "form", self._form
        yield "key", self._known_key
        yield "signature", self._signature
        yield "statement", self._statement
        yield "key period", self._key_period
        yield "audience", self._audience
        yield "validity", self._validity
        yield "proposal", self._proposal
        yield "verdict", self._verdict
        yield "checkpoint", self._signed_checkpoint
        yield "log entry", self._log_entry
        yield "inclusion", self._inclusion

    @property
    def _said(self) -> Mapping[str, Any]:
        assert self.predicate is not None, "the step before has read it"
        return self.predicate

    def _form(self) -> str:
        self._bundle = read_bundle(self._text)
        kind = self._bundle.envelope.payload_type
        if kind != PAYLOAD_TYPE:
            raise _Refused(f"the payload type is {kind!r}, expected {PAYLOAD_TYPE}")
        return f"the bundle is well formed and holds {PAYLOAD_TYPE}"

    def _known_key(self) -> str:
        hints = [hint for hint, _ in self._bundle.envelope.signatures]
        trusted = self._expected.keys.trusted(KeyPurpose.CERTIFICATE)
        self._keys = tuple(key for key in trusted if key.id in hints or "" in hints)
        if self._keys:
            return "; ".join(f"{key.id} is {key.status}, for certificates" for key in self._keys)
        listed = [key for key in self._expected.keys.keys if key.id in hints]
        if not listed:
            raise _Refused(f"the key {', '.join(hints) or 'without an id'} is not known")
        if listed[0].purpose is not KeyPurpose.CERTIFICATE:
            raise _Refused(f"the key {listed[0].id} is for {listed[0].purpose}s, not for certificates")
        raise _Refused(f"the key {listed[0].id} was revoked; nothing that it signed is to be trusted")

    def _signature(self) -> str:
        key = self._bundle.envelope.signer_among(self._keys)
        if key is None:
            raise _Refused("the signature does not fit the payload and the key")
        self._key = key
        return f"{key.algorithm} by {key.id}"

    def _statement(self) -> str:
        statement = read_object(text_of(self._bundle.envelope.payload, _WHAT), _WHAT)
        for name, wanted in (("_type", STATEMENT_TYPE), ("predicateType", PREDICATE_TYPE)):
            if statement.get(name) != wanted:
                raise _Refused(f"its {name} is {statement.get(name)!r}, expected {wanted}")
        subjects = member(statement, "subject", list, _WHAT)
        if len(subjects) != 1 or not isinstance(subjects[0], dict):
            raise _Refused(f"it has {len(subjects)} subjects, expected 1")
        self._subject = member(subjects[0], "digest", dict, _WHAT)
        predicate = member(statement, "predicate", dict, _WHAT)
        for name in _TEXTS:
            member(predicate, name, str, _WHAT)
        for name in _MOMENTS:
            moment_of(predicate.get(name), _WHAT)
        for name in _LISTS:
            member(predicate, name, list, _WHAT)
        for name in ("ruleset", "log"):
            member(predicate, name, dict, _WHAT)
        self.predicate = predicate
        return f"{PREDICATE_TYPE} about {predicate['proposalId']}"

    def _key_period(self) -> str:
        issued = moment_of(self._said["issuedAt"], _WHAT)
        if not self._key.signed_at(issued, skew=CLOCK_SKEW_SECONDS):
            ends = "" if self._key.not_after is None else f" to {moment_text(self._key.not_after)}"
            period = f"from {moment_text(self._key.not_before)}{ends}"
            raise _Refused(f"it was issued at {self._said['issuedAt']}, and its key signed {period}")
        retired = " (retired since)" if self._key.status is KeyStatus.RETIRED else ""
        return f"issued at {self._said['issuedAt']}, while the key signed{retired}"

    def _audience(self) -> str:
        wanted, stated = self._expected.audience, self._said["audience"]
        if not wanted:
            raise _Skipped(f"it is for {stated}; --audience says who you are")
        if stated != wanted:
            raise _Refused(f"it is for {stated}, not for {wanted}")
        return f"it is for {stated}"

    def _validity(self) -> str:
        starts, ends = (moment_of(self._said[name], _WHAT) for name in ("notBefore", "notAfter"))
        period = f"it holds from {moment_text(starts)} to {moment_text(ends)}"
        skew = f"give or take {CLOCK_SKEW_SECONDS // 60} minutes"
        if fault := period_fault(starts, ends, self._expected.at):
            raise _Refused(f"{fault}: {period}, {skew}, and the time is {moment_text(self._expected.at)}")
        return f"{period}, {skew}; the time is {moment_text(self._expected.at)}"

    def _proposal(self) -> str:
        wanted = self._expected.proposal
        if wanted is None:
            raise _Skipped(f"it is about {self._said['proposalId']}; --proposal compares it with a file")
        name, what = (BYTES_DIGEST, "bytes") if wanted.of_bytes else (FACTS_DIGEST, "facts")
        stated = f"sha256:{self._subject.get(name)}"
        if stated not in (wanted.digest, wanted.as_registered):
            raise _Refused(f"it is about other {what}: {stated}, and the file has {wanted.digest}")
        return f"the {what} of the file are those of the certificate: {stated}"

    def _verdict(self) -> str:
        said = self._said["verdict"]
        if said not in (Verdict.GO, Verdict.GO_WITH_CONDITIONS):
            raise _Refused(f"the verdict is {said!r}, which is no go")
        return f"{said} for {self._said['gate']} at {self._said['tier']}, as of {self._said['asOf']}"

    def _signed_checkpoint(self) -> str:
        origin = self._said["log"].get("origin")
        keys = [NoteKey.of(str(origin), _ed25519(key)) for key in self._expected.keys.trusted(KeyPurpose.CHECKPOINT)]
        self._checkpoint = open_checkpoint(self._bundle.checkpoint, keys, origin=str(origin))
        if self._checkpoint.size != self._bundle.tree_size:
            raise _Refused(f"it is of {self._checkpoint.size} leaves, and the proof is for {self._bundle.tree_size}")
        if not self._expected.checkpoint:
            return f"{origin} with {self._checkpoint.size} leaves, signed by a key of the log"
        other = open_checkpoint(self._expected.checkpoint, keys, origin=str(origin))
        if other.size != self._checkpoint.size:
            raise _Refused(
                f"the checkpoint of the file is of {other.size} leaves and that of the bundle of "
                f"{self._checkpoint.size}; readygate log verify shows whether one is the beginning of the other"
            )
        if other.root != self._checkpoint.root:
            raise _Refused(f"the checkpoint of the file has another root at {other.size} leaves: the log forked")
        return f"{origin} with {self._checkpoint.size} leaves, the same as in the file"

    def _log_entry(self) -> str:
        log = self._said["log"]
        if log.get("entryDigest") != f"sha256:{sha256(self._bundle.entry).hexdigest()}":
            raise _Refused("the entry is not the one that was certified")
        if log.get("leafIndex") != self._bundle.leaf_index:
            raise _Refused(
                f"the proof is for leaf {self._bundle.leaf_index}, and leaf {log.get('leafIndex')} was certified"
            )
        try:
            entry = LogEntry.FromString(self._bundle.entry)
        except DecodeError:
            raise _Refused("the entry is no entry of a log") from None
        if not entry.HasField("decision"):
            raise _Refused(f"the entry is of a {entry.WhichOneof('body') or 'kind that is not known'}")
        for what, stated, committed in self._commitments(entry):
            if stated != committed:
                raise _Refused(f"the log commits to the {what} {committed}, and the certificate says {stated}")
        return f"the entry commits to the decision {entry.id}, its verdict, its facts and its ruleset"

    def _commitments(self, entry: LogEntry) -> Iterator[tuple[str, object, str]]:
        said, decision = self._said, entry.decision
        yield "decision", said["decisionId"], entry.id
        yield "verdict", said["verdict"], _verdict_name(decision.verdict)
        yield "day", said["asOf"], decision.as_of
        yield "facts", f"sha256:{self._subject.get(FACTS_DIGEST)}", decision.facts_digest
        yield "ruleset", said["ruleset"].get("digest"), decision.ruleset_digest
        yield "engine", said["engineVersion"], decision.engine_version

    def _inclusion(self) -> str:
        bundle, tree = self._bundle, self._checkpoint
        if not proves_inclusion(
            leaf=leaf_hash(bundle.entry),
            index=bundle.leaf_index,
            size=tree.size,
            proof=bundle.inclusion_proof,
            root=tree.root,
        ):
            raise _Refused(f"the proof does not lead from leaf {bundle.leaf_index} to the root of the checkpoint")
        return f"leaf {bundle.leaf_index} is in the tree of {tree.size} leaves"


def _verdict_name(number: int) -> str:
    found = VerdictNumber.DESCRIPTOR.values_by_number.get(number)
    return str(number) if found is None else str(found.name).removeprefix("VERDICT_")


def _ed25519(key: PublicKey) -> Ed25519PublicKey:
    found = crypto_key(key)
    assert isinstance(found, Ed25519PublicKey), "as its algorithm says"
    return found
