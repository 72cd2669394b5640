"""Copies of the record and of the names, made while a server runs, and the way back from them."""

from __future__ import annotations

from readygate_server.adapters.backups.copies import BackupError, Manifest, back_up, back_up_names, restore
from readygate_server.adapters.backups.forks import Fork, fork_log

__all__ = ["BackupError", "Fork", "Manifest", "back_up", "back_up_names", "fork_log", "restore"]
