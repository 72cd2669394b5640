"""What DuckDB refuses, told without what it quotes of the file: its messages hold whole lines with their values."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from readygate_server.adapters.collectors.artefacts import uri_of
from readygate_server.adapters.collectors.port import ArtefactError, ArtefactFault, ArtefactLimitError

_LINE: Final = re.compile(r"\bLine:? (\d{1,18})\b", re.IGNORECASE)
_REASONS: Final = (
    (
        "sniffing file",
        "its delimiter, quotes and line ends are not those of one CSV",
        "name its --delimiter, --encoding",
    ),
    ("state machine", "its quotes or line ends are not those of one CSV", "repair the file, or name its --delimiter"),
    ("maximum line size", "a line is longer than 2 MB", "check that the delimiter and the quotes are as told"),
    ("max_line_size", "a line is longer than 2 MB", "check that the delimiter and the quotes are as told"),
    ("expected number of columns", "a row has another number of columns", "repair the file, or name its --delimiter"),
    ("unterminated quote", "a quote is not closed", "repair the file"),
    ("unicode", "the text is in another encoding", "name it: --encoding utf-16 or latin-1"),
    ("utf-8", "the text is in another encoding", "name it: --encoding utf-16 or latin-1"),
    ("no magic bytes", "the file is no Parquet file, or only a part of one", "export it again"),
    ("parquet", "the file can not be read as Parquet", "export it again"),
    ("not a valid duckdb", "the file is no DuckDB database", ""),
    ("could not convert", "a value is not what its column says", "export it again"),
)
_QUERY_REASONS: Final = (
    ("does not exist", "the query names a table, column or file that is not there", "run it as it is told here"),
    ("parser error", "the query is not understood", "give one SELECT in DuckDB's SQL"),
    ("binder error", "the query is not understood", "give one SELECT in DuckDB's SQL"),
    ("disabled by configuration", "the query reaches for another file", "give it the tables of the database only"),
    ("disabled through configuration", "the query asks for an extension", "give it the tables of the database only"),
)


def refusal(path: Path, error: Exception) -> ArtefactError:
    """Returns the error of a file that DuckDB does not read."""
    text, uri = str(error), uri_of(path)
    name = type(error).__name__
    if name == "OutOfMemoryException":
        return ArtefactLimitError(ArtefactFault(uri, "counting needs more memory or disk than it is given"))
    line = _LINE.search(text)
    place = f"{uri}:{line[1]}" if line else uri
    lower = text.lower()
    for sign, message, way_out in _QUERY_REASONS if uri == "--table" or uri.endswith(".sql") else _REASONS:
        if sign in lower:
            return ArtefactError(ArtefactFault(place, message, way_out=way_out))
    return ArtefactError(ArtefactFault(place, "the file can not be read", got=f"DuckDB's {name}"))
