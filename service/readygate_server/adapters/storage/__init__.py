"""Keeps the record: in SQLite in a directory of this machine, or in a PostgreSQL that several servers share."""

from __future__ import annotations

from readygate_server.adapters.storage.errors import StoreRefusedError
from readygate_server.adapters.storage.files import DirectoryLock
from readygate_server.adapters.storage.opening import open_store
from readygate_server.adapters.storage.store import RecordStore

__all__ = ["DirectoryLock", "RecordStore", "StoreRefusedError", "open_store"]
