"""Proposals joined with files of evidence, as the command line names both."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.evidence_files.merge import with_evidence
from readygate_server.adapters.evidence_files.reader import EvidenceFile, read_evidence
from readygate_server.adapters.evidence_files.values import assets_of
from readygate_server.cli.exits import CommandError
from readygate_server.cli.inputs import name_of, read_file, read_text
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


def joined_reader(proposals: Sequence[str], evidence: Sequence[str]) -> Callable[[str], Proposal]:
    """Returns what reads a proposal and joins it with evidence.

    With several proposals evidence may be about assets of any of them, so that all are read first.
    """
    if list(proposals).count("-") + list(evidence).count("-") > 1:
        raise CommandError("standard input can be read once; name the other files")
    files = read_evidence_files(evidence)
    held: dict[str, Proposal | FaultsError | CommandError] = {name: _read(name) for name in proposals}
    readable = [each for each in held.values() if isinstance(each, Proposal)]
    elsewhere = frozenset(asset for each in readable for asset in assets_of(each))

    def read(name: str) -> Proposal:
        found = held[name]
        if not isinstance(found, Proposal):
            raise found
        return with_evidence(found, files, elsewhere=elsewhere)

    return read


def _read(name: str) -> Proposal | FaultsError | CommandError:
    try:
        return read_file(name)
    except (FaultsError, CommandError) as error:
        return error
