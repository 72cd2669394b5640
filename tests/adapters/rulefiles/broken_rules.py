"""Faults of what a rule says: facts, thresholds, tiers, dates, waivers and conditions."""

from __future__ import annotations

from tests.adapters.rulefiles.broken import Broken

_LIMITS = "at_least: {T1: 0.9, T2: 0.95, T3: 0.99, T4: 0.99}"
_SEVERITIES = "severity: {T1: advisory, T2: condition, T3: blocker, T4: blocker}"
_WHEN = "when: deployment.data_sensitivity != DataSensitivity.DATA_SENSITIVITY_PUBLIC"

FACTS = (
    Broken(
        "a misspelt fact",
        "fact: source.completeness",
        "fact: ▶source.completness",
        "there is no fact of this name",
        "source.completness",
        suggestion="source.completeness",
    ),
    Broken(
        "a fact of another scope",
        "fact: source.authority\n    one_of: [system_of_record, governed_copy]",
        "fact: ▶api.latency_p95\n    at_most: 100",
        "a rule of the scope source can not check a fact of one api",
        "api.latency_p95",
        "a fact of the source or of the deployment",
    ),
    Broken(
        "a fact with parts",
        "fact: source.authority\n    one_of: [system_of_record, governed_copy]",
        "fact: ▶source.accuracy\n    at_least: 0.9",
        "source.accuracy has parts; name one of them",
        "source.accuracy",
        "source.accuracy.ratio or source.accuracy.sample_size",
    ),
    Broken(
        "a comparator that does not fit",
        "one_of: [system_of_record, governed_copy]",
        "▶at_least: 2",
        "at_least does not fit source.authority, which is one name of a list",
        "at_least",
        "equals, one_of, none_of or stated",
    ),
    Broken(
        "a misspelt value",
        "[system_of_record, governed_copy]",
        "[system_of_record, ▶govened_copy]",
        "source.authority never has this value",
        "'govened_copy'",
        "system_of_record, governed_copy or shadow_copy",
        "governed_copy",
    ),
    Broken(
        "the value that counts as absent",
        "[system_of_record, governed_copy]",
        "[system_of_record, ▶unknown]",
        "source.authority never has this value",
        "'unknown'",
        "system_of_record, governed_copy or shadow_copy",
    ),
    Broken(
        "a value twice",
        "[system_of_record, governed_copy]",
        "[system_of_record, ▶system_of_record]",
        "the name stands in the list twice",
        "'system_of_record'",
    ),
    Broken(
        "an empty list",
        "one_of: [system_of_record, governed_copy]",
        "one_of: ▶[]",
        "a list of names is needed",
        "[]",
        "at least one name",
    ),
    Broken(
        "a threshold out of range",
        _LIMITS,
        "at_least: ▶1.5",
        "source.completeness never has this value",
        "1.5",
        "0 to 1",
    ),
    Broken(
        "a threshold out of range at one tier",
        "T1: 0.9,",
        "T1: ▶-1,",
        "source.completeness never has this value",
        "-1",
        "0 to 1",
    ),
    Broken("text for a threshold", "T1: 0.9,", "T1: ▶high,", "source.completeness is a number", "'high'", "ratio"),
    Broken(
        "no count",
        "fact: source.authority\n    one_of: [system_of_record, governed_copy]",
        "fact: source.uses\n    count_at_least: ▶0",
        "count_at_least takes a count",
        "0",
        "a whole number, at least 1",
    ),
    Broken(
        "a name for a flag",
        "fact: source.authority\n    one_of: [system_of_record, governed_copy]",
        "fact: source.written\n    equals: ▶yes",
        "source.written is true or false",
        "'yes'",
        "true or false",
    ),
    Broken(
        "a flag for a name",
        "one_of: [system_of_record, governed_copy]",
        "equals: ▶true",
        "source.authority holds names",
        "true",
        "system_of_record, governed_copy or shadow_copy",
    ),
    Broken(
        "a day compared as text",
        "fact: source.authority\n    one_of: [system_of_record, governed_copy]",
        "fact: deployment.go_live_on\n    ▶equals: 2026-01-01",
        "equals does not fit deployment.go_live_on, which is a day",
        "equals",
        "stated, at_most_days_ago or at_most_days_ahead",
    ),
    Broken(
        "a derived fact out of range",
        "fact: source.authority\n    one_of: [system_of_record, governed_copy]",
        "fact: source.accuracy_lower95\n    at_least: ▶95",
        "source.accuracy_lower95 never has this value",
        "95",
        "0 to 1",
    ),
    Broken(
        "an excuse for no fact",
        "references:",
        "may_be_not_applicable: [▶source.acuracy]\nreferences:",
        "there is no fact of this name",
        "source.acuracy",
        suggestion="source.accuracy",
    ),
    Broken(
        "an exit criterion without its number",
        "done_when: At least {source.completeness}",
        "done_when: ▶At least {source.compleness}",
        "the exit criterion names a fact that no check of this rule holds to a threshold",
        "{source.compleness}",
        "{source.completeness} or {source.authority}",
        "source.completeness",
    ),
)

LEVELS = (
    Broken(
        "a tier without severity",
        _SEVERITIES,
        "▶severity: {T1: advisory, T2: condition, T4: blocker}",
        "no severity for T3",
        expected="a severity for each of T1 to T4",
    ),
    Broken("a tier without gate", "due: commit", "▶due: {T1: pilot, T2: pilot, T4: commit}", "no gate for T3"),
    Broken(
        "a part due before its rule",
        f"due: commit\n{_SEVERITIES}\n{_WHEN}\nchecks:\n",
        f"due: pilot\n{_SEVERITIES}\n{_WHEN}\nchecks:\n  - {{id: x, fact: source.written, equals: true, due: ▶commit, "
        "provenance: {judgement: An example.}}\n",
        "a part can not be due before its rule",
        "commit",
        "pilot or later",
    ),
    Broken(
        "no provenance for a tier",
        "T4: 0.99}\n    provenance: {judgement: An example.}",
        "T4: 0.99}\n    ▶provenance: {T1: {judgement: An example.}, T3: {judgement: An example.}}",
        "no provenance for the threshold of T2, T4",
        expected="'source' with 'citation', or 'judgement', for each tier or as 'default'",
    ),
    Broken(
        "a severity that eases",
        "T4: blocker}",
        "T4: ▶condition}",
        "the severity eases from T3 to T4",
        "condition",
        "at least blocker, or 'monotone: false'",
    ),
    Broken(
        "a severity of a check that eases",
        "    one_of: [system_of_record, governed_copy]\n",
        "    one_of: [system_of_record, governed_copy]\n    severity: {T2: blocker, T3: ▶advisory}\n",
        "the severity eases from T2 to T3",
        "advisory",
        "at least blocker, or 'monotone: false'",
    ),
    Broken(
        "a threshold that eases",
        "T3: 0.99,",
        "T3: ▶0.94,",
        "the threshold eases from T2 to T3",
        "0.94",
        "0.95 or stricter, or 'monotone: false'",
    ),
    Broken(
        "a list that widens",
        "one_of: [system_of_record, governed_copy]",
        "one_of: {T1: [system_of_record], T2: ▶[system_of_record, governed_copy], T3: [system_of_record], "
        "T4: [system_of_record]}",
        "the threshold eases from T1 to T2",
        "[system_of_record, governed_copy]",
        "[system_of_record] or stricter, or 'monotone: false'",
    ),
    Broken(
        "a threshold that ends below the highest tier",
        _LIMITS,
        "▶at_least: {T1: 0.9, T2: 0.95, T3: 0.99}",
        "source.completeness is held to a threshold at T1 and to none at T4",
        expected="a threshold for T4, or 'monotone: false'",
    ),
    Broken(
        "a requirement at no tier",
        "    asks: Somebody has accepted\n",
        "    asks: Somebody has accepted\n    tiers: ▶[]\n",
        "the requirement is asked at no tier",
    ),
)

OTHERS = (
    Broken("an id of another file", "id: DAT-", "id: ▶ACC-", "the id is not the name of the file", "ACC-01", "DAT-01"),
    Broken(
        "an id of another part",
        "id: authority",
        "id: ▶completeness",
        "another part of the rule has this id",
        "completeness",
    ),
    Broken(
        "no such day",
        "references:",
        "effective_from: ▶2026-02-30\nreferences:",
        "there is no such day",
        "'2026-02-30'",
        "a day as YYYY-MM-DD",
    ),
    Broken(
        "an end before the beginning",
        "references:",
        "effective_from: 2026-02-01\neffective_until: ▶2026-01-31\nreferences:",
        "it ends before it begins",
        "2026-01-31",
        "2026-02-01 or later",
    ),
    Broken("a range upside down", "{min: 1, max: 2}", "▶{min: 3, max: 2}", "the range ends before it begins", "3 to 2"),
    Broken(
        "a longest waiver of what can not be waived",
        "references:",
        "waivable: false\nmaximum_waiver_days: ▶30\nreferences:",
        "a rule that can not be waived has no longest waiver",
        "waivable: false",
    ),
    Broken(
        "a quorum for what can not be waived",
        "references:",
        "waivable: false\nwaiver_quorum: ▶2\nreferences:",
        "a rule that can not be waived has no quorum",
        "waivable: false",
    ),
    Broken(
        "work that waits for nothing known",
        "  owner: Data owner",
        "  after: [▶ZZZ-999]\n  owner: Data owner",
        "the work waits for a rule that does not exist",
        "ZZZ-999",
    ),
    Broken(
        "an empty condition",
        "    fact: source.completeness",
        "    where: ▶''\n    fact: source.completeness",
        "the condition is empty; leave it out where there is none",
    ),
)

CONDITIONS = (
    Broken("a misspelt field, folded", "&& source.owner.accepted", "&& source.owner.▶acepted", "", "acepted"),
    Broken(
        "a misspelt field, plain", "when: deployment.data_sens", "when: deployment.▶dada_sens", "", "dada_sensitivity"
    ),
    Broken(
        "a misspelt field, quoted",
        "    fact: source.completeness",
        '    where: "has(source.▶acuracy)"\n    fact: source.completeness',
        "",
        "acuracy",
    ),
    Broken(
        "a misspelt field, on lines of its own",
        "    fact: source.completeness",
        "    where: |\n      // why\n\n      source.written\n        && source.▶ritten\n    fact: source.completeness",
        "",
        "ritten",
    ),
    Broken("a subject where there is none", _WHEN, "when: ▶source.written", "", "source"),
    Broken("a condition that is no question", _WHEN, "when: ▶1 + 1", ""),
)
"""Faults of conditions; what is said about them is tested beside the engine, here it is where they show."""
