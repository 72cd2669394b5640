"""The pages in a Chromium."""

from __future__ import annotations
