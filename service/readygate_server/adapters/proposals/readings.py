"""Parts of proposals, each read once: an organisation's systems are the same from one proposal to the next.

A part is a group of facts about the deployment, or an asset with the evidence and statements about it. What is read of
it is kept under a digest of its bytes, so that the same part costs a look-up when it comes again. No name of a person
is kept: names are in the digested bytes only.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from operator import itemgetter
from typing import Any, Final, NamedTuple

from google.protobuf.message import Message

from readygate.v1 import evidence_pb2
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.canonical import canonical_json
from readygate_server.adapters.proposals.entries import entry_of, evidence_of
from readygate_server.adapters.proposals.evidence_checks import is_sound_entry
from readygate_server.adapters.proposals.fact_tests import all_pass
from readygate_server.adapters.proposals.flatten import facts_in, group_facts
from readygate_server.adapters.proposals.limits import MAX_TEXT
from readygate_server.adapters.proposals.normalise import says_unknown
from readygate_server.adapters.proposals.vocabulary import ASSET_FIELDS, ID
from readygate_server.domain.evidence import Evidence
from readygate_server.domain.facts import Facts, FactValue, ProposalFacts
from readygate_server.domain.memory import Memory
from readygate_server.domain.vocabulary import Scope

_SINGLES: Final = ("deployment", "org", "gov", "value", "ops")
_STATEMENT: Final = b"?"
"""Tells the bytes of a statement from those of evidence."""
_ID_OF: Final = itemgetter(0)
_GENERATION: Final = 2048
_LONGEST_KEPT: Final = 16_384
"""Bytes; larger parts are read each time, so that what is kept stays within some 60 MiB whatever is sent."""


class Reading(NamedTuple):
    """What a part says.

    `imprint` stands for all that it says. `text` is its canonical text, and `evidence_texts` those of its evidence.
    `is_sound` is True when certainly nothing is wrong with it, and `is_settled` when evidence has no values of its own
    and no value is called unknown.
    """

    imprint: bytes
    facts: Facts
    evidence: tuple[Evidence, ...]
    text: bytes
    evidence_texts: tuple[bytes, ...]
    is_sound: bool
    is_settled: bool


class Parts(NamedTuple):
    """A proposal, part by part. Assets stand by id; `beside` is the evidence about no asset."""

    groups: Mapping[str, Reading]
    assets: Mapping[Scope, tuple[tuple[str, Reading], ...]]
    beside: Reading

    def facts(self) -> ProposalFacts:
        """Returns all facts."""
        deployment: dict[str, FactValue] = {}
        for group in self.groups.values():
            deployment |= group.facts
        assets = {scope: tuple([(each, said.facts) for each, said in found]) for scope, found in self.assets.items()}
        return ProposalFacts(deployment, assets)

    def with_groups_of(self, proposal: Proposal) -> Parts:
        """Returns the same assets and evidence, and the groups of another proposal."""
        return self._replace(groups=_groups_of(proposal))

    def is_settled(self) -> bool:
        """True when every fact has one value already."""
        return all(reading.is_settled for reading in self.readings())

    def readings(self) -> Sequence[Reading]:
        """Returns all readings."""
        return [*self.groups.values(), *[said for found in self.assets.values() for _, said in found], self.beside]


_kept: Final[Memory[Reading]] = Memory(_GENERATION)


class _Said(NamedTuple):
    """A part as it came: pieces of bytes, and the messages behind them."""

    raw: list[bytes]
    entries: list[evidence_pb2.Evidence]
    asset: Any = None


def parts_of(proposal: Proposal) -> Parts:
    """Returns the parts of a proposal."""
    assets = {
        scope: [(asset.id, _Said([asset.SerializeToString()], [], asset)) for asset in getattr(proposal, field)[:]]
        for scope, field in ASSET_FIELDS.items()
    }
    beside = _Said([], [])
    about = {name: said for found in assets.values() for name, said in found}.get
    for entry in proposal.evidence[:]:
        said = about(entry.subject, beside)
        said.raw.append(entry.SerializeToString())
        said.entries.append(entry)
    for statement in proposal.statements:
        about(statement.subject, beside).raw.append(_STATEMENT + statement.SerializeToString())
    return Parts(
        _groups_of(proposal),
        {
            scope: tuple(sorted([(name, _asset(scope, said)) for name, said in found], key=_ID_OF))
            for scope, found in assets.items()
        },
        _beside(beside),
    )


def _groups_of(proposal: Proposal) -> Mapping[str, Reading]:
    has: Callable[[str], bool] = proposal.HasField  # type: ignore[assignment]  # the stubs list the names one by one
    return {name: _group(name, getattr(proposal, name)) for name in _SINGLES if has(name)}


def _group(name: str, message: Message) -> Reading:
    def read(imprint: bytes) -> Reading:
        facts = group_facts(name, message)
        settled = not says_unknown(Scope.DEPLOYMENT, name, message)
        return Reading(imprint, facts, (), canonical_json(facts), (), all_pass(facts), settled)

    return _recalled(name, [message.SerializeToString()], read)


def _asset(scope: Scope, said: _Said) -> Reading:
    def read(imprint: bytes) -> Reading:
        asset = said.asset
        facts = facts_in(scope, asset)
        text = canonical_json({"facts": facts, "id": asset.id, "title": asset.title})
        sound = ID.fullmatch(asset.id) is not None and len(asset.title) <= MAX_TEXT and all_pass(facts)
        settled = not says_unknown(scope, ASSET_FIELDS[scope], asset)
        return _with_evidence(Reading(imprint, facts, (), text, (), sound, settled), scope, said.entries)

    return _recalled(scope.value, said.raw, read)


def _beside(said: _Said) -> Reading:
    def read(imprint: bytes) -> Reading:
        nothing = Reading(imprint, {}, (), b"", (), is_sound=True, is_settled=True)
        return _with_evidence(nothing, Scope.DEPLOYMENT, said.entries)

    return _recalled("", said.raw, read)


def _with_evidence(reading: Reading, scope: Scope, entries: Sequence[evidence_pb2.Evidence]) -> Reading:
    said = [entry_of(entry) for entry in entries]
    return reading._replace(
        evidence=evidence_of(said),
        evidence_texts=tuple([canonical_json(each) for each in said]),
        is_sound=reading.is_sound and all(is_sound_entry(entry, scope) for entry in entries),
        is_settled=reading.is_settled and not any(entry.HasField("value") for entry in entries),
    )


def _recalled(what: str, raw: Sequence[bytes], read: Callable[[bytes], Reading]) -> Reading:
    """Returns what was read of the same bytes before, or reads."""
    # Lengths as well, so that no bytes can pass from one piece to the next.
    said = b"".join((what.encode(), struct.pack(f"<{len(raw)}Q", *map(len, raw)), *raw))
    imprint = sha256(said).digest()
    found = _kept.recall(imprint)
    if found is None:
        found = read(imprint)
        if len(said) <= _LONGEST_KEPT:
            _kept.keep(imprint, found)
    return found
