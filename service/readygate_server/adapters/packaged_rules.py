"""Finds the rules that ship with the package."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


@cache
def rules_directory() -> Path:
    """Returns the directory of the rules: `_rules` in an installed package, `rules` in a checkout.

    Raises:
      FileNotFoundError: when neither is there, because the package was built without its rules.
    """
    candidates = (_PACKAGE / "_rules", _PACKAGE.parents[1] / "rules")
    for directory in candidates:
        if (directory / "facts.yaml").is_file():
            return directory
    raise FileNotFoundError(f"no rules in {' or '.join(map(str, candidates))}")
