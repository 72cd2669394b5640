"""The generated references are what their sources say."""

from __future__ import annotations

import re

import pytest

from readygate.v1.error_reason_pb2 import ErrorReason
from readygate_server.adapters.fact_catalogue import fact_catalogue
from readygate_server.bootstrap import load_snapshot
from tests.docs.contract import contract
from tests.docs.generate import PAGES
from tests.docs.markdown import anchor
from tests.documents import ROOT

LINK = re.compile(r"\]\(([a-z]*\.?m?d?)#([^)]+)\)")


def text_of(name: str) -> str:
    """Returns a page as it is checked in."""
    return (ROOT / "docs/reference" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_a_reference_is_what_its_sources_say(page: str) -> None:
    """Each page is what the generator makes of the rules, facts and protos as they are now."""
    is_same = (ROOT / page).read_text(encoding="utf-8") == PAGES[page]()

    assert is_same, f"{page} is not what its sources say: run python -m tests.docs.generate"


def test_every_rule_fact_reason_and_method_has_its_place() -> None:
    """Each rule, fact, error reason and method is described once, and rules, facts and reasons can be linked to."""
    rules, facts, api = text_of("rules.md"), text_of("facts.md"), text_of("api.md")
    ids = {rule.id for ruleset in load_snapshot().rulesets for rule in ruleset.rules}
    reasons = [name.removeprefix("ERROR_REASON_").lower() for name, number in ErrorReason.items() if number]

    assert len(ids) >= 68
    assert all(rules.count(anchor(each.lower())) == 1 for each in ids)
    assert all(facts.count(anchor(fact.name)) == 1 for fact in fact_catalogue())
    assert all(api.count(anchor(reason)) == 1 for reason in reasons)
    for file in contract().files:
        assert all(f"| `{method.name}` |" in api for service in file.service for method in service.method)


@pytest.mark.parametrize("page", ["rules.md", "facts.md", "api.md"])
def test_links_between_references_lead_somewhere(page: str) -> None:
    """Every link to a place in a reference leads to one that is there."""
    links = LINK.findall(text_of(page))

    assert len(links) > 50
    for target, place in links:
        assert anchor(place) in text_of(target or page), f"{page} links to {target}#{place}"


def test_nothing_of_the_contract_is_left_unexplained() -> None:
    """Every message, field, enum value and method has a comment that the reference shows."""
    for line in text_of("api.md").splitlines():
        if line.startswith("| `"):
            assert line.count(" | ") < 2 or line.rsplit(" | ", 1)[1].rstrip(" |"), line
