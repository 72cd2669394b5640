"""Proposals with all that the command line says belongs to them: evidence, and the foundations that they reference."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from readygate_server.cli.inputs import STDIN, Located, read_alone
from readygate_server.domain.faults import Fault, FaultsError

if TYPE_CHECKING:
    from readygate_server.adapters.foundations.files import FoundationFiles


def reader_for(
    options: argparse.Namespace, files: Sequence[str], *, as_registered: bool = False
) -> Callable[[str], Located]:
    """Returns what reads each of some proposals, with the evidence and the foundations that the options name.

    What a proposal references stays a reference where a server is asked and no files are named, since the server knows.
    With `as_registered` what files say of assets is put in as a server does that they were registered with.

    Raises:
      CommandError: when a file that the options name is at fault, since it then speaks of every proposal.
    """
    read: Callable[[str], Located] = read_alone
    if evidence := getattr(options, "evidence", ()):
        from readygate_server.cli.evidence_files import joined_reader  # late: most commands are given none

        read = joined_reader(files, evidence)
    places: Sequence[Path] = getattr(options, "foundations", ())
    asks_server = bool(getattr(options, "server", None))
    return read if asks_server and not places else _Resolving(read, places, as_registered=as_registered)


def read_located(file: str) -> Located:
    """Returns the proposal in a file, with what stands beside it, and where its parts stand.

    Raises:
      CommandError: when the file can not be read.
      FaultsError: with every fault of its text.
    """
    return _Resolving(read_alone, ())(file)


class _Resolving:
    """Reads proposals and puts in what files say of the assets that they reference."""

    def __init__(self, read: Callable[[str], Located], places: Sequence[Path], *, as_registered: bool = False) -> None:
        self._read = read
        self._as_registered = as_registered
        self._places = tuple(places)
        self._files: dict[tuple[Path, ...], FoundationFiles] = {}
        self._told: set[str] = set()

    def __call__(self, file: str) -> Located:
        found = self._read(file)
        if not found.proposal.assets:
            return found
        files = self._files_for(file, found)
        proposal, documents = files.resolved(found.proposal, found.origins.document)
        self._tell(files.deployment_facts)
        return Located(proposal, found.origins.joined_with(documents))

    def _files_for(self, file: str, found: Located) -> FoundationFiles:
        from readygate_server.adapters.foundations.files import FoundationFiles  # late: most proposals say it all

        places = self._places or self._beside(file, found)
        if places not in self._files:
            self._files[places] = FoundationFiles(places, as_registered=self._as_registered)
        return self._files[places]

    def _beside(self, file: str, found: Located) -> tuple[Path, ...]:
        from readygate_server.adapters.foundations.folders import FOLDER, beside

        folder = None if file == STDIN else beside(Path(file))
        if folder is None:
            raise FaultsError([_nowhere(found, FOLDER)])
        return (folder,)

    def _tell(self, files: Sequence[str]) -> None:
        for file in files:
            if file not in self._told:
                self._told.add(file)
                said = "left out what it says of the deployment: that is joined with --evidence"
                sys.stderr.write(f"{file}: {said}\n")


def _nowhere(found: Located, folder: str) -> Fault:
    names = ", ".join(each.id for each in found.proposal.assets[:3])
    return found.origins.document.fault(
        ("assets",),
        f"assets are referenced, and there is no folder {folder!r} beside the proposal with files about them",
        got=names,
        expected="that folder, --foundations DIR, or --server HOST:PORT with the server that keeps them",
        at_key=True,
    )
