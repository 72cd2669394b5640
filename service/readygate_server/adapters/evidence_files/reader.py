"""Reads a file with facts and evidence about assets: a part of a proposal, in the same shape."""

from __future__ import annotations

from pathlib import PurePath
from typing import Final, NamedTuple

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.reader import build_proposal
from readygate_server.adapters.yaml_text import Document, read_yaml
from readygate_server.domain.faults import FaultsError

_NO_ID: Final = "evidence"
"""Stands for the id that a proposal needs and a part of one has not."""


class EvidenceFile(NamedTuple):
    """What a file says, and where in it."""

    said: Proposal
    document: Document

    @property
    def name(self) -> str:
        """Name of the file, without the folders of a machine."""
        return PurePath(self.document.file).name


def read_evidence(text: str, *, file: str) -> EvidenceFile:
    """Reads a file with evidence from YAML or JSON.

    Raises:
      FaultsError: with every fault of the text, sorted by place.
    """
    return evidence_in(read_yaml(text, file=file))


def evidence_in(document: Document) -> EvidenceFile:
    """Returns what a file says of which the YAML was read.

    Raises:
      FaultsError: with every fault of it, sorted by place.
    """
    data = document.data
    said = build_proposal({"id": _NO_ID, **data} if isinstance(data, dict) else data, document)
    if said.assets:
        message = "a file with facts references no registered assets"
        raise FaultsError([document.fault(("assets",), message, expected="the facts themselves", at_key=True)])
    return EvidenceFile(said, document)
