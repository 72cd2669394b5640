"""One decision on one page."""

from __future__ import annotations
