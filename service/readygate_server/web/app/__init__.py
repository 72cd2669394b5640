"""What the review board works with: pages over the RPCs of this server, which decide everything."""

from __future__ import annotations
