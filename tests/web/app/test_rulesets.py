"""Rulesets as pages: every rule with its thresholds, and what differs between two."""

from __future__ import annotations

import pytest

from readygate.v1 import ruleset_pb2 as rules
from readygate_server.web.app.pages.rulesets import grouped
from tests.web.serving import Server, Visitor

BOTH = "/rulesets/diff?from=operational-readiness@2026.1.0&to=operational-readiness-full@2026.1.0"


def test_rulesets_are_listed_with_their_digests(local: Server) -> None:
    """Both that ship, each with a link."""
    seen = Visitor(local.address).get("/rulesets")

    links = [each.get("href") for each in seen.parsed.of("a")]
    assert "/rulesets/operational-readiness/2026.1.0" in links
    assert "/rulesets/operational-readiness-full/2026.1.0" in links


def test_a_rule_shows_its_question_thresholds_and_who_chose_them(local: Server) -> None:
    """Completeness, with a limit for each tier."""
    seen = Visitor(local.address).get("/rulesets/operational-readiness/2026.1.0")

    assert len([each for each in seen.parsed.of("details") if each.get("class") == "rb-rule"]) == 38
    assert "source.completeness" in seen.said
    assert "measurements at the threshold of source.completeness" in seen.said
    assert "0.98" in seen.said
    assert "Our judgement" in seen.said
    assert "Published:" in seen.said
    assert "How the tier is set" in seen.said


def test_differences_stand_by_what_they_do(local: Server) -> None:
    """The full ruleset asks more: rules were added, and the other way round removed."""
    visitor = Visitor(local.address)

    added = visitor.get(BOTH)
    turned = visitor.get("/rulesets/diff?from=operational-readiness-full&to=operational-readiness")
    same = visitor.get("/rulesets/diff?from=operational-readiness&to=operational-readiness@2026.1.0")

    assert "30 added" in added.said
    assert "30 removed" in turned.said
    assert "Nothing differs" in same.said


@pytest.mark.parametrize(
    ("path", "before", "after", "kind", "group"),
    [
        ("checks.enough.T3", "0.9", "0.95", rules.CHANGE_KIND_TIGHTENED, "tightened"),
        ("checks.enough.T3", "0.9", "0.8", rules.CHANGE_KIND_LOOSENED, "loosened"),
        ("title", "a", "b", rules.CHANGE_KIND_NEUTRAL, "neutral"),
        ("when", "a", "b", rules.CHANGE_KIND_MIXED, "mixed"),
        ("", "", "A rule", rules.CHANGE_KIND_TIGHTENED, "added"),
        ("", "A rule", "", rules.CHANGE_KIND_LOOSENED, "removed"),
    ],
)
def test_a_change_is_in_the_group_of_its_kind(
    path: str, before: str, after: str, kind: rules.ChangeKind.ValueType, group: str
) -> None:
    """Rules that came or went stand by themselves."""
    change = rules.RulesetChange(rule_id="A-01", path=path, before=before, after=after, kind=kind)

    assert {each.name: each.size for each in grouped([change]) if each.size} == {group: 1}
