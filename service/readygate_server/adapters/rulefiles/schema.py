"""Shapes of the files that people write rules in. Unknown keys are refused everywhere.

The JSON Schemas in `rules/schema` are generated from these models, so that editors complete and check.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag, model_validator
from pydantic_core import PydanticCustomError

TierName = Literal["T1", "T2", "T3", "T4"]
GateName = Literal["commit", "pilot", "production"]
SeverityName = Literal["none", "advisory", "condition", "blocker"]
ScopeName = Literal["deployment", "source", "api", "workflow"]
FoundationName = Literal[
    "deployment", "data", "api", "workflow", "organization", "governance", "value", "operations", "evidence"
]
GradeName = Literal["E0", "E1", "E2", "E3"]
OutcomeName = Literal["satisfied", "violated", "unknown", "stale", "waived", "not_applicable", "not_due"]
EffectName = Literal["none", "advises", "conditions", "blocks"]
RuleId = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]{1,9}-[0-9]{2,3}$")]
ItemId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
FactName = Annotated[str, Field(json_schema_extra={"format": "fact"})]
WholeFactName = Annotated[str, Field(json_schema_extra={"format": "fact-or-whole"})]
Day = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Version = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}\.[0-9]{1,3}\.[0-9]{1,3}$")]
SetName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,62}$")]
PersonName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._@+-]{1,126}$")]
Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3)]
Scalar = bool | int | float | str


def _one_or_tiers(value: object) -> str:
    """Tells a value for all tiers from values per tier, so that faults speak of the form that was written."""
    return "tiers" if isinstance(value, dict) else "one"


def _scalar_or_list(value: object) -> str:
    return "list" if isinstance(value, list) else "scalar"


Value = Annotated[Annotated[Scalar, Tag("scalar")] | Annotated[list[str], Tag("list")], Discriminator(_scalar_or_list)]
PerTier = Annotated[dict[TierName, Value], Tag("tiers")]
Number = Annotated[Annotated[float, Tag("one")] | PerTier, Discriminator(_one_or_tiers)]
Count = Annotated[Annotated[int, Tag("one")] | PerTier, Discriminator(_one_or_tiers)]
Names = Annotated[Annotated[list[str], Tag("one")] | PerTier, Discriminator(_one_or_tiers)]
Exactly = Annotated[Annotated[Scalar, Tag("one")] | PerTier, Discriminator(_one_or_tiers)]
Presence = Annotated[Annotated[Literal[True], Tag("one")] | PerTier, Discriminator(_one_or_tiers)]
Due = Annotated[
    Annotated[GateName, Tag("one")] | Annotated[dict[TierName, GateName], Tag("tiers")], Discriminator(_one_or_tiers)
]
COMPARATORS = (
    "at_least",
    "at_most",
    "equals",
    "one_of",
    "none_of",
    "includes",
    "count_at_least",
    "stated",
    "at_most_days_ago",
    "at_most_days_ahead",
)


class Shape(BaseModel):
    """Base of all shapes: frozen, and an unknown key is a fault."""

    # Built when first used: a file needs few of these shapes, and each would be built apart and within others.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


def _refusal(message: str, *, got: str = "", expected: str = "") -> PydanticCustomError:
    """Returns the error of a shape whose parts do not fit together."""
    return PydanticCustomError("misfit", "{message}", {"message": message, "got": got, "expected": expected})


class Provenance(Shape):
    """Where a number comes from: a published `source`, or a `judgement` with its reason."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["source", "citation"]}, {"required": ["judgement"]}]}
    )

    source: Sentence | None = None
    judgement: Sentence | None = None
    citation: Sentence | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> Provenance:
        if (self.source is None) == (self.judgement is None):
            raise _refusal(
                "a provenance is either a published source or a judgement",
                got="neither" if self.source is None else "both",
                expected="one of 'source' and 'judgement'",
            )
        if self.source is not None and self.citation is None:
            raise _refusal("a source needs a citation that finds it again", expected="'citation'")
        return self


def _one_or_named(value: object) -> str:
    """Tells one provenance from several by name: the parts of one are text."""
    return "named" if isinstance(value, dict) and any(isinstance(part, dict) for part in value.values()) else "one"


TierProvenance = Annotated[
    Annotated[Provenance, Tag("one")]
    | Annotated[dict[Literal["default", "T1", "T2", "T3", "T4"], Provenance], Tag("named")],
    Discriminator(_one_or_named),
]
NamedProvenance = Annotated[
    Annotated[Provenance, Tag("one")]
    | Annotated[
        dict[
            Literal[
                "default",
                "minimum_grade",
                "minimum_grade_where_a_tool_exists",
                "minimum_grade_of_blockers",
                "maximum_age_days",
            ],
            Provenance,
        ],
        Tag("named"),
    ],
    Discriminator(_one_or_named),
]


class Effort(Shape):
    """Effort in person-weeks for one subject of the rule."""

    min: float = Field(ge=0)
    max: float = Field(ge=0)
    per: Sentence | None = None


class Wait(Shape):
    """Weeks of waiting that no effort shortens."""

    min: float = Field(ge=0)
    max: float = Field(ge=0)


class Work(Shape):
    """What closes a finding of the rule."""

    title: Sentence
    done_when: Sentence
    effort: Effort
    wait_weeks: Wait = Wait(min=0, max=0)
    owner: Sentence
    after: list[RuleId] = []
    kind: Literal["infrastructure", "paperwork"]


class Check(Shape):
    """A fact, exactly one comparator, and a threshold per tier. A tier that is not named is not asked."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [name]} for name in COMPARATORS]})

    id: ItemId
    fact: FactName
    at_least: Number | None = None
    at_most: Number | None = None
    equals: Exactly | None = None
    one_of: Names | None = None
    none_of: Names | None = None
    includes: Names | None = None
    count_at_least: Count | None = None
    stated: Presence | None = None
    at_most_days_ago: Count | None = None
    at_most_days_ahead: Count | None = None
    where: str | None = None
    due: GateName | None = None
    severity: dict[TierName, SeverityName] | None = None
    provenance: TierProvenance

    @model_validator(mode="after")
    def _one_comparator(self) -> Check:
        given = [name for name in COMPARATORS if getattr(self, name) is not None]
        if len(given) != 1:
            raise _refusal(
                "a check has exactly one comparator",
                got=" and ".join(given) or "none",
                expected=f"one of {', '.join(COMPARATORS)}",
            )
        return self

    @property
    def comparator(self) -> str:
        """Name of the comparator that is given."""
        return next(name for name in COMPARATORS if getattr(self, name) is not None)


class Requirement(Shape):
    """What thresholds can not say, as a CEL expression that is true when it is met."""

    id: ItemId
    cel: Sentence
    asks: Sentence
    tiers: list[TierName] = ["T1", "T2", "T3", "T4"]
    where: str | None = None
    due: GateName | None = None
    severity: dict[TierName, SeverityName] | None = None
    provenance: Provenance


class SeverityWhen(Shape):
    """Other severities while a CEL condition over the deployment holds."""

    when: Sentence
    severity: dict[TierName, SeverityName]


class EvidenceDemand(Shape):
    """Least grade and greatest age that evidence must have, per tier; only for a rule of the kind `evidence`."""

    minimum_grade: dict[TierName, GradeName]
    minimum_grade_where_a_tool_exists: dict[TierName, GradeName] = {}
    minimum_grade_of_blockers: dict[TierName, dict[FoundationName, GradeName]] = {}
    maximum_age_days: dict[Literal["measured", "test", "document", "declared"], dict[TierName, int]]
    provenance: NamedProvenance


class RuleFile(Shape):
    """One rule: one question about the deployment, or about each source, API or workflow."""

    id: RuleId
    title: Sentence
    foundation: FoundationName
    question: Sentence
    motivation: Sentence
    scope: ScopeName
    kind: Literal["facts", "unknown_facts", "evidence"] = "facts"
    due: Due
    severity: dict[TierName, SeverityName]
    severity_when: list[SeverityWhen] = []
    when: str | None = None
    where: str | None = None
    checks: list[Check] = []
    require: list[Requirement] = []
    evidence: EvidenceDemand | None = None
    may_be_not_applicable: list[WholeFactName] = []
    work: Work
    references: list[Sentence]
    monotone: bool = True
    waivable: bool = True
    maximum_waiver_days: int = Field(default=90, ge=1)
    waiver_quorum: int = Field(default=1, ge=1, le=20)
    authors: list[PersonName] = []
    effective_from: Day | None = None
    effective_until: Day | None = None
    not_checked: list[Sentence] = []
    cannot_be: dict[OutcomeName, Sentence] = {}

    @model_validator(mode="after")
    def _asks_something(self) -> RuleFile:
        if self.kind == "facts" and not (self.checks or self.require):
            raise _refusal("the rule asks nothing", expected="an entry in 'checks' or 'require'")
        if (self.kind == "evidence") != (self.evidence is not None):
            raise _refusal(
                "'evidence' belongs to a rule of the kind 'evidence', and that kind needs it",
                got=f"kind {self.kind} {'without' if self.evidence is None else 'with'} 'evidence'",
            )
        return self


class RuleAdjustment(Shape):
    """A change that an organisation makes to a rule it did not write. Loosening needs a reason."""

    rule: RuleId
    check: ItemId | None = None
    thresholds: dict[TierName, Value] | None = None
    severity: dict[TierName, SeverityName] | None = None
    due: GateName | None = None
    waivable: Literal[False] | None = None
    maximum_waiver_days: int | None = Field(default=None, ge=1)
    waiver_quorum: int | None = Field(default=None, ge=1, le=20)
    authors: list[PersonName] = []
    remove: Literal[True] | None = None
    reason: Sentence | None = None
    provenance: Provenance | None = None


class RulesetFile(Shape):
    """A ruleset: its identity, and which rules it is composed of."""

    name: SetName
    version: Version
    channel: SetName = "stable"
    summary: Sentence
    effective_from: Day
    effective_until: Day | None = None
    extends: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9-]+@[0-9.]+$")
    tiering: str | None = None
    verdict_valid_days: int | None = Field(default=None, ge=1)
    reason: Sentence | None = None
    rules: list[str] = []
    adjust: list[RuleAdjustment] = []


class PublishedVersion(Shape):
    """A version that is published and therefore never changes again."""

    name: SetName
    version: Version
    digest: Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]


class PublishedFile(Shape):
    """The ledger of published versions."""

    published: list[PublishedVersion]


class TierCondition(Shape):
    """Condition in CEL for a tier on one axis."""

    tier: TierName
    when: Sentence


class Axis(Shape):
    """One axis of tiering: conditions, highest tier first; when none holds the axis is T1."""

    id: ItemId
    title: Sentence
    levels: list[TierCondition]
    provenance: Provenance


class NarrowTo(Shape):
    """A fact that is narrowed for a lower tier: any of the values in `from` becomes `to`; sets are intersected."""

    fact: FactName
    narrowed_from: list[str] = Field(alias="from")
    to: Annotated[Annotated[str, Tag("scalar")] | Annotated[list[str], Tag("list")], Discriminator(_scalar_or_list)]


class TieringFile(Shape):
    """How the tier follows from the proposal, and how a proposal is narrowed to a lower tier."""

    axes: list[Axis]
    narrow_to: dict[TierName, list[NarrowTo]]


class Boundary(Shape):
    """A value on each side of a threshold."""

    passes: Value = Field(alias="pass")
    fails: Value = Field(alias="fail")


class ThresholdTest(Shape):
    """Both sides of a check's thresholds, tier by tier, all other facts as in `base`."""

    check: ItemId
    fact: str
    at: dict[TierName, Boundary]
    set: dict[str, Value | None] = {}
    gate: GateName | None = None


class RuleCase(Shape):
    """Facts and the outcome that follows."""

    name: Sentence
    tier: TierName
    gate: GateName | None = None
    subject: str | None = None
    set: dict[str, Value | None] = {}
    outcome: OutcomeName
    effect: EffectName | None = None
    missing: list[str] | None = None
    evidence: list[dict[str, object]] | None = None
    statements: list[dict[str, object]] | None = None


class RuleTestFile(Shape):
    """Tests of one rule. `base` is a proposal; `set` changes facts of it, and null takes one away."""

    rule: RuleId
    as_of: Day = "2026-11-01"
    base: dict[str, object] = Field(json_schema_extra={"format": "proposal"})
    cases: list[RuleCase]
    thresholds: list[ThresholdTest] = []
