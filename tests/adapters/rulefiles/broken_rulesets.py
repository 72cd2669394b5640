"""Faults of rulesets, tierings and rule tests."""

from __future__ import annotations

from tests.adapters.rulefiles.broken import Broken

RULESETS = (
    Broken(
        "a rule file that is not there",
        "data/DAT-01",
        "▶date/DAT-01",
        "there is no such rule file",
        "date/DAT-01",
        suggestion="data/DAT-01",
    ),
    Broken(
        "a rule file with its ending",
        "data/DAT-01",
        "▶data/DAT-01.yaml",
        "there is no such rule file",
        "data/DAT-01.yaml",
        "a path without .yaml",
        "data/DAT-01",
    ),
    Broken(
        "a rule twice",
        "  - data/DAT-01\n",
        "  - data/DAT-01\n  - ▶data/DAT-01\n",
        "the ruleset has the rule DAT-01 already; 'adjust' changes it",
        "data/DAT-01",
    ),
    Broken(
        "no rules",
        "rules:\n  - data/DAT-01\n",
        "rules: ▶[]\n",
        "the ruleset has no rules",
        expected="at least one rule",
    ),
    Broken(
        "a tiering that is not there",
        "tiering: tiering.yaml",
        "tiering: ▶tierings.yaml",
        "there is no such tiering file",
        "tierings.yaml",
        suggestion="tiering.yaml",
    ),
    Broken(
        "nothing to extend",
        "tiering: tiering.yaml",
        "tiering: tiering.yaml\nextends: ▶qqqq@1999.9.9",
        "there is no such ruleset",
        "qqqq@1999.9.9",
    ),
    Broken(
        "a short version",
        "version: 2026.1.0",
        "version: ▶2026.1",
        "'version' has a value of the wrong kind",
        "2026.1",
        "text",
    ),
    Broken(
        "no such day",
        "effective_from: 2026-01-01",
        "effective_from: ▶2026-13-01",
        "there is no such day",
        "'2026-13-01'",
        "a day as YYYY-MM-DD",
    ),
)

LEVEL_CONDITIONS = (
    Broken(
        "a misspelt value",
        "Sensitivity.DATA_SENSITIVITY_SPECIAL",
        "Sensitivity.▶DATA_SENSITIVITY_SPECAL",
        "",
        "DATA_SENSITIVITY_SPECAL",
    ),
)

TIERINGS = (
    Broken(
        "levels that rise",
        "tier: T2",
        "tier: ▶T4",
        "the levels of an axis go from the highest tier down, each once",
        "T4",
        "below T3",
    ),
    Broken("a condition for T1", "tier: T2", "tier: ▶T1", "T1 needs no condition; it is what is left", "T1"),
    Broken(
        "a misspelt fact to narrow",
        "fact: deployment.audience",
        "fact: ▶deployment.audiences",
        "there is no fact of the deployment of this name",
        "deployment.audiences",
        suggestion="deployment.audience",
    ),
    Broken(
        "a fact that can not be narrowed",
        "{fact: deployment.audience, from: [customer], to: [staff]}",
        "{fact: ▶deployment.use_case, from: [much], to: little}",
        "only facts that hold names can be narrowed",
        "deployment.use_case",
    ),
    Broken(
        "a misspelt value to narrow from",
        "from: [customer]",
        "from: [▶costumer]",
        "deployment.audience never has this value",
        "'costumer'",
        "staff, partner, customer or vulnerable",
        "customer",
    ),
    Broken(
        "one name for a list",
        "to: [staff]",
        "to: ▶staff",
        "deployment.audience is narrowed to something of another kind",
        "'staff'",
        "a list",
    ),
    Broken("the highest tier", "narrow_to:\n  T1:", "narrow_to:\n  ▶T4:", "nothing is narrowed to the highest tier"),
)

TESTS = (
    Broken(
        "a check that the rule has not",
        "check: completeness",
        "check: ▶completness",
        "the rule has no such check",
        "completness",
        suggestion="completeness",
    ),
    Broken(
        "a case twice",
        "name: A source that nobody measured is unknown",
        "name: ▶A complete source passes",
        "another case has this name",
        "A complete source passes",
    ),
    Broken(
        "an unknown outcome",
        "outcome: satisfied",
        "outcome: ▶satisifed",
        "'outcome' is not one of the known words",
        "'satisifed'",
        "satisfied, violated, unknown, stale, waived, not_applicable or not_due",
        "satisfied",
    ),
)
