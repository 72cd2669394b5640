"""Assets that proposals reference, from files: the same as a server does with those that it keeps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.evidence_files.reader import EvidenceFile, evidence_in
from readygate_server.adapters.evidence_files.refusals import refusals
from readygate_server.adapters.evidence_files.values import assets_of
from readygate_server.adapters.foundations.folders import SUFFIXES, files_in
from readygate_server.adapters.foundations.forms import assets_in, key_of
from readygate_server.adapters.foundations.joining import Known, joined_with
from readygate_server.adapters.foundations.updating import Named, joined
from readygate_server.adapters.proposals import references
from readygate_server.adapters.proposals.validation import validate_proposal
from readygate_server.adapters.proposals.vocabulary import ASSET_FIELDS
from readygate_server.adapters.yaml_text import Document, read_yaml
from readygate_server.domain.errors import InvalidInputError, LimitExceededError
from readygate_server.domain.faults import Fault, FaultsError, few_suggestions, suggest
from readygate_server.domain.foundations import AssetKey

_WORDS: Final = {"source": "data source", "api": "API", "workflow": "workflow"}
_SHOWN: Final = 10


class _Held(NamedTuple):
    """A file as it was read first, and what assets it speaks of."""

    document: Document
    keys: tuple[AssetKey, ...]


class FoundationFiles:
    """Files with foundations, each read once for all proposals that reference what is in them."""

    def __init__(self, places: Sequence[Path], *, as_registered: bool = False) -> None:
        """Takes files and folders; what they say can be put in as a server that they were registered with puts it in.

        It then says the same to the letter: evidence names its file where it names no source, and says no value twice.

        Raises:
          FaultsError: when one of them is not there, a file is no YAML, or one that is named has no assets.
        """
        self._places = tuple(places)
        self._as_registered = as_registered
        self._held = _all_read(files_in(places))
        _refuse_silent([each for each in self._held if Path(each.document.file) in self._places])
        self._built: dict[str, EvidenceFile] = {}

    def resolved(self, proposal: Proposal, document: Document) -> tuple[Proposal, Sequence[Document]]:
        """Returns a proposal that says itself what files say of the assets that it references, and their documents.

        Raises:
          FaultsError: with every fault of the references, and of the files that speak of what they name.
        """
        if faults := [*self._unknown(proposal, document)]:
            raise FaultsError(faults)
        keys = [references.key_of(each) for each in proposal.assets]
        files = self._files_about(frozenset(keys))
        # What does not go together is told here, because here it has a line.
        own = [_without_deployment(file) for file in files]
        if faults := refusals(proposal, own, frozenset(key for file in own for key in assets_of(file.said))):
            raise FaultsError(faults)
        known = {each: _known(each, files, alone=not self._as_registered) for each in keys}
        return _valid(proposal, list(known.values()), document), [file.document for file in files]

    @property
    def deployment_facts(self) -> Sequence[str]:
        """Files of those used that say something of a deployment as well, which belongs to proposals."""
        return sorted(name for name, file in self._built.items() if _without_deployment(file).said != file.said)

    def _files_about(self, keys: frozenset[AssetKey]) -> list[EvidenceFile]:
        faults: list[Fault] = []
        found = []
        for held in self._held:
            if not keys.intersection(held.keys):
                continue
            name = held.document.file
            try:
                if name not in self._built:
                    self._built[name] = evidence_in(held.document)
                found.append(self._built[name])
            except FaultsError as error:
                faults += error.faults
        if faults:
            raise FaultsError(faults)
        return found

    @few_suggestions()
    def _unknown(self, proposal: Proposal, document: Document) -> Iterator[Fault]:
        """Yields references to what no file has, and to revisions, which files have none of."""
        there = sorted({key for held in self._held for key in held.keys})
        for index, each in enumerate(proposal.assets):
            place: tuple[str | int, ...] = ("assets", index)
            key = references.key_of(each)
            if each.revision:
                expected = "no revision, or --server with the server that keeps it"
                got = str(each.revision)
                yield document.fault((*place, "revision"), "files have no revisions", got=got, expected=expected)
            if key not in there:
                yield self._absent(key, there, document, (*place, "id"))

    def _absent(
        self, key: AssetKey, there: Sequence[AssetKey], document: Document, place: tuple[str | int, ...]
    ) -> Fault:
        names = [each.id for each in there if each.scope is key.scope]
        others = [each for each in there if each.id == key.id]
        where = ", ".join(map(str, self._places))
        message = f"no file in {where} has this {_WORDS[key.scope.value]}"
        if others:
            message += f", but {_article(_WORDS[others[0].scope.value])} of this id"
        if silent := [Path(held.document.file).name for held in self._held if not held.keys]:
            message += f" ({', '.join(silent[:_SHOWN])}: nothing about assets)"
        rest = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        choices = f"one of {', '.join(names[:_SHOWN])}{rest}" if names else f"files ({_kinds()}) that say what it is"
        return document.fault(place, message, got=repr(key.id), expected=choices, suggestion=suggest(key.id, names))


def _all_read(files: Iterable[Path]) -> tuple[_Held, ...]:
    """Returns the files as YAML; only what speaks of referenced assets is looked at more closely."""
    held: list[_Held] = []
    faults: list[Fault] = []
    for file in files:
        try:
            document = read_yaml(file.read_text(encoding="utf-8"), file=str(file))
            held.append(_Held(document, tuple(_keys_in(document.data))))
        except FaultsError as error:
            faults += error.faults
        except OSError as error:
            faults.append(Fault(str(file), 0, 0, error.strerror or "the file can not be read"))
        except UnicodeDecodeError as error:
            faults.append(Fault(str(file), 0, 0, f"this is not UTF-8 text (byte {error.start})"))
    if faults:
        raise FaultsError(faults)
    return tuple(held)


def _refuse_silent(named: Iterable[_Held]) -> None:
    """Raises FaultsError for files that were named and speak of no asset: a misspelt field would pass unseen."""
    message, expected = "there is no data source, API or workflow in it", f"one of {', '.join(ASSET_FIELDS.values())}"
    faults = [held.document.fault((), message, expected=expected) for held in named if not held.keys]
    if faults:
        raise FaultsError(faults)


def _keys_in(data: object) -> Iterator[AssetKey]:
    """Yields the assets that plain data speak of."""
    for scope, field in ASSET_FIELDS.items():
        assets = data.get(field) if isinstance(data, dict) else None
        for asset in assets if isinstance(assets, list) else ():
            if isinstance(asset, dict) and isinstance(asset.get("id"), str):
                yield AssetKey(scope, asset["id"])


def _known(key: AssetKey, files: Sequence[EvidenceFile], *, alone: bool) -> Known:
    """Returns what files say of an asset: what the only one says to the letter, else what all say together."""
    found = [Named(file.name, asset) for file in files for asset in assets_in(file.said) if key_of(asset) == key]
    if len(found) == 1 and alone:
        return Known(key, found[0].asset, found[0].file)
    (one,) = joined(found)
    return Known(key, one.asset, str(key))


def _valid(proposal: Proposal, known: Sequence[Known], document: Document) -> Proposal:
    try:
        whole = joined_with(proposal, known)
    except InvalidInputError as error:
        raise FaultsError(_late(document, error)) from None
    except LimitExceededError as error:
        raise FaultsError([document.fault((), str(error))]) from None
    if late := validate_proposal(whole):
        raise FaultsError(document.fault((), f"{each.path}: {each.message}", got=each.got) for each in late)
    return whole


def _late(document: Document, error: InvalidInputError) -> Iterator[Fault]:
    for path, message, got, expected in error.faults:
        yield document.fault((), f"{path}: {message}", got=got, expected=expected)


def _without_deployment(file: EvidenceFile) -> EvidenceFile:
    """Returns a file without what it says of the deployment; what it says of assets keeps its places."""
    said = Proposal(id=file.said.id)
    for field in ASSET_FIELDS.values():
        getattr(said, field).extend(getattr(file.said, field))
    said.evidence.extend(each for each in file.said.evidence if each.subject)
    said.statements.extend(each for each in file.said.statements if each.subject)
    return EvidenceFile(said, file.document)


def _article(word: str) -> str:
    return f"an {word}" if word == "API" else f"a {word}"


def _kinds() -> str:
    return ", ".join(f"*{suffix}" for suffix in SUFFIXES)
