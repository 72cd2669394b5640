"""The reference of the facts, from the fact catalogue and the rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from readygate_server.adapters.fact_catalogue import FactInfo, fact_catalogue
from readygate_server.bootstrap import load_snapshot
from readygate_server.domain.derived import DERIVED
from readygate_server.domain.rule import Rule
from tests.builders import AS_OF, gate_under_test
from tests.docs.markdown import anchor, cell, code, table, without_marks

HEAD = """\
# Facts

Generated from [the fact catalogue](../../rules/facts.yaml) and [the rules](rules.md) by `python -m
tests.docs.generate`; edit the former. How facts are written: [writing proposals](../proposals.md). What reads them
from artefacts: [collectors](../collectors.md).

A fact that is not stated is unknown, and unknown never passes. The collectors named read a fact from an artefact,
with a grade; the others are stated by their owner. What a fact is for is said by the questions of the rules that read
it. `measured` and `test` facts need better evidence the higher the tier ([evidence](../evidence.md)).

"""
FACTS: Final = frozenset(fact.name for fact in fact_catalogue())
_GROUPS: Final = {
    "deployment": "The deployment",
    "source": "Each data source",
    "corpus": "Each data source that is a corpus of documents",
    "api": "Each API",
    "workflow": "Each workflow",
    "org": "The organisation",
    "gov": "Governance",
    "value": "Value",
    "ops": "Operations",
    "evidence": "Each entry of evidence",
}


def facts_page() -> str:
    """Returns the page."""
    catalogue = fact_catalogue()
    readers = _readers()
    parts = [HEAD, f"{len(catalogue)} facts that are stated, and {len(DERIVED)} that are computed from them.\n"]
    for group, facts in groupby(catalogue, key=lambda fact: fact.group):
        parts.append(f"\n## {_GROUPS[group]}\n\n")
        parts.extend(_fact(fact, readers.get(fact.name, [])) for fact in facts)
    parts.append("\n## Computed\n\nUnknown, and naming what is missing, as soon as one of its inputs is unknown.\n\n")
    parts.append(table(["fact", "unit", "from"], _derived()))
    return "".join(parts)


def _readers() -> dict[str, list[Rule]]:
    """Returns which rules read a fact, as the gate tells somebody who has stated nothing."""
    catalogue = fact_catalogue()
    full = max(load_snapshot().rulesets, key=lambda ruleset: len(ruleset.rules))
    rules = {rule.id: rule for rule in full.rules}
    found: dict[str, set[str]] = {}
    listed = gate_under_test().requirements(None, ruleset=full.identity.name, gate="production", as_of=AS_OF)
    for each in listed.requirements:
        if (fact := catalogue.find(each.fact)) is not None:
            found.setdefault(fact.name, set()).update(each.rule_ids)
    return {name: [rules[rule_id] for rule_id in sorted(ids)] for name, ids in found.items()}


def _fact(fact: FactInfo, readers: Sequence[Rule]) -> str:
    asked = "".join(f"- [{rule.id}](rules.md#{rule.id.lower()}): {rule.question}\n" for rule in readers)
    collectors = ", ".join(f"`readygate collect {name}`" for name in fact.collectors) or "none"
    rows = [
        ["range", cell(fact.range) + (f" ({fact.unit})" if fact.unit else "")],
        *_parts(fact),
        ["measured by", cell(fact.measured_by)],
        ["owner", cell(fact.owner_role)],
        ["artefact", cell(fact.artefact)],
        ["evidence", fact.evidence_class + (", a tool exists" if fact.tool_exists else "")],
        ["collector", collectors],
        ["taken from", cell(without_marks(fact.source))],
    ]
    nobody = "No rule reads it by itself.\n"
    return f"{anchor(fact.name)}\n\n### `{fact.name}`\n\n{asked or nobody}\n{table(['', ''], rows)}\n"


def _parts(fact: FactInfo) -> Iterator[list[str]]:
    for part in fact.parts:
        limits = [
            f"{word} {bound:g}" for word, bound in (("from", part.minimum), ("to", part.maximum)) if bound is not None
        ]
        yield [code("." + part.name.rpartition(".")[2]), cell(" ".join([*limits, part.unit])) or "-"]


def _derived() -> Iterator[list[str]]:
    for name, derived in sorted(DERIVED.items()):
        yield [f"{anchor(name)}`{name}`", derived.unit or "-", ", ".join(map(code, derived.inputs))]
