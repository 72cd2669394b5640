"""One decision on one page: what is shown, and the templates that show it."""

from __future__ import annotations
