"""Proposals of a whole organisation, no two alike: what benchmarks judge, so that no call is the same as another.

All are variations of the benchmark's proposal: 5 data sources, 6 APIs and 4 workflows, with gaps. The same count gives
the same proposals everywhere.

- `new`: every proposal has assets, people, facts and evidence of its own. Nothing that was found for one can be used
  for another.
- `shared`: every proposal is new, its assets are drawn from one organisation's registry with their evidence. What was
  found for an asset can be used again where a rule asks about nothing but the asset.
- `again`: one proposal over and over. Flatters whoever remembers answers; never a headline.

Texts that are to differ from call to call hold marks (`tests.bench.marks`).
"""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any, Final, Literal, TypeAlias

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from readygate.v1.deployment_pb2 import Audience
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.domain.vocabulary import Tier
from tests.bench.marks import MARK, PLACE, numbered
from tests.bench.workload import APIS, SOURCES, WORKFLOWS, workload
from tests.builders import passing_proposal

Kind: TypeAlias = Literal["new", "shared", "again"]
KINDS: Final[tuple[Kind, ...]] = ("new", "shared", "again")
RULESET: Final = "operational-readiness-full"
REGISTRY: Final = {"data_sources": 60, "apis": 60, "workflows": 40}
_DRAWN: Final = {"data_sources": SOURCES, "apis": APIS, "workflows": WORKFLOWS}
_LEVELS: Final = ("deployment", "org", "gov", "value", "ops")
_WISHES: Final = (
    # autonomy, effect of actions, audience, data, effect of decisions, regulation, channel; as numbered in the contract
    (4, 3, (3,), 3, 1, 3, 1),  # settles refunds for customers
    (2, 2, (1,), 2, 1, 4, 3),  # drafts letters for staff
    (3, 1, (3, 2), 3, 1, 3, 2),  # answers questions on the telephone
    (5, 4, (3,), 3, 2, 3, 3),  # pays invoices that nobody looks at
    (3, 2, (1,), 4, 3, 2, 3),  # ranks applicants for people to decide
    (1, 1, (1,), 1, 1, 5, 1),  # searches public documents
)
_STATED_ANYWAY: Final = 0.6  # share of the facts missing from the benchmark's proposal that somebody else does state
_UNUSUAL: Final = 0.15  # share of choices that differ from the benchmark's proposal
_KEPT: Final = {"id", "subject", "facts", "members", "currency", "support_hours", "collector_version"}
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")


def portfolio(count: int, *, shared: bool, seed: int = 1) -> list[Proposal]:
    """Returns proposals: of assets that are theirs alone, or of assets drawn from one registry."""
    draw = random.Random(seed)  # noqa: S311 -- these are no secrets
    if not shared:
        return [_own(draw) for _ in range(count)]
    registry = _registry(draw)
    return [_drawn(registry, draw) for _ in range(count)]


@functools.cache
def proposals(kind: Kind, count: int) -> tuple[Proposal, ...]:
    """Returns the proposals of a kind: `count` of them, or the one that is asked about again and again."""
    if kind == "again":
        only = portfolio(1, shared=False)[0]
        return (Proposal.FromString(numbered(only.SerializeToString(), 0)),)
    return tuple(portfolio(count, shared=kind == "shared"))


def _own(draw: random.Random) -> Proposal:
    proposal = _wished(draw)
    _rename(proposal, lambda name: f"{name}-{PLACE}{MARK}")
    _vary(proposal, draw, suffix=PLACE + MARK)
    return proposal


def _drawn(registry: Proposal, draw: random.Random, all_wanted: Mapping[str, int] = _DRAWN) -> Proposal:
    """Returns a new wish for assets of the registry."""
    proposal = _wished(draw)
    for field in _DRAWN:
        proposal.ClearField(field)  # type: ignore[arg-type]
    own = [entry for entry in proposal.evidence if not entry.subject]
    proposal.ClearField("evidence")
    proposal.evidence.extend(own)
    _vary(proposal, draw, suffix=PLACE + MARK)
    proposal.id = f"proposal-{PLACE}{MARK}"
    for field, wanted in all_wanted.items():
        getattr(proposal, field).extend(draw.sample(list(getattr(registry, field)), wanted))
    names = {asset.id for field in _DRAWN for asset in getattr(proposal, field)}
    proposal.evidence.extend(entry for entry in registry.evidence if entry.subject in names)
    proposal.deployment.dependencies.members[:] = sorted(names)
    return proposal


def with_assets(count: int, *, seed: int = 1) -> Proposal:
    """Returns a proposal with so many assets, of all kinds in equal parts, their evidence, and marks in their texts."""
    draw = random.Random(seed)  # noqa: S311 -- these are no secrets
    share, rest = divmod(count, len(_DRAWN))
    wanted = {field: share + (place < rest) for place, field in enumerate(_DRAWN)}
    registry = _registry(draw, wanted, suffix=f"-{PLACE}{MARK}")
    return _drawn(registry, draw, wanted)


def _registry(draw: random.Random, all_wanted: Mapping[str, int] = REGISTRY, *, suffix: str = "") -> Proposal:
    """Returns all assets of an organisation, with their evidence, as one proposal that nobody sends."""
    registry = Proposal()
    number = 0
    while any(len(getattr(registry, field)) < wanted for field, wanted in all_wanted.items()):
        source, number = _wished(draw), number + 1
        _rename(source, lambda name, number=number: f"{name}-{number:03}{suffix}")  # type: ignore[misc]
        _vary(source, draw, suffix=f"{number:03}{suffix}")
        registry.MergeFrom(source)
    for field, wanted in all_wanted.items():
        del getattr(registry, field)[wanted:]
    return registry


@functools.cache
def _example() -> bytes:
    return workload().SerializeToString()


def _wished(draw: random.Random) -> Proposal:
    """Returns the benchmark's proposal with what somebody else might wish for, and with fewer gaps."""
    proposal, complete = Proposal.FromString(_example()), passing_proposal(Tier.T4)
    for level in _LEVELS:
        _fill(getattr(proposal, level), getattr(complete, level), draw)
    for field in _DRAWN:
        for asset in getattr(proposal, field):
            _fill(asset, getattr(complete, field)[0], draw)
    wanted = proposal.deployment
    autonomy, effect, audience, data, decides, regulated, channel = draw.choice(_WISHES)
    for name, value in (
        ("autonomy_level", autonomy),
        ("action_effect", effect),
        ("data_sensitivity", data),
        ("decision_effect", decides),
        ("regulatory_class", regulated),
        ("channel", channel),
    ):
        setattr(wanted, name, value)
    wanted.audience.ClearField("members")
    wanted.audience.members.extend(map(Audience.ValueType, audience))
    return proposal


def _fill(message: Message, complete: Message, draw: random.Random) -> None:
    """States some of the facts that only the complete message states."""
    for field, value in complete.ListFields():
        if not field.has_presence or message.HasField(field.name) or draw.random() > _STATED_ANYWAY:
            continue
        if field.message_type:
            getattr(message, field.name).CopyFrom(value)
        else:
            setattr(message, field.name, value)


def _rename(proposal: Proposal, renamed: Callable[[str], str]) -> None:
    """Gives the proposal, its assets and all that refers to them new ids."""
    proposal.id = renamed(proposal.id)
    names = set()
    for field in _DRAWN:
        for asset in getattr(proposal, field):
            names.add(asset.id)
            asset.id = renamed(asset.id)
    entries: list[Any] = [*proposal.evidence, *proposal.statements]
    for entry in entries:
        if entry.subject in names:
            entry.subject = renamed(entry.subject)
    needed = proposal.deployment.dependencies.members
    needed[:] = [renamed(name) if name in names else name for name in needed]


def _vary(message: Message, draw: random.Random, *, suffix: str) -> None:
    """Changes every fact, date and free text of a message, so that no two messages say the same."""
    for field, value in message.ListFields():
        if field.name in _KEPT and not field.message_type:
            continue
        if field.message_type and field.is_repeated:
            for each in value:
                _vary(each, draw, suffix=suffix)
        elif isinstance(value, Timestamp):
            value.seconds -= draw.randrange(20 * 86_400)
        elif field.message_type:
            _vary(value, draw, suffix=suffix)
        elif not field.is_repeated:
            setattr(message, field.name, _varied(field, value, draw, suffix))


def _varied(field: Any, value: Any, draw: random.Random, suffix: str) -> object:
    """Returns another value of a field, near the one that it has."""
    if isinstance(value, bool):
        return value ^ (draw.random() < _UNUSUAL)
    if field.enum_type:
        choices = [each.number for each in field.enum_type.values if each.number]
        return draw.choice(choices) if draw.random() < _UNUSUAL else value
    if isinstance(value, str):
        if _DAY.fullmatch(value):
            return (date.fromisoformat(value) + timedelta(days=draw.randint(-20, 20))).isoformat()
        return f"{value}-{suffix}"
    factor = draw.uniform(0.5, 1.5) if draw.random() < _UNUSUAL else draw.uniform(0.98, 1.02)
    if isinstance(value, int):
        return round(value * factor)
    if 0.5 <= value <= 1:  # a share: elsewhere more or less of the whole is missing
        return 1 - (1 - value or draw.choice((0.0, 0.004))) * draw.uniform(0.2, 1.1)
    return value * factor
