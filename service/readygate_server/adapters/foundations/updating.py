"""Joins what was found out about an asset to what is registered of it, so that a revision goes on saying everything.

What the new says takes the place of what was said of the same facts; all else stays, with the evidence for it. A fact
that the new looked for and did not find goes only when nobody else has found it: when all the evidence for it is of the
same collectors.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from readygate.v1.evidence_pb2 import Evidence
from readygate.v1.foundation_pb2 import Asset
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.evidence_files.merge import with_evidence
from readygate_server.adapters.evidence_files.reader import EvidenceFile
from readygate_server.adapters.evidence_files.values import subjects_of, values_of
from readygate_server.adapters.foundations.forms import assets_in, part_of, subject_of
from readygate_server.adapters.proposals.paths import clear_fact
from readygate_server.adapters.proposals.vocabulary import ASSET_FIELDS, parts_of
from readygate_server.adapters.yaml_text import Document
from readygate_server.domain.backing import group_of
from readygate_server.domain.facts import FactRef, parent_of


class Named(NamedTuple):
    """What a file says of an asset."""

    file: str
    asset: Asset


def updated(registered: Asset, found: Named) -> Asset:
    """Returns a registered asset with what was found out about it since.

    Raises:
      FaultsError: when the two do not go together.
    """
    old, new = part_of(registered), part_of(found.asset)
    for ref in {*values_of(new, subjects_of(new)), *_not_found_any_more(old, new)}:
        _take_out(old, ref)
    _title(old, subject_of(found.asset).title)
    return next(assets_in(with_evidence(old, [EvidenceFile(new, Document(found.file))])))


def joined(found: Iterable[Named]) -> Iterator[Named]:
    """Yields each asset once, with all that the files say of it, in the form in which updating leaves it.

    Where files differ, the values stand beside each other in its evidence, as they would in a proposal.

    Raises:
      FaultsError: when files do not go together.
    """
    held: dict[tuple[str, str], list[Named]] = {}
    for each in found:
        held.setdefault((each.asset.WhichOneof("kind") or "", subject_of(each.asset).id), []).append(each)
    for same in held.values():
        yield Named(same[0].file, _one_of(same))


def _one_of(found: list[Named]) -> Asset:
    bare, kind = Asset(), found[0].asset.WhichOneof("kind") or ""
    getattr(bare, kind).id = subject_of(found[0].asset).id
    part = part_of(bare)
    _title(part, next((title for each in found if (title := subject_of(each.asset).title)), ""))
    return next(
        assets_in(with_evidence(part, [EvidenceFile(part_of(each.asset), Document(each.file)) for each in found]))
    )


def _title(part: Proposal, title: str) -> None:
    for field in ASSET_FIELDS.values():
        for asset in getattr(part, field):
            asset.title = title or asset.title


def _not_found_any_more(old: Proposal, new: Proposal) -> Iterator[FactRef]:
    collectors = {each.collector for each in new.evidence if each.collector}
    stated = values_of(old, subjects_of(old))
    for statement in new.statements:
        for name in parts_of(statement.fact):
            ref = FactRef(name, statement.subject)
            behind = [each for each in old.evidence if _covers(each, ref)]
            if ref in stated and behind and all(each.collector in collectors for each in behind):
                yield ref


def _take_out(part: Proposal, ref: FactRef) -> None:
    """Takes out a fact and observations of its value; evidence that backs others as well is narrowed on joining."""
    clear_fact(part, ref)
    kept = [each for each in part.evidence if not (each.HasField("value") and ref.fact in each.facts)]
    kept = [each for each in kept if set(each.facts) - {ref.fact}]
    copies = [Evidence.FromString(each.SerializeToString()) for each in kept]
    del part.evidence[:]
    part.evidence.extend(copies)


def _covers(entry: Evidence, ref: FactRef) -> bool:
    return any(name in entry.facts for name in (ref.fact, parent_of(ref.fact), group_of(ref.fact)))
