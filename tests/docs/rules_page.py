"""The reference of the rules that ship, from the rules as they are loaded."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from readygate_server.bootstrap import load_snapshot
from readygate_server.domain.comparators import describe
from readygate_server.domain.facts import parent_of
from readygate_server.domain.rule import Check, Provenance, Rule, Ruleset
from readygate_server.domain.vocabulary import Severity, Tier
from tests.docs.facts_page import FACTS
from tests.docs.markdown import anchor, cell, code, table, with_facts

HEAD = """\
# Rules

Generated from [the rule files](../../rules/readiness) by `python -m tests.docs.generate`; edit those. How a rule is
written: [writing rules](../writing-rules.md). The same on the command line: `readygate rules show DAT-03`.

A rule asks one yes-or-no question, once or for each data source, API or workflow. Its checks compare facts with a
threshold per tier: T1 assists, T2 advises, T3 acts, T4 commits. A tier without a threshold is not asked. What is
unknown is never satisfied. A blocker makes a no, a condition a yes with conditions that blocks at the next gate, an
advisory neither.

"""
_EACH = {"deployment": "once", "source": "each data source", "api": "each API", "workflow": "each workflow"}


def rules_page() -> str:
    """Returns the page."""
    rulesets = load_snapshot().rulesets
    small, full, whole = sorted(rulesets, key=lambda ruleset: len(ruleset.rules))
    parts = [HEAD, _overview(small, full, whole)]
    in_small, in_full = _ids(small), _ids(full)
    for foundation, rules in groupby(whole.rules, key=lambda rule: rule.foundation):
        parts.append(f"\n## {foundation.capitalize()}\n")
        for rule in rules:
            least = small if rule.id in in_small else full if rule.id in in_full else whole
            parts.append(_rule(rule, least.identity.name if least is not small else ""))
    return "".join(parts)


def _ids(ruleset: Ruleset) -> frozenset[str]:
    return frozenset(rule.id for rule in ruleset.rules)


def _overview(small: Ruleset, full: Ruleset, whole: Ruleset) -> str:
    in_small, in_full = _ids(small), _ids(full)
    said = (
        f"`{whole.identity.name}` {whole.identity.version} has all {len(whole.rules)}; `{full.identity.name}` "
        f"{full.identity.version} {len(in_full)} of them, all but those marked measured; `{small.identity.name}` "
        f"{small.identity.version} the {len(in_small)} that are marked short.\n\n"
    )
    rows = (
        [
            f"[{rule.id}](#{rule.id.lower()})",
            cell(rule.title),
            _EACH[rule.scope.value],
            *(rule.severity[tier].name.lower() for tier in Tier),
            "short" if rule.id in in_small else "" if rule.id in in_full else "measured",
        ]
        for rule in whole.rules
    )
    return said + table(["rule", "title", "asked", *(tier.name for tier in Tier), "in"], rows)


def _rule(rule: Rule, only_in: str) -> str:
    lines = [
        f"\n{anchor(rule.id.lower())}\n\n### {rule.id} {rule.title}\n",
        f"**{rule.question}**\n",
        f"{rule.motivation}\n",
        _levels(rule),
        *_also(rule),
        *_numbers(rule),
        _work(rule),
        *(f"- Not checked: {sentence}\n" for sentence in rule.not_checked),
    ]
    if only_in:
        lines.append(f"- Not before `{only_in}`.\n")
    lines.append(f"- References: {'; '.join(rule.references)}\n")
    return "\n".join(lines[:4]) + "\n" + "".join(lines[4:])


def _levels(rule: Rule) -> str:
    rows = [
        ["severity", *(_severity(rule, tier) for tier in Tier)],
        ["due at", *(rule.due[tier].name.lower() for tier in Tier)],
        *([_asked(check), *(_limit(check, tier) for tier in Tier)] for check in rule.checks),
    ]
    return table([f"asked {_EACH[rule.scope.value]}", *(tier.name for tier in Tier)], rows)


def _severity(rule: Rule, tier: Tier) -> str:
    severity = rule.severity[tier]
    return "-" if severity is Severity.NONE else severity.name.lower()


def _asked(check: Check) -> str:
    parent = parent_of(check.fact) if check.fact not in FACTS and parent_of(check.fact) in FACTS else check.fact
    shown = f"[`{check.fact}`](facts.md#{parent})" if parent in FACTS else code(check.fact)
    unit = f" ({check.unit})" if check.unit else ""
    due = f", due at {check.due.name.lower()}" if check.due else ""
    return shown + unit + due + (f", where `{cell(' '.join(check.where.split()))}`" if check.where else "")


def _limit(check: Check, tier: Tier) -> str:
    threshold = check.thresholds.get(tier)
    return "-" if threshold is None else cell(describe(check.comparator, threshold.value))


def _also(rule: Rule) -> Iterator[str]:
    if rule.when:
        yield f"- Applies when `{' '.join(rule.when.split())}`\n"
    if rule.where:
        yield f"- Of each {rule.scope.value}: where `{' '.join(rule.where.split())}`\n"
    for requirement in rule.requirements:
        tiers = ", ".join(tier.name for tier in sorted(requirement.tiers))
        where = f", where `{' '.join(requirement.where.split())}`" if requirement.where else ""
        yield f"- Also ({tiers}{where}): {requirement.asks}\n"
    for other in rule.severity_when:
        levels = ", ".join(f"{tier.name} {severity.name.lower()}" for tier, severity in sorted(other.severity.items()))
        yield f"- While `{' '.join(other.when.split())}`: {levels}\n"


def _numbers(rule: Rule) -> Iterator[str]:
    """Yields where each number comes from, once for the tiers that share it."""
    for check in rule.checks:
        tiers: dict[Provenance, list[str]] = {}
        for tier, threshold in sorted(check.thresholds.items()):
            tiers.setdefault(threshold.provenance, []).append(tier.name)
        for provenance, names in tiers.items():
            yield f"- Threshold of `{check.fact}`, {', '.join(names)}: {_origin(provenance)}\n"
    for requirement in rule.requirements:
        asks = requirement.asks[0].lower() + requirement.asks[1:].rstrip(".")
        yield f"- That {asks}: {_origin(requirement.provenance)}\n"


def _origin(provenance: Provenance) -> str:
    if provenance.source:
        return f"{provenance.source} ({provenance.citation})"
    return f"judgement: {provenance.judgement}"


def _work(rule: Rule) -> str:
    work = rule.work
    size = f"{work.effort.low:g} to {work.effort.high:g} person-weeks per {work.per or 'deployment'}"
    if work.per.startswith("not sized"):
        size = work.per
    wait = f", and {work.wait.low:g} to {work.wait.high:g} weeks of waiting" if work.wait.high else ""
    after = f"; after that of {', '.join(f'[{each}](#{each.lower()})' for each in work.after)}" if work.after else ""
    waivable = f"up to {rule.maximum_waiver_days} days" if rule.waivable else "not possible"
    return (
        f"- Work: {work.title} ({'infrastructure' if work.infrastructure else 'paperwork'}); {work.owner}{after}\n"
        f"- Done when: {with_facts(work.done_when)}\n"
        f"- Effort: {size}{wait}\n"
        f"- Waiver: {waivable}\n"
    )
