"""Why a store is not opened."""

from __future__ import annotations


class StoreRefusedError(Exception):
    """Reports a store that must not be opened like this; the message says the way out."""
