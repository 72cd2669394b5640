"""Proofs in files, as in c2sp.org/tlog-proof: where an entry stands, the way to the root, and the signed checkpoint.

The entry itself travels as the extra data. Nothing vouches for extra data but what is done here: its hash has to be
the leaf that is proven.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from google.protobuf.json_format import MessageToJson, SerializeToJsonError
from google.protobuf.message import DecodeError

from readygate.v1.record_pb2 import LogEntry
from readygate_server.adapters.log.checkpoint import read_checkpoint
from readygate_server.adapters.log.findings import Step
from readygate_server.adapters.log.note import NoteError, decoded, encoded
from readygate_server.adapters.log.trust import TrustedKeys
from readygate_server.domain.merkle import HASH_BYTES, leaf_hash, proves_inclusion

_FIRST: Final = "c2sp.org/tlog-proof@v1"
_EXTRA: Final = "extra "
_INDEX: Final = re.compile(r"index (0|[1-9][0-9]{0,18})")
_MOST_HASHES: Final = 63


@dataclass(frozen=True, slots=True)
class ProofFile:
    """A proof that an entry is in a log."""

    entry: bytes
    index: int
    hashes: Sequence[bytes]
    note: str

    @property
    def text(self) -> str:
        """The proof as it is written."""
        lines = [_FIRST, f"{_EXTRA}{encoded(self.entry)}", f"index {self.index}", *map(encoded, self.hashes)]
        return "\n".join(lines) + f"\n\n{self.note}"


def read_proof(text: str) -> ProofFile:
    """Reads a proof; raises NoteError. Nothing of it is checked yet."""
    head, gap, note = text.partition("\n\n")
    lines = head.split("\n")
    if not gap or len(lines) < len(("first", "extra", "index")) or lines[0] != _FIRST:
        raise NoteError("proof", f"it does not begin with {_FIRST}, an entry and an index")
    entry = decoded(lines[1].removeprefix(_EXTRA))
    index = _INDEX.fullmatch(lines[2])
    if not lines[1].startswith(_EXTRA) or entry is None:
        raise NoteError("proof", f"its second line is {lines[1][:60]!r}, expected '{_EXTRA}' and the entry in base64")
    if index is None:
        raise NoteError("proof", f"its third line is {lines[2][:60]!r}, expected 'index' and a whole number")
    hashes = [decoded(line) for line in lines[3:]]
    whole = [each for each in hashes if each is not None and len(each) == HASH_BYTES]
    if len(whole) < len(hashes) or len(hashes) > _MOST_HASHES:
        raise NoteError("proof", f"it has {len(hashes)} hashes, expected at most {_MOST_HASHES} of {HASH_BYTES} bytes")
    read_checkpoint(note)
    return ProofFile(entry, int(index[1]), whole, note)


def check_proof(proof: ProofFile, trusted: TrustedKeys | None) -> list[Step]:
    """Checks a proof without a server: who signed the tree, that the entry is in it, and what the entry says."""
    head = read_checkpoint(proof.note)
    signature = check_signature("Checkpoint", proof.note, trusted)
    inclusion = Step("Inclusion", f"leaf {proof.index} of {head.size}, by {len(proof.hashes)} hashes to the root")
    leaf = leaf_hash(proof.entry)
    if not proves_inclusion(leaf=leaf, index=proof.index, size=head.size, proof=proof.hashes, root=head.root):
        inclusion.add(f"leaf {proof.index}", expected=f"a way to the root {head.root.hex()}", found="none")
    return [signature, inclusion, _said(proof)]


def check_signature(title: str, note: str, trusted: TrustedKeys | None) -> Step:
    """Checks who signed a checkpoint."""
    head = read_checkpoint(note)
    step = Step(title, f"{head.origin}, {head.size} leaves, root {head.root.hex()}")
    if trusted is None:
        return Step(title, f"{step.said}; no key is known, give --key FILE", False)
    try:
        trusted.open(note)
    except NoteError as error:
        found = "one of a revoked key" if trusted.is_by_revoked(note) else str(error)
        step.add("signature", expected="one of a trusted key", found=found)
    return step


def _said(proof: ProofFile) -> Step:
    step = Step("Entry")
    try:
        step.said = MessageToJson(LogEntry.FromString(proof.entry), indent=None)
    except DecodeError:
        step.add("entry", expected="a LogEntry", found=f"{len(proof.entry)} bytes that are none")
    except SerializeToJsonError as error:  # a message, with a time that no calendar has
        step.add("entry", expected="a LogEntry that can be shown", found=str(error))
    return step
