"""Proposals joined with files of evidence, as the command line names both."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from readygate_server.adapters.evidence_files.merge import with_evidence
from readygate_server.adapters.evidence_files.reader import EvidenceFile, read_evidence
from readygate_server.adapters.evidence_files.values import assets_of
from readygate_server.cli.exits import CommandError
from readygate_server.cli.inputs import Located, name_of, read_alone, read_text
from readygate_server.cli.options import faults_text
from readygate_server.domain.faults import Fault, FaultsError


def read_evidence_files(files: Sequence[str]) -> tuple[EvidenceFile, ...]:
    """Returns what files say; faults of any of them end the command, since it then speaks of every proposal.

    Raises:
      CommandError: with every fault of all files.
    """
    read: list[EvidenceFile] = []
    faults: list[Fault] = []
    for file in files:
        try:
            read.append(read_evidence(read_text(file), file=name_of(file)))
        except FaultsError as error:
            faults += error.faults
    if faults:
        raise CommandError(faults_text(FaultsError(faults)))
    return tuple(read)


def joined_reader(proposals: Sequence[str], evidence: Sequence[str]) -> Callable[[str], Located]:
    """Returns what reads a proposal and joins it with evidence.

    With several proposals evidence may be about assets of any of them, so that all are read first.
    """
    if list(proposals).count("-") + list(evidence).count("-") > 1:
        raise CommandError("standard input can be read once; name the other files")
    files = read_evidence_files(evidence)
    held: dict[str, Located | FaultsError | CommandError] = {name: _read(name) for name in proposals}
    readable = [each.proposal for each in held.values() if isinstance(each, Located)]
    elsewhere = frozenset(asset for each in readable for asset in assets_of(each))

    def read(name: str) -> Located:
        found = held[name]
        if not isinstance(found, Located):
            raise found
        joined = with_evidence(found.proposal, files, elsewhere=elsewhere)
        return Located(joined, found.origins.joined_with([each.document for each in files]))

    return read


def _read(name: str) -> Located | FaultsError | CommandError:
    try:
        return read_alone(name)
    except (FaultsError, CommandError) as error:
        return error
