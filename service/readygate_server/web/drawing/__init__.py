"""The plan drawn: from the message of a plan to SVG, without anything else."""

from __future__ import annotations
