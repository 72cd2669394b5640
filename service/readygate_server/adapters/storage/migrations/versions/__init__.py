"""The migrations, one per module. Tables of the record only ever get columns: copying one would drop its triggers."""

from __future__ import annotations
