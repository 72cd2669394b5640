"""Which options a text names."""

from __future__ import annotations

import re


def options_in(text: str) -> set[str]:
    """Returns the long options that a text names."""
    return set(re.findall(r"--[a-z][a-z-]*[a-z]", text))
