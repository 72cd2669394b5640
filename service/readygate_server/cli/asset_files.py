"""Assets in files that collectors or people wrote."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.evidence_files.reader import read_evidence
from readygate_server.adapters.foundations.forms import assets_in
from readygate_server.adapters.foundations.updating import Named, joined
from readygate_server.cli.exits import CommandError
from readygate_server.cli.inputs import name_of, read_text
from readygate_server.cli.options import faults_text
from readygate_server.domain.faults import FaultsError

_OF_PROPOSALS: Final = ("deployment", "org", "gov", "value", "ops")


def found_in(files: Sequence[str]) -> Sequence[Named]:
    """Returns the assets in files, each once with all that they say of it."""
    try:
        return list(joined([each for file in files for each in _assets_of(file)]))
    except FaultsError as error:
        raise CommandError(faults_text(error)) from None


def _assets_of(file: str) -> Sequence[Named]:
    """Returns the assets in a file; what else it says belongs to proposals."""
    said = read_evidence(read_text(file), file=name_of(file))
    assets = [Named(said.name, asset) for asset in assets_in(said.said)]
    if not assets:
        raise CommandError(f"{name_of(file)}: there is no data source, API or workflow in it")
    if left := _left_out(said.said):
        print(f"{name_of(file)}: left out, because it belongs to proposals: {', '.join(left)}", file=sys.stderr)
    return assets


def _left_out(part: Proposal) -> Sequence[str]:
    groups = [field.name for field, _ in part.ListFields() if field.name in _OF_PROPOSALS]
    entries = sum(not each.subject for each in part.evidence) + sum(not each.subject for each in part.statements)
    return [*groups, *([f"{entries} entries about the deployment"] if entries else [])]
