"""One suite per port; each holds for every adapter."""

from __future__ import annotations
