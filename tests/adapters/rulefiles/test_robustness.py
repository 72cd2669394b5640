"""Whatever stands in rule files, loading ends with rulesets or with faults."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.rulefiles.files import SOUND
from tests.adapters.rulefiles.test_compose import EVIDENCE, EVIDENCE_TEST
from tests.adapters.rulefiles.test_layering import OURS

from readygate_server.adapters.rulefiles.loader import load_rulesets
from readygate_server.adapters.yaml_text import read_yaml
from readygate_server.domain.faults import Fault, FaultsError
from readygate_server.domain.rule import Ruleset

LAYERED = OURS + "    check: completeness\n    thresholds: {T4: 0.999}\n    due: commit\n    reason: An example.\n"
LEDGER = f"published: [{{name: old, version: 2025.1.0, digest: 'sha256:{'0' * 64}'}}]\n"
DIRECTORIES: list[Mapping[str, Any]] = [
    {path: read_yaml(text, file=path).data for path, text in files.items()}
    for files in (
        {**SOUND, "ours.yaml": LAYERED, "published.yaml": LEDGER},
        {**SOUND, "data/DAT-01.yaml": EVIDENCE, "data/DAT-01_test.yaml": EVIDENCE_TEST},
    )
]
WORDS = st.sampled_from(
    [
        "",
        "x",
        "T1",
        "one",
        "tiers",
        "default",
        "blocker",
        "commit",
        "source.accuracy",
        "DAT-01",
        "2026-01-01",
        "{x}",
        "1 +",
    ]
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-1, 400), st.sampled_from([-0.5, 3.5, 1e300]), WORDS),
    lambda parts: st.one_of(st.lists(parts, max_size=2), st.dictionaries(WORDS, parts, max_size=2)),
    max_leaves=4,
)


def paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yields the paths of all parts of plain data."""
    yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from paths(part, (*path, key))


def spoilt(value: Any, path: tuple[str | int, ...], other: Any) -> Any:
    """Returns plain data with another value at a path."""
    if not path:
        return other
    changed = copy.deepcopy(value)
    here = changed
    for step in path[:-1]:
        here = here[step]
    here[path[-1]] = other
    return changed


def result_of(files: Mapping[str, str]) -> tuple[tuple[Ruleset, ...], tuple[Fault, ...]]:
    """Returns what loading gives: rulesets, or at least one fault."""
    try:
        return load_rulesets(files).rulesets, ()
    except FaultsError as error:
        if not error.faults:
            raise AssertionError("refused without a fault") from error
        return (), error.faults


@given(st.data())
def test_spoilt_files_give_rulesets_or_faults(data: st.DataObject) -> None:
    """Any value in any place is either accepted or reported as faults with words; nothing else is raised."""
    files = dict(data.draw(st.sampled_from(DIRECTORIES)))
    for _ in range(data.draw(st.integers(1, 3))):
        name = data.draw(st.sampled_from(sorted(files)))
        path = data.draw(st.sampled_from(sorted(paths(files[name]), key=str)))
        files[name] = spoilt(files[name], path, data.draw(VALUES))
    rulesets, faults = result_of({name: json.dumps(content) for name, content in files.items()})
    assert all(fault.message for fault in faults)
    assert list(faults) == sorted(faults)
    assert all(ruleset.rules for ruleset in rulesets)
