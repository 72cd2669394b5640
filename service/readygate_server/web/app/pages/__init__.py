"""The pages, one module per subject."""

from __future__ import annotations
