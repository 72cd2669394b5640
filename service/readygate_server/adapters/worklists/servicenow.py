"""Work lists as records for a staging table of ServiceNow, in the shape that its import of many rows takes."""

from __future__ import annotations

import json
from collections.abc import Iterable

from readygate_server.adapters.worklists.cells import cell_text
from readygate_server.adapters.worklists.jira import external_id
from readygate_server.adapters.worklists.rows import Row


def servicenow_text(rows: Iterable[Row]) -> str:
    """Returns `{"records": [...]}`; columns that somebody adds to a table begin with `u_` there."""
    records = [
        {
            "u_external_id": cell_text(external_id(row)),
            **{f"u_{name}": cell_text(cell) if isinstance(cell, str) else cell for name, cell in row.cells},
        }
        for row in rows
    ]
    return json.dumps({"records": records}, ensure_ascii=False, indent=2) + "\n"
