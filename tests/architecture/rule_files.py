"""The rule files that ship, as they stand on disk: read without the program that they are for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

RULES = Path(__file__).parents[2] / "rules"
RULE_FILES = sorted(file for file in RULES.glob("readiness/*/*.yaml") if not file.stem.endswith("_test"))


def read(file: Path) -> dict[str, Any]:
    """Returns a YAML file's mapping."""
    loaded: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return loaded


SHIPPED_RULES = [read(file) for file in RULE_FILES]
