"""The application of the review board, over HTTP."""

from __future__ import annotations
