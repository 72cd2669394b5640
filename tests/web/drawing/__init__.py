"""The plan drawn."""

from __future__ import annotations
