"""How far rules read, and so when their conclusions can be recalled."""

from __future__ import annotations

from collections.abc import Mapping

from readygate_server.domain.reach import Reach, reach_of
from readygate_server.domain.rule import Rule, SeverityWhen
from readygate_server.domain.vocabulary import Scope, Severity, Tier
from tests.unit.make import check, rule, table

READS: Mapping[str, frozenset[str] | None] = {
    "deployment.channel == Channel.CHANNEL_WEB": frozenset({"deployment.channel"}),
    "source.completeness > 0.9": frozenset({"source.completeness"}),
    "data_sources.exists(d, d.pii)": None,
}
OF_DEPLOYMENT, OF_SUBJECT, OF_ALL = READS


def reach(of: Rule) -> Reach | None:
    """Returns the reach of a rule at tier 3."""
    (row,) = table(of).rows
    return reach_of(of, row.asked, lambda text, _: READS[text])


def test_a_rule_about_its_subject_alone_reads_nothing_else() -> None:
    """What a rule reads of its subject is no part of its reach."""
    assert reach(rule("DAT-03", check("source.completeness", "at_least", 0.9), where=OF_SUBJECT)) == Reach()


def test_what_is_read_of_the_deployment_is_named() -> None:
    """Conditions on the deployment count, checks of its facts, and what is derived from these and the subject's."""
    asked = [check("gov.dpia", "equals", True), check("api.sunset_days_after_go_live", "at_least", 1)]
    eased = SeverityWhen(OF_DEPLOYMENT, {Tier.T3: Severity.ADVISORY})

    found = reach(rule("API-01", *asked, scope=Scope.API, severity_when=(eased,)))

    assert found == Reach(("deployment.channel", "gov.dpia"), ("api.sunset_days_after_go_live",))


def test_a_rule_that_reads_any_asset_has_no_reach() -> None:
    """When an expression reads a list of assets its rule can't be recalled."""
    assert reach(rule("DAT-03", check("source.completeness", "at_least", 0.9), when=OF_ALL)) is None


def test_a_fact_that_follows_from_other_assets_is_named() -> None:
    """A derived fact about the subject that depends on other sources is part of the reach."""
    found = reach(rule("DAT-01", check("source.systems_of_record", "at_most", 1)))

    assert found == Reach(beyond=("source.systems_of_record",))


def test_a_rule_about_the_deployment_that_follows_from_assets_has_no_reach() -> None:
    """Availability along the critical path depends on every API."""
    asked = check("deployment.chain_availability", "at_least", 0.99)

    assert reach(rule("DEP-01", asked, scope=Scope.DEPLOYMENT)) is None
