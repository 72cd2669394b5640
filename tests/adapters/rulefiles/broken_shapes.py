"""Faults of the shape of a file: its YAML, its keys, and what stands behind them."""

from __future__ import annotations

from tests.adapters.rulefiles.broken import Broken

_LIMITS = "at_least: {T1: 0.9, T2: 0.95, T3: 0.99, T4: 0.99}"
_COMPARATORS = (
    "one of at_least, at_most, equals, one_of, none_of, includes, count_at_least, stated, at_most_days_ago, "
    "at_most_days_ahead"
)

SHAPES = (
    Broken(
        "not YAML",
        "references: [an example]\n",
        "references: [an example\n▶",
        "while parsing a flow sequence did not find expected ',' or ']'",
    ),
    Broken(
        "a key twice",
        "scope: source\n",
        "scope: source\n▶scope: api\n",
        "the key 'scope' stands here twice",
        expected="only the one in line 7",
    ),
    Broken(
        "an unknown key",
        "due: commit",
        "due: commit\n▶monotne: true",
        "'monotne' is not a known key",
        suggestion="monotone",
    ),
    Broken(
        "an unknown key of a check",
        "    fact: source.authority",
        "    ▶comment: none\n    fact: source.authority",
        "'comment' is not a known key",
        expected=(
            "id, fact, at_least, at_most, equals, one_of, none_of, includes, count_at_least, stated, "
            "at_most_days_ago, at_most_days_ahead, where, due, severity or provenance"
        ),
    ),
    Broken("a missing key", "  title: Repair it\n  done_when", "  ▶done_when", "'title' is missing"),
    Broken(
        "text for a list",
        "references: [an example]",
        "references: ▶an example",
        "'references' has a value of the wrong kind",
        "'an example'",
        "a list",
    ),
    Broken(
        "a number for text",
        "title: Elements are complete",
        "title: ▶7",
        "'title' has a value of the wrong kind",
        "7",
        "text",
    ),
    Broken("text for a number", "min: 1", "min: ▶one", "'min' has a value of the wrong kind", "'one'", "a number"),
    Broken(
        "a flag for a number",
        _LIMITS,
        "at_least: ▶true",
        "'at_least' has a value of the wrong kind",
        "true",
        "a number",
    ),
    Broken("a negative effort", "min: 1", "min: ▶-1", "'min' is out of range", "-1", "at least 0"),
    Broken("a short text", "owner: Data owner", "owner: ▶me", "'owner' is too short", "'me'", "at least 3 characters"),
    Broken(
        "a malformed id",
        "  owner:",
        "  after: [▶dat1]\n  owner:",
        "item 1 is malformed",
        "'dat1'",
        "an id such as DAT-03",
    ),
    Broken(
        "an unknown severity",
        "T2: condition",
        "T2: ▶conditon",
        "'T2' is not one of the known words",
        "'conditon'",
        "none, advisory, condition or blocker",
        "condition",
    ),
    Broken("an unknown tier", "{T1: 0.9, ", "{T1: 0.9, ▶TZ1: 1, ", "'TZ1' is not a known key", suggestion="T1"),
    Broken(
        "a mapping for a scalar",
        "T1: 0.9,",
        "T1: ▶{a: 1},",
        "'T1' has a value of the wrong kind",
        "a mapping",
        "true or false, a number or text",
    ),
    Broken(
        "no comparator",
        "  - id: authority\n    fact: source.authority\n    one_of: [system_of_record, governed_copy]\n",
        "  - ▶id: authority\n    fact: source.authority\n",
        "a check has exactly one comparator",
        "none",
        _COMPARATORS,
    ),
    Broken(
        "two comparators",
        "  - id: completeness\n",
        "  - ▶id: completeness\n    at_most: 1\n",
        "a check has exactly one comparator",
        "at_least and at_most",
        _COMPARATORS,
    ),
    Broken(
        "a source without citation",
        "{source: An example, citation: page 1}",
        "▶{source: An example}",
        "a source needs a citation that finds it again",
        expected="'citation'",
    ),
    Broken(
        "two origins",
        "{source: An example, citation: page 1}",
        "▶{source: An example, citation: page 1, judgement: An example.}",
        "a provenance is either a published source or a judgement",
        "both",
        "one of 'source' and 'judgement'",
    ),
)
