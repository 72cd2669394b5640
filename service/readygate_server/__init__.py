"""The readygate service: judges whether a proposed AI deployment is ready for a gate."""

from __future__ import annotations

ENGINE_VERSION = "0.1.0"
