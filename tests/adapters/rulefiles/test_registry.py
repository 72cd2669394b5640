"""Choosing a ruleset by version, digest, channel or day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.make import ruleset

from readygate_server.adapters.rulefiles.registry import RulesetRegistry
from readygate_server.domain.errors import RulesetNotFoundError
from readygate_server.domain.rule import Ruleset


def version(
    number: str, *, name: str = "ready", channel: str = "stable", since: str = "2026-01-01", until: str = ""
) -> Ruleset:
    """Returns an empty ruleset of that identity."""
    empty = ruleset()
    identity = replace(
        empty.identity,
        name=name,
        version=number,
        digest=f"sha256:{name}-{number}",
        channel=channel,
        effective_from=since,
        effective_until=until,
    )
    return replace(empty, identity=identity)


REGISTRY = RulesetRegistry(
    [
        version("2026.10.0", since="2026-10-01"),
        version("2026.9.0", since="2026-09-01"),
        version("2026.1.0", until="2026-12-31"),
        version("2027.1.0", since="2027-01-01"),
        version("2026.11.0", channel="next", since="2026-09-15"),
        version("2026.1.0", name="other"),
    ],
    "ready",
)

FOUND: list[tuple[str, Mapping[str, Any], str]] = [
    ("the newest stable one of the default name", {"as_of": "2026-11-01"}, "ready-2026.10.0"),
    ("what is not yet in force is left out", {"as_of": "2026-09-30"}, "ready-2026.9.0"),
    ("the first day counts", {"as_of": "2026-10-01"}, "ready-2026.10.0"),
    ("another name", {"name": "other", "as_of": "2026-11-01"}, "other-2026.1.0"),
    ("an exact version, in force or not", {"version": "2027.1.0", "as_of": "2026-11-01"}, "ready-2027.1.0"),
    ("a digest without a name", {"digest": "sha256:other-2026.1.0", "as_of": "2020-01-01"}, "other-2026.1.0"),
    ("a channel", {"channel": "next", "as_of": "2026-11-01"}, "ready-2026.11.0"),
    ("another day", {"in_force_on": "2026-02-01", "as_of": "2027-05-01"}, "ready-2026.1.0"),
]


@pytest.mark.parametrize(("selector", "found"), [case[1:] for case in FOUND], ids=[case[0] for case in FOUND])
def test_selectors(selector: Mapping[str, Any], found: str) -> None:
    """Versions are ordered by their numbers, and only an exact choice gives one that is not in force."""
    assert REGISTRY.select(**selector).identity.digest == f"sha256:{found}"


MISSED: list[tuple[Mapping[str, Any], str]] = [
    ({"name": "redy", "as_of": "2026-11-01"}, "redy"),
    ({"version": "2026.2.0", "as_of": "2026-11-01"}, "ready@2026.2.0"),
    ({"digest": "sha256:none", "as_of": "2026-11-01"}, "sha256:none"),
    ({"name": "other", "digest": "sha256:ready-2026.9.0", "as_of": "2026-11-01"}, "other@sha256:ready-2026.9.0"),
    ({"channel": "next", "as_of": "2026-09-01"}, "ready@next"),
    ({"in_force_on": "2025-12-31", "as_of": "2026-11-01"}, "ready@2025-12-31"),
]


@pytest.mark.parametrize(("selector", "named"), MISSED)
def test_what_is_not_found_is_named_with_what_there_is(selector: Mapping[str, Any], named: str) -> None:
    """The error says what was asked for and which versions there are."""
    with pytest.raises(RulesetNotFoundError) as caught:
        REGISTRY.select(**selector)
    assert caught.value.selector == named
    assert caught.value.available == (
        "other@2026.1.0",
        "ready@2026.1.0",
        "ready@2026.9.0",
        "ready@2026.10.0",
        "ready@2026.11.0",
        "ready@2027.1.0",
    )


@pytest.mark.parametrize(
    ("selector", "said"),
    [
        ({"as_of": "2025-11-01"}, "no ruleset matches ready and is in force on 2025-11-01; available: other"),
        ({"in_force_on": "2025-12-31", "as_of": "2026-11-01"}, "ready@2025-12-31 and is in force on 2025-12-31;"),
        ({"version": "2026.2.0", "as_of": "2026-11-01"}, "no ruleset matches ready@2026.2.0; available: other"),
    ],
)
def test_a_ruleset_that_is_not_in_force_is_missed_with_the_day(selector: Mapping[str, Any], said: str) -> None:
    """Where the day decides the error names it, because the name alone is among those that there are."""
    with pytest.raises(RulesetNotFoundError) as caught:
        REGISTRY.select(**selector)
    assert said in str(caught.value)


def test_an_empty_registry_finds_nothing() -> None:
    """Without rulesets nothing is found, whatever is asked."""
    with pytest.raises(RulesetNotFoundError, match="available: none"):
        RulesetRegistry([], "ready").select(as_of="2026-11-01")
