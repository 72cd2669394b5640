"""What files with evidence say that does not fit the proposal."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from typing import Final

from readygate.v1.evidence_pb2 import FACT_STATEMENT_KIND_NOT_APPLICABLE
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.evidence_files.reader import EvidenceFile
from readygate_server.adapters.evidence_files.values import AssetKey, assets_of, subjects_of, values_of
from readygate_server.adapters.proposals.vocabulary import ASSET_FIELDS, fact_fields
from readygate_server.domain.facts import FactRef, parent_of
from readygate_server.domain.faults import Fault, few_suggestions, suggest
from readygate_server.domain.vocabulary import Scope

_KINDS: Final = {Scope.SOURCE: "data source", Scope.API: "API", Scope.WORKFLOW: "workflow"}
_SHOWN: Final = 10


def refusals(proposal: Proposal, files: Iterable[EvidenceFile], elsewhere: Container[AssetKey]) -> list[Fault]:
    """Returns every fault of files that no joining can mend, each at its place."""
    held = list(files)
    return [*_strangers(proposal, held, elsewhere), *_said_not_to_apply(proposal, held)]


@few_suggestions()
def _strangers(proposal: Proposal, files: Iterable[EvidenceFile], elsewhere: Container[AssetKey]) -> list[Fault]:
    """Returns the assets of files that no proposal names."""
    known = assets_of(proposal)
    kinds = {name: _KINDS[scope] for scope, name in known}
    found = []
    for file in files:
        for scope, field in ASSET_FIELDS.items():
            names = sorted(name for kind, name in known if kind is scope)
            for index, asset in enumerate(getattr(file.said, field)):
                if (scope, asset.id) in known or (scope, asset.id) in elsewhere:
                    continue
                other = f"; it has {_article(kinds[asset.id])} of this id" if asset.id in kinds else ""
                choices = f"one of {', '.join(names[:_SHOWN])}" if names else "none, for it has none"
                found.append(
                    file.document.fault(
                        (field, index, "id"),
                        f"the proposal has no such {_KINDS[scope]}{other}",
                        got=repr(asset.id),
                        expected=choices,
                        suggestion=suggest(asset.id, names),
                    )
                )
    return found


def _article(word: str) -> str:
    return f"an {word}" if word == "API" else f"a {word}"


def _said_not_to_apply(proposal: Proposal, files: Iterable[EvidenceFile]) -> Iterator[Fault]:
    """Yields facts that the proposal says do not apply and for which a file has a value all the same."""
    refused = {
        FactRef(each.fact, each.subject)
        for each in proposal.statements
        if each.kind == FACT_STATEMENT_KIND_NOT_APPLICABLE
    }
    if not refused:
        return
    for file in files:
        for ref in values_of(file.said, subjects_of(file.said)):
            whole = FactRef(parent_of(ref.fact), ref.subject)
            if ref in refused or whole in refused:
                yield file.document.fault(
                    _place_of(file.said, ref),
                    "the proposal says that the fact does not apply, and here it has a value",
                    got=str(ref),
                    expected="one of the two",
                )


def _place_of(said: Proposal, ref: FactRef) -> tuple[str | int, ...]:
    """Returns where a value stands."""
    field = fact_fields()[ref.fact]
    if field.scope is Scope.DEPLOYMENT:
        return (field.group, *field.path)
    holder = ASSET_FIELDS[field.scope]
    index = [asset.id for asset in getattr(said, holder)].index(ref.subject)
    corpus = ("corpus",) if field.group == "corpus" else ()
    return (holder, index, *corpus, *field.path)
