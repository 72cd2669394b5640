"""The proposals that the answers of peers are compared on."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from functools import cache
from itertools import zip_longest
from pathlib import Path

from readygate.v1.deployment_pb2 import CHANNEL_CHAT
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.proposals.paths import clear_fact, set_fact
from readygate_server.adapters.proposals.reader import read_proposal
from readygate_server.adapters.proposals.vocabulary import ASSET_FIELDS, FactField, Kind, fact_fields
from readygate_server.domain.derived import DERIVED
from readygate_server.domain.facts import FactRef, FactValue, scope_of
from readygate_server.domain.rule import Check
from readygate_server.domain.vocabulary import Scope, Tier
from tests.bench.workload import AS_OF, workload
from tests.builders import ASSETS, full_rules, passing_proposal
from tests.properties.generated import candidates

BACKTEST = Path(__file__).resolve().parents[2] / "cases" / "backtest"
GROUPS = ("deployment", "org", "gov", "value", "ops")
PERTURBED, SEED = 400, 4
SMALL_STEP = 0.001
MOVE_TIER = {
    "deployment.autonomy_level",
    "deployment.action_effect",
    "deployment.audience",
    "deployment.data_sensitivity",
    "deployment.decision_effect",
    "deployment.regulatory_class",
}
"""Facts that are not changed with others, whose thresholds would then be those of another tier."""
Changes = Mapping[str, FactValue | None]
"""Facts of every asset that has them, and their values; None where they go."""


def _series(fact: str, values: Iterable[FactValue | None], **others: FactValue | None) -> list[Changes]:
    """Returns the same changes for each value of a fact; in names of others two underscores stand for a dot."""
    return [{fact: value} | {name.replace("__", "."): other for name, other in others.items()} for value in values]


COMPUTED: tuple[Changes, ...] = (
    *_series(
        "api.lifecycle.sunset_on",
        (None, "2028-02-28", "2028-02-29", "2028-08-29", "2028-08-30", "2028-08-31"),
        api__lifecycle__status="deprecated",
    ),
    *_series(
        "deployment.go_live_on", (None,), api__lifecycle__status="deprecated", api__lifecycle__sunset_on="2028-08-31"
    ),
    *_series(
        "api.replacement_on",
        ("2026-11-01", "2026-11-02", "2027-05-04", "2027-05-05"),
        api__integration_method="file",
        api__critical_path=True,
        api__writes=False,
    ),
    *_series("api.writes", (False, None), api__integration_method="rpa_screen", api__replacement_on="2026-11-02"),
    *_series("api.writes", (False, None), api__audit_coverage=0.9, api__error_model_coverage=0.9),
    *_series("api.availability_30d", (0.99, 0.989, 0.995, 0.994, 0.999, 0.998), api__degraded_mode_tested=False),
    *_series("api.latency_p95", (1000.0, 1001.0), deployment__channel="voice"),
    *_series("api.latency_p95", (1000.0, 1001.0), deployment__channel=None),
    *_series("api.latency_p95", (4000.0, 4001.0), deployment__channel="chat"),
    *_series("api.latency_p95", (30_000.0, 30_001.0), deployment__channel="back_office"),
    *_series("source.accuracy.sample_size", (149, 150, 299, 300), source__accuracy__ratio=1.0),
    *_series(
        "source.accuracy.ratio",
        (None, 0.92848, 0.92849, 0.97069, 0.9707, 0.99329, 0.9933),  # beside what 300 records have to show
        source__accuracy__sample_size=300,
    ),
    *_series("source.target_validity.status", ("not_applicable", "expert_agreed")),
    *_series("deployment.decision_effect", ("none", None), source__representativeness__status="gaps_accepted"),
    {"deployment.remit_bounded": "instructed"},
    {"deployment.peak_calls_per_second": 0.0},
    {"deployment.commitment_limit.none_granted": False},
    {"deployment.tolerated_harm_events": 0.0, "deployment.interactions_per_month": 0},
    *_series(
        "deployment.tolerated_harm_events",
        (9.93, 9.94),  # 300 trials without a failure leave up to 9.936 events among 1,000 interactions
        deployment__interactions_per_month=1000,
        ops__eval_set_size=300,
    ),
    *_series(
        "deployment.tolerated_harm_events",
        (99.9, 100.0),
        deployment__interactions_per_month=100,
        ops__eval_set_size=None,
    ),
    *_series(
        "gov.dpia_status.criteria_met",
        (1, 2, None),
        deployment__data_sensitivity="personal",
        gov__dpia_status__status="not_needed",
        gov__dpia_status__reason="no criterion is met",
    ),
    *_series(
        "deployment.data_sensitivity",
        ("personal", "special", None),
        gov__dpia_status__criteria_met=1,
        gov__dpia_status__status="not_needed",
        gov__dpia_status__reason="no criterion is met",
    ),
    *_series(
        "gov.dpia_status.criteria_met", (1,), gov__dpia_status__status="not_needed", gov__dpia_status__reason=None
    ),
    *_series("value.target.change", (0.2, -0.2), value__outcome_metric="revenue", value__unit_cost__projected=9.0),
    *_series("value.unit_cost.projected", (8.0, 8.1)),
    {"value.unit_cost.baseline": 0.0},
    *_series("value.target.change", (0.05, -0.05, -0.06)),
)
"""Changes to complete proposals where what is asked about is computed from several facts, or from no number."""


@cache
def _cases() -> tuple[bytes, ...]:
    whole = [workload(), repaired(), *(passing_proposal(tier) for tier in Tier), *_real()]
    changed = [_perturbed(whole, random.Random(SEED + number)) for number in range(PERTURBED)]  # noqa: S311 -- no secret
    found = [*whole, *changed, *(each for tier in Tier for each in _at_thresholds(tier))]
    for proposal in found:
        del proposal.statements[:]  # peers are not told what somebody says instead of a fact
    return tuple(dict.fromkeys(proposal.SerializeToString(deterministic=True) for proposal in found))


def cases() -> list[Proposal]:
    """Returns the proposals that answers are compared on, the same each time; the first is the benchmark's.

    After it come the same with its gaps closed, complete ones of each tier, those of documented cases, random changes
    of all of these (facts taken away, numbers and days moved across thresholds, other names of a list), and complete
    ones in which every rule just misses one of the things that it asks, or lacks one.
    """
    return [Proposal.FromString(each) for each in _cases()]


def _at_thresholds(tier: Tier) -> Iterator[Proposal]:
    """Yields complete proposals of a tier, changed a little: one check of each rule at a time."""
    for checks in zip_longest(*(rule.checks for rule in full_rules().ruleset.rules)):
        for change in (_just_missed, _gone):
            proposal = passing_proposal(tier)
            for check in checks:
                if check is not None and check.fact not in DERIVED and check.fact not in MOVE_TIER:
                    change(proposal, check, tier)
            yield proposal
    for changes in COMPUTED:
        proposal = passing_proposal(tier)
        for fact, value in changes.items():
            _set(proposal, fact, value)
        yield proposal


def _just_missed(proposal: Proposal, check: Check, tier: Tier) -> None:
    threshold = check.thresholds.get(tier)
    if threshold is not None:
        value = _missing_by_little(fact_fields()[check.fact], check.comparator, threshold.value)
        if value is not None:
            _set(proposal, check.fact, value)


def _gone(proposal: Proposal, check: Check, _: Tier) -> None:
    _set(proposal, check.fact, None)


def _set(proposal: Proposal, fact: str, value: FactValue | None) -> None:
    for subject in ASSETS[scope_of(fact)]:
        if value is None:
            clear_fact(proposal, FactRef(fact, subject))
        else:
            set_fact(proposal, FactRef(fact, subject), list(value) if isinstance(value, tuple) else value)


def _missing_by_little(field: FactField, comparator: str, asked: FactValue) -> FactValue | None:
    """Returns a value that does not quite meet a check; none where no value but an empty one fails."""
    today = date.fromisoformat(AS_OF)
    match comparator, asked:
        case (("at_least" | "at_most"), float() | int()):
            step = 1 if field.kind is Kind.INTEGER else SMALL_STEP
            value = asked - step if comparator == "at_least" else asked + step
            return round(value) if field.kind is Kind.INTEGER else float(value)
        case "at_most_days_ago", int():
            return (today - timedelta(days=asked + 1)).isoformat()
        case "at_most_days_ahead", int():
            return (today + timedelta(days=asked + 1)).isoformat()
        case "count_at_least", int():
            names = list(field.choices) or [f"metric {number}" for number in range(asked)]
            return tuple(names[: asked - 1])
        case "equals", bool():
            return not asked
        case "equals" | "one_of", str() | tuple():
            accepted = asked if isinstance(asked, tuple) else (asked,)
            return next((name for name in reversed(list(field.choices)) if name not in accepted), None)
        case "none_of", tuple():
            return asked[0]
    return None


def repaired() -> Proposal:
    """Returns the benchmark's proposal with every fact as a complete proposal of its tier has it."""
    proposal, good = workload(), passing_proposal(Tier.T3)
    dependencies = proposal.deployment.dependencies.members[:]
    for group in GROUPS:
        getattr(proposal, group).CopyFrom(getattr(good, group))
    proposal.deployment.dependencies.members[:] = dependencies
    proposal.deployment.channel = CHANNEL_CHAT  # six APIs in a row are too slow for a voice
    models = {"data_sources": good.data_sources[0], "apis": good.apis[1], "workflows": good.workflows[0]}
    for field, model in models.items():
        for number, asset in enumerate(getattr(proposal, field)):
            before = type(asset)()
            before.CopyFrom(asset)
            asset.CopyFrom(model)
            asset.id, asset.title = before.id, before.title
            if field == "data_sources":
                asset.corpus.CopyFrom(good.data_sources[1].corpus)
                asset.uses.CopyFrom(before.uses)
                asset.entity = f"entity-{number}"
    return proposal


def _real() -> list[Proposal]:
    """Returns the proposals of documented cases."""
    return [
        read_proposal(path.read_text(encoding="utf-8"), file=path.name)[0]
        for path in sorted(BACKTEST.glob("[FMS]*.yaml"))
    ]


def _perturbed(bases: list[Proposal], chance: random.Random) -> Proposal:
    """Returns one of the proposals with some of its facts changed or gone, most often a complete one."""
    proposal = Proposal()
    proposal.CopyFrom(chance.choice(bases[:6] if chance.random() < 0.8 else bases))
    fates = list(_fates(proposal))
    thinned = chance.random() < 0.1
    for ref, values in chance.sample(fates, k=min(len(fates), chance.choice((1, 4, 16, 32)))):
        if thinned or not values or chance.random() < 0.25:
            clear_fact(proposal, ref)
        else:
            value = chance.choice(values)
            set_fact(proposal, ref, list(value) if isinstance(value, tuple) else value)
    return proposal


def _fates(proposal: Proposal) -> Iterator[tuple[FactRef, tuple[FactValue, ...]]]:
    """Yields each fact that a proposal can state, with values on all sides of what is asked of it."""
    for name, field in fact_fields().items():
        if field.kind is Kind.WHOLE or not field.in_proposal:
            continue
        assets = (
            [""] if field.scope is Scope.DEPLOYMENT else [a.id for a in getattr(proposal, ASSET_FIELDS[field.scope])]
        )
        for subject in assets:
            yield FactRef(name, subject), candidates(name)
