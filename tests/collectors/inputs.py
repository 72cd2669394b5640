"""Finds published artefacts that are too large, or not ours, to be kept here.

`READYGATE_EVIDENCE_INPUTS` names folders, separated as in PATH. One of them holds an `INDEX.json` that lists files with
their digests and with what another program made of them; a file may lie in any of the folders, under any name.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import pytest

VARIABLE = "READYGATE_EVIDENCE_INPUTS"


class Input(NamedTuple):
    """A published artefact, and what another program made of it."""

    name: str
    path: Path
    second_opinion: dict[str, Any]


def folders() -> list[Path]:
    """Returns the folders that are named."""
    return [Path(each) for each in os.environ.get(VARIABLE, "").split(os.pathsep) if each]


@functools.cache
def listed() -> tuple[dict[str, Any], ...]:
    """Returns what the index lists; nothing where there is none."""
    for folder in folders():
        if (folder / "INDEX.json").is_file():
            entries: list[dict[str, Any]] = json.loads((folder / "INDEX.json").read_text(encoding="utf-8"))
            return tuple(entries)
    return ()


def artefact(kind: str, ending: str) -> Input:
    """Returns the input of a kind whose name ends like this; skips the test when it is not there."""
    for entry in listed():
        if entry["kind"] == kind and entry["path"].endswith(ending):
            for folder in folders():
                path = folder / (entry["file"] or Path(entry["path"]).name)
                if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == entry["sha256"]:
                    return Input(entry["path"], path, entry["second_opinion"] or {})
    pytest.skip(f"{ending} is in no folder that {VARIABLE} names")
