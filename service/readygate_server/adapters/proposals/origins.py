"""Where in the files of a proposal its parts stand, so that a finding can point at the line that it is about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path as FilePath
from typing import Any, Final, NamedTuple

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.reader import read_proposal
from readygate_server.adapters.proposals.vocabulary import ASSET_FIELDS, GROUPS, fact_fields
from readygate_server.adapters.yaml_text import Document, Path
from readygate_server.domain.facts import parent_of
from readygate_server.domain.vocabulary import Scope

_REFERENCES: Final = "assets"


class Origin(NamedTuple):
    """A place in a file; line and column count from 1."""

    file: str
    line: int
    column: int


class Origins:
    """The places of a proposal's parts, in the file of the proposal and in those that it was joined with."""

    def __init__(self, documents: Sequence[Document]) -> None:
        """Takes what was read: the proposal first, then the others in the order in which they count."""
        self._documents = tuple(documents)

    @property
    def document(self) -> Document:
        """The proposal itself, as it was read."""
        return self._documents[0]

    def joined_with(self, documents: Sequence[Document]) -> Origins:
        """Returns the places with those of other files behind them."""
        return Origins([*self._documents, *documents])

    def of(self, subject: str = "", fact: str = "", scope: Scope | None = None) -> Origin:
        """Returns the nearest place: the fact's key, else the asset, else the section, else line 1 of the proposal.

        `subject` is the id of an asset, or empty; `fact` a name such as `source.accuracy.ratio`, or empty. `scope`
        tells data sources, APIs and workflows apart; ids are unique among them, so that it is seldom needed.
        """
        for path in self._wanted(subject, fact, scope):
            for document in self._documents:
                for place in _places(document, path, subject):
                    if place in document.values:
                        mark = document.key_mark(place)
                        return Origin(document.file, mark.line, mark.column)
        return Origin(self._documents[0].file, 1, 1)

    def _wanted(self, subject: str, fact: str, scope: Scope | None) -> Iterator[tuple[str, Path]]:
        """Yields what to look for, nearest first: in which list or mapping, and what in it."""
        field = fact_fields().get(fact)
        group = fact.partition(".")[0]
        holder = GROUPS.get(group, ("",))[0] if fact else ""
        if field is not None and field.in_proposal:
            steps = (*GROUPS[group][1:], *field.path)
            yield holder, steps
            yield "evidence", (fact,)
            yield from ((holder, steps[:length]) for length in range(len(steps) - 1, 0, -1))
            yield "statements", (fact,)
        if subject:
            holders = [field for each, field in ASSET_FIELDS.items() if scope in (None, Scope.DEPLOYMENT, each)]
            yield from ((each, ()) for each in [*holders, _REFERENCES])
        elif holder:
            yield holder, ()


def read_located(path: str, *, text: str | None = None) -> tuple[Proposal, Origins]:
    """Reads a proposal file, or its text where that was read already.

    Returns the message, and where its parts stand.

    Raises:
      FaultsError: with every fault of the text, sorted by place.
      OSError: when the file can not be read.
    """
    found = FilePath(path).read_text(encoding="utf-8") if text is None else text
    proposal, document = read_proposal(found, file=path)
    return proposal, Origins([document])


def _places(document: Document, wanted: tuple[str, Path], subject: str) -> Iterator[Path]:
    """Yields the places in a document that what is wanted may stand at."""
    holder, steps = wanted
    data: Any = document.data
    held = data.get(holder) if isinstance(data, dict) else None
    if steps and holder in ("evidence", "statements"):
        yield from _said_about(holder, held, str(steps[0]), subject)
    elif subject and isinstance(held, list):
        about = ((index, each) for index, each in enumerate(held) if isinstance(each, dict))
        yield from ((holder, index, *steps) for index, each in about if each.get("id") == subject)
    else:
        yield (holder, *steps)


def _said_about(holder: str, entries: object, fact: str, subject: str) -> Iterator[Path]:
    """Yields entries that say the value of a fact, or why there is none."""
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        if not isinstance(entry, dict) or entry.get("subject", "") != subject:
            continue
        if holder == "statements" and entry.get("fact") in (fact, parent_of(fact)):
            yield holder, index, "fact"
        elif holder == "evidence" and entry.get("facts") == [fact] and "value" in entry:
            yield holder, index, "value"
