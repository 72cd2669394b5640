"""Pages for people: one decision on one page, the plan drawn, and what the review board works with."""

from __future__ import annotations
