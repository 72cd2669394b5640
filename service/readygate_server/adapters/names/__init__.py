"""Names of persons in the record: a key for each person, and nothing readable once it is gone."""

from __future__ import annotations

from readygate_server.adapters.names.database import open_database
from readygate_server.adapters.names.key_file import KEK_VARIABLE, KeyRingError, key_ring
from readygate_server.adapters.names.sealing import RequestSealer, SealedRequest
from readygate_server.adapters.names.vault import Vault

__all__ = [
    "KEK_VARIABLE",
    "KeyRingError",
    "RequestSealer",
    "SealedRequest",
    "Vault",
    "key_ring",
    "open_database",
]
