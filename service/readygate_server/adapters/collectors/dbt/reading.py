"""Reads the JSON that dbt, Great Expectations and datacontract-cli write, tolerantly: what is not understood is absent.

Great Expectations writes NaN, which is no JSON; such numbers stand in samples of the data, which are not looked at.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from readygate_server.adapters.collectors.artefacts import read_whole
from readygate_server.adapters.collectors.documents import decoded, shown
from readygate_server.adapters.collectors.port import ArtefactError, ArtefactFault, ArtefactLimitError
from readygate_server.domain.collected import Artefact

MAX_DEPTH: Final = 200
_SCHEMA: Final = "dbt_schema_version"
_STAMP: Final = "%Y%m%dT%H%M%S.%fZ"
EMPTY: Final[Mapping[str, object]] = {}


class Json(NamedTuple):
    """A JSON object and the file that it was in."""

    artefact: Artefact
    data: Mapping[str, object]
    kind: str
    """manifest, run-results, sources, expectations, datacontract, or nothing."""


def read_json(path: Path) -> Json:
    """Reads a file that holds one JSON object.

    Raises:
      ArtefactError: when it holds something else, or a key repeats.
      ArtefactLimitError: when it is larger or deeper than is read.
    """
    artefact, content = read_whole(path)
    data = _parsed(decoded(content, artefact.uri), artefact.uri)
    if not isinstance(data, dict):
        raise ArtefactError(ArtefactFault(artefact.uri, "the file holds no JSON object"))
    return Json(artefact, data, kind_of(data))


def _parsed(text: str, place: str) -> object:
    repeated: dict[str, None] = {}

    def one_object(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) != len(pairs) and not repeated:
            times = Counter(key for key, _ in pairs)
            repeated.update(dict.fromkeys([key for key, number in times.items() if number > 1][:10]))
        return found

    try:
        data: object = json.loads(text, object_pairs_hook=one_object, parse_constant=lambda _: None, parse_int=_whole)
    except json.JSONDecodeError as error:
        way_out = "it may be cut off: have the tool write it again"
        fault = ArtefactFault(f"{place}:{error.lineno}:{error.colno}", "the text is not JSON", way_out=way_out)
        raise ArtefactError(fault) from None
    except RecursionError:
        raise ArtefactLimitError(ArtefactFault(place, "the document nests too deep")) from None
    if repeated:
        raise ArtefactError(*(ArtefactFault(place, "a key repeats in one object", got=shown(key)) for key in repeated))
    return data


def _whole(digits: str) -> int | None:
    """Returns a whole number; one of more than 18 digits counts nothing, and Python refuses thousands of them."""
    return int(digits) if len(digits) < 19 else None


def kind_of(data: Mapping[str, object]) -> str:
    """Returns what a document is: of dbt by the schema it names, of others by the keys that only they have."""
    schema = mapping(data.get("metadata")).get(_SCHEMA)
    if isinstance(schema, str):
        names = {"manifest": "manifest", "run-results": "run-results", "sources": "sources", "freshness": "sources"}
        return next((kind for name, kind in names.items() if f"/{name}/" in schema or f"/{name}-" in schema), "")
    if isinstance(data.get("nodes"), dict) and isinstance(data.get("metadata"), dict):
        return "manifest"
    if isinstance(data.get("checks"), list) and ("runId" in data or "dataContractId" in data):
        return "datacontract"
    if isinstance(data.get("statistics"), dict) and isinstance(data.get("results"), list):
        return "expectations"
    runs = data.get("run_results")
    return "expectations" if isinstance(runs, dict) and "success" in data else ""


def mapping(value: object) -> Mapping[str, object]:
    """Returns an object; an empty one for anything else."""
    return value if isinstance(value, dict) else EMPTY


def items(value: object) -> Iterator[Mapping[str, object]]:
    """Yields the objects of a list; nothing of anything else."""
    if isinstance(value, list):
        yield from (each for each in value if isinstance(each, dict))


def text(value: object) -> str:
    """Returns a text; an empty one for anything else."""
    return value if isinstance(value, str) else ""


def count(value: object) -> int | None:
    """Returns a number of rows; dbt has also written it as a text."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        return None
    return value


def moment(value: object) -> datetime | None:
    """Returns a moment in UTC; one without a zone is of UTC, which is what these tools write."""
    stated = text(value)
    for parse in (datetime.fromisoformat, lambda each: datetime.strptime(each, _STAMP).replace(tzinfo=UTC)):
        try:
            found = parse(stated)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None
