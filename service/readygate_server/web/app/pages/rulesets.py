"""Rulesets: the list, one with all its rules, and what differs between two."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from starlette.responses import Response

from readygate.v1 import ruleset_pb2 as rules
from readygate.v1 import ruleset_service_pb2 as pb
from readygate.v1.ruleset_pb2 import RulesetSelector
from readygate_server.adapters.words import gate_name, tier_word, value_text
from readygate_server.web.app.choices import selected, selector_of
from readygate_server.web.app.visit import Page, Visit

_TIERS: Final = (rules.TIER_T1_ASSIST, rules.TIER_T2_ADVISE, rules.TIER_T3_ACT, rules.TIER_T4_COMMIT)
_PLACEHOLDER: Final = re.compile(r"\{([a-z0-9_.]+)\}")
"""Stands for the threshold of a fact at the tier of a decision, in an exit criterion."""
_COMPARATORS: Final[Mapping[str, str]] = {
    "at_least": "≥",
    "at_most": "≤",
    "equals": "=",
    "one_of": "one of",
    "none_of": "none of",
    "includes": "includes",
    "count_at_least": "count ≥",
    "stated": "stated",
    "at_most_days_ago": "at most … days ago:",
    "at_most_days_ahead": "at most … days ahead:",
}


class CheckRow(NamedTuple):
    """One comparison with its limit per tier, and who chose each limit."""

    fact: str
    comparator: str
    limits: tuple[str, ...]
    origins: tuple[rules.Provenance, ...]
    due: str
    where: str


class RuleView(NamedTuple):
    """A rule, and its tables per tier."""

    rule: rules.Rule
    severities: tuple[str, ...]
    dues: tuple[str, ...]
    checks: tuple[CheckRow, ...]
    done_when: str


class ChangeGroup(NamedTuple):
    """Changes of one kind, by rule."""

    name: str
    means: str
    rules: tuple[tuple[str, tuple[rules.RulesetChange, ...]], ...]
    size: int


async def rulesets(visit: Visit) -> Response:
    """Lists rulesets, and offers to compare two."""
    return visit.page("rulesets.html", {"rulesets": await _all(visit)})


async def ruleset(visit: Visit) -> Response:
    """Shows all rules of one ruleset."""
    asked = visit.request.path_params
    chosen = RulesetSelector(name=asked["name"], version=asked["version"])
    reply = await visit.ask(pb.GetRulesetRequest(ruleset=chosen), pb.GetRulesetResponse)
    found = reply.ruleset
    views = [rule_view(rule) for rule in sorted(found.rules, key=lambda rule: rule.foundation)]
    foundations = [(name, list(each)) for name, each in groupby(views, key=lambda view: view.rule.foundation)]
    context = {"ruleset": found, "foundations": foundations, "tiers": [tier_word(tier) for tier in _TIERS]}
    return visit.page("ruleset.html", context)


def rule_view(rule: rules.Rule) -> RuleView:
    """Returns a rule as its page shows it."""
    severities = {each.tier: rules.Severity.Name(each.severity).removeprefix("SEVERITY_") for each in rule.severities}
    dues = {each.tier: gate_name(each.gate) for each in rule.due}
    return RuleView(
        rule,
        tuple(severities.get(tier, "NONE").lower() for tier in _TIERS),
        tuple(dues.get(tier, "") for tier in _TIERS),
        tuple(map(_check_row, rule.checks)),
        _PLACEHOLDER.sub(r"the threshold of \1", rule.work.done_when),
    )


def _check_row(check: rules.Check) -> CheckRow:
    limits = {each.tier: value_text(each.value) for each in check.thresholds}
    origins: list[rules.Provenance] = []
    for each in check.thresholds:
        if each.provenance not in origins:
            origins.append(each.provenance)
    return CheckRow(
        check.fact,
        _COMPARATORS.get(check.comparator, check.comparator),
        tuple(limits.get(tier, "") for tier in _TIERS),
        tuple(origins),
        gate_name(check.due) if check.HasField("due") else "",
        check.where,
    )


async def difference(visit: Visit) -> Response:
    """Compares two rulesets; asks which two when they are not named."""
    before, after = (visit.request.query_params.get(name, "") for name in ("from", "to"))
    known = await _all(visit)
    context: dict[str, object] = {"rulesets": known, "from": before, "to": after, "groups": None}
    if before and after:
        request = pb.DiffRulesetsRequest(before=selector_of(before), after=selector_of(after))
        reply = await visit.ask(request, pb.DiffRulesetsResponse)
        context |= {
            "groups": grouped(reply.changes),
            "before": reply.before,
            "after": reply.after,
            "from": selected(reply.before),
            "to": selected(reply.after),
        }
    return visit.page("ruleset_diff.html", context)


def grouped(changes: Iterable[rules.RulesetChange]) -> tuple[ChangeGroup, ...]:
    """Returns changes by what they do to the answer; rules that came or went stand by themselves."""
    kinds: dict[str, list[rules.RulesetChange]] = {name: [] for name in _MEANS}
    for change in changes:
        kinds[_kind_of(change)].append(change)
    return tuple(
        ChangeGroup(
            name,
            _MEANS[name],
            tuple((rule_id, tuple(each)) for rule_id, each in groupby(found, key=lambda change: change.rule_id)),
            len(found),
        )
        for name, found in kinds.items()
    )


def _kind_of(change: rules.RulesetChange) -> str:
    if change.rule_id and not change.path:
        return "added" if change.after else "removed"
    return rules.ChangeKind.Name(change.kind).removeprefix("CHANGE_KIND_").lower()


_MEANS: Final[Mapping[str, str]] = {
    "tightened": "Some proposal that passed may now fail; none that failed passes.",
    "loosened": "Some proposal that failed may now pass; none that passed fails.",
    "mixed": "Either may happen.",
    "added": "Rules that are asked in addition.",
    "removed": "Rules that are asked no longer.",
    "neutral": "No answer changes.",
    "unspecified": "This version does not know what these changes do: read them as either.",
}


async def _all(visit: Visit) -> Sequence[rules.RulesetRef]:
    return (await visit.ask(pb.ListRulesetsRequest(), pb.ListRulesetsResponse)).rulesets


PAGES: Final[Sequence[tuple[str, str, Page]]] = (
    ("GET", "/rulesets", rulesets),
    ("GET", "/rulesets/diff", difference),
    ("GET", "/rulesets/{name}/{version}", ruleset),
)
