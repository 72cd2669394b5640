"""Pages, as browsers see them."""

from __future__ import annotations
