"""What makes a command that runs once cheaper to start and to end; of no use in a process that others live in."""

from __future__ import annotations

import gc
import os
from typing import Final

_OBJECTS: Final = 200_000
"""Objects after which garbage is looked for: twice as many as a check makes before it judges, which all stay."""
_PLUGINS: Final = "PYDANTIC_DISABLE_PLUGINS"


def start_lean() -> None:
    """Keeps the process from looking through what stays anyway, and from reading what other packages have installed."""
    gc.set_threshold(_OBJECTS)
    # To look for plugins, of which none has a say in rules, every package that is installed is read.
    os.environ.setdefault(_PLUGINS, "__all__")


def end_lean() -> None:
    """Keeps the process from looking for garbage when it ends, since all its memory goes at once."""
    gc.freeze()
