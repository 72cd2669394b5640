"""Rulesets of any size, made of the packaged rules: some of them, or all again and again under new ids."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final

from readygate_server.adapters.packaged_rules import rules_directory

NAME: Final = "bench"
_FULL: Final = "operational-readiness-full-2026.1.0.yaml"
_ID: Final = re.compile(r"\b([A-Z]{3})-(\d\d)\b")


def files_of(count: int, *, version: str = "2026.1.1") -> dict[str, str]:
    """Returns the files of a ruleset with so many rules, by their paths.

    Few rules are taken from all foundations in turn, so that sets of different sizes are alike.
    """
    directory = rules_directory()
    every = re.findall(r"^  - (readiness/\S+)$", (directory / _FULL).read_text(encoding="utf-8"), re.MULTILINE)
    steps = [every[place] for start in range(_STRIDE) for place in range(start, len(every), _STRIDE)]
    files = {"tiering.yaml": (directory / "tiering.yaml").read_text(encoding="utf-8")}
    for number in range(count):
        copy, place = divmod(number, len(steps))
        for ending in ("", "_test"):
            text = (directory / f"{steps[place]}{ending}.yaml").read_text(encoding="utf-8")
            files[f"bench/{_renamed(PurePosixPath(steps[place]).name, copy)}{ending}.yaml"] = _without_after(text, copy)
    rules = [path.removesuffix(".yaml") for path in files if path.startswith("bench/") and "_test" not in path]
    head = _HEAD.format(name=NAME, version=version, count=count)
    return files | {f"{NAME}.yaml": head + "".join(f"  - {rule}\n" for rule in rules)}


_STRIDE: Final = 7
_HEAD: Final = """\
name: {name}
version: {version}
channel: stable
summary: The packaged rules, {count} of them.
effective_from: 2026-01-01
tiering: tiering.yaml
verdict_valid_days: 92
rules:
"""


def _renamed(text: str, copy: int) -> str:
    return _ID.sub(lambda found: f"{found[1]}{copy}-{found[2]}", text) if copy else text


def _without_after(text: str, copy: int) -> str:
    """Returns a rule under its new id, and without what its work comes after: a small set may not have that."""
    text = re.sub(r"^  after: .*\n", "", text, flags=re.MULTILINE)
    named = re.compile(r"^(id|rule): (\S+)$", re.MULTILINE)
    return named.sub(lambda found: f"{found[1]}: {_renamed(found[2], copy)}", text)
