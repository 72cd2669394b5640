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

from readygate.v1 import evidence_pb2
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.entries import Entry, entry_of, evidence_of
from readygate_server.adapters.proposals.evidence_checks import is_sound_entry
from readygate_server.adapters.proposals.fact_tests import all_pass
from readygate_server.adapters.proposals.flatten import facts_in
from readygate_server.adapters.proposals.limits import MAX_TEXT
from readygate_server.adapters.proposals.normalise import says_unknown
from readygate_server.adapters.proposals.vocabulary import ASSET_FIELDS, ID
from readygate_server.domain.evidence import Evidence
from readygate_server.domain.facts import Facts, FactValue, ProposalFacts
from readygate_server.domain.memory import Memory
from readygate_server.domain.vocabulary import Scope

_SINGLES: Final = ("deployment", "org", "gov", "value", "ops")
_ID_OF: Final = itemgetter(0)
_BESIDE: Final = "evidence"
_SCOPES: Final = {field: scope for scope, field in ASSET_FIELDS.items()}
_GENERATION: Final = 2048
_LONGEST_KEPT: Final = 16_384
"""Bytes; larger parts are read each time, so that what is kept stays within some 60 MiB whatever is sent."""


class _Said(NamedTuple):
    """A part as it came: the field of the proposal that it is of, what is said about it, and the message."""

    field: str
    entries: list[evidence_pb2.Evidence]
    statements: list[evidence_pb2.FactStatement]
    message: Any = None


class Reading(NamedTuple):
    """What a part says.

    `imprint` stands for all that it says. `entries` are its evidence as it is digested. `is_sound` is true when
    certainly nothing is wrong with it, and `is_settled` when evidence has no values of its own and no value is called
    unknown.
    """

    imprint: bytes
    facts: Facts
    entries: tuple[Entry, ...]
    evidence: tuple[Evidence, ...]
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

    def imprints(self) -> Mapping[Scope, Sequence[bytes]]:
        """Returns what stands for all that is said of each asset."""
        return {scope: [said.imprint for _, said in found] for scope, found in self.assets.items()}

    def changed_to(self, proposal: Proposal, of_assets: bool) -> Parts:
        """Returns the parts of the same proposal with other facts, of its assets or only of the deployment."""
        return recalled_parts_of(proposal) if of_assets else self._replace(groups=_groups_of(proposal))

    def is_settled(self) -> bool:
        """True when every fact has one value already."""
        return all(reading.is_settled for reading in self.readings())

    def readings(self) -> Sequence[Reading]:
        """Returns all readings."""
        return [*self.groups.values(), *[said for found in self.assets.values() for _, said in found], self.beside]


_kept: Final[Memory[Reading]] = Memory(_GENERATION)


def recalled_parts_of(proposal: Proposal) -> Parts:
    """Returns the parts of a proposal, those that came before as they were read then."""
    assets = {
        scope: [(each.id, _Said(field, [], [], each)) for each in getattr(proposal, field)[:]]
        for scope, field in ASSET_FIELDS.items()
    }
    beside = _Said(_BESIDE, [], [])
    about = {name: said for found in assets.values() for name, said in found}.get
    for entry in proposal.evidence[:]:
        about(entry.subject, beside).entries.append(entry)
    for statement in proposal.statements:
        about(statement.subject, beside).statements.append(statement)
    return Parts(
        _groups_of(proposal),
        {
            scope: tuple(sorted([(name, _recalled(said)) for name, said in found], key=_ID_OF))
            for scope, found in assets.items()
        },
        _recalled(beside),
    )


def _groups_of(proposal: Proposal) -> Mapping[str, Reading]:
    has: Callable[[str], bool] = proposal.HasField  # type: ignore[assignment]  # the stubs list the names one by one
    return {name: _recalled(_Said(name, [], [], getattr(proposal, name))) for name in _SINGLES if has(name)}


def _recalled(said: _Said) -> Reading:
    """Returns what was read of the same bytes before, or reads."""
    field, entries, statements, message = said
    raw = [each.SerializeToString() for each in (*entries, *statements)]
    if message is not None:
        raw.append(message.SerializeToString())
    # Counts and lengths as well, so that no bytes can pass from one piece to the next.
    sizes = struct.pack(f"<{len(raw) + 1}Q", len(statements), *map(len, raw))
    text = b"".join((field.encode(), sizes, *raw))
    imprint = sha256(text).digest()
    found = _kept.recall(imprint)
    if found is None:
        found = _read(said, imprint)
        if len(text) <= _LONGEST_KEPT and _kept.is_known(imprint):
            _kept.keep(imprint, found)
    return found


def _read(said: _Said, imprint: bytes) -> Reading:
    field, entries, _, message = said
    scope = _SCOPES.get(field, Scope.DEPLOYMENT)
    facts = {} if message is None else facts_in(field, message)
    entered = tuple([entry_of(entry) for entry in entries])
    named = field not in _SCOPES or (ID.fullmatch(message.id) is not None and len(message.title) <= MAX_TEXT)
    sound = named and all_pass(facts) and all(is_sound_entry(entry, scope) for entry in entries)
    says_otherwise = message is not None and says_unknown(scope, field, message)
    settled = not says_otherwise and True not in [entry.HasField("value") for entry in entries]
    return Reading(imprint, facts, entered, evidence_of(entered), sound, settled)
