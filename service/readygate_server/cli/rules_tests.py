"""`readygate rules test`: what failed, and what the tests show of the rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from readygate_server.adapters.rulefiles.coverage import Coverage, Share, measure
from readygate_server.adapters.rulefiles.loader import LoadedRules
from readygate_server.adapters.rulefiles.rule_tests import CaseResult, run_rule_tests
from readygate_server.bootstrap import rule_judge
from readygate_server.cli.exits import Exit

_MISSING_SHOWN = 40


def run_tests(loaded: LoadedRules, *, minimum: float) -> int:
    """Runs all tests of a directory and prints the result; fails for a failed case or too little coverage."""
    results = run_rule_tests(loaded, rule_judge())
    days = {rule_id: test.file.as_of for rule_id, test in loaded.tests.items()}
    coverage = measure(loaded.rules.values(), results, days)
    failed = [result for result in results if not result.passed]
    for result in failed:
        _print_failure(result)
    _print_coverage(coverage, results)
    enough = coverage.meets(minimum)
    if not enough:
        print(f"coverage is {coverage.share.percent:.1f} %, the least is {minimum:g} %")
    print(f"{len(results) - len(failed)} passed, {len(failed)} failed")
    return Exit.GO if enough and not failed else Exit.NO_GO


def _print_failure(result: CaseResult) -> None:
    print(f"{result.place}: {result.rule_id}: {result.name}")
    for mismatch in result.mismatches:
        print(f"    {mismatch}")


def _print_coverage(coverage: Coverage, results: Sequence[CaseResult]) -> None:
    missing = coverage.missing
    for item in missing[:_MISSING_SHOWN]:
        print(f"not shown by a test: {item}")
    if len(missing) > _MISSING_SHOWN:
        print(f"not shown by a test: {len(missing) - _MISSING_SHOWN} more")
    below = {rule: share for rule, share in coverage.by_rule().items() if share.covered < share.total}
    whole = len(coverage.by_rule()) - len(below)
    print(f"coverage {_share(coverage.share)} over {len(results)} cases; {whole} rules in full")
    _print_shares("rules not in full", below)
    _print_shares("by tier", coverage.by_tier())
    _print_shares("by outcome", coverage.by_outcome())


def _print_shares(title: str, shares: Mapping[str, Share]) -> None:
    if shares:
        print(f"  {title}: " + "; ".join(f"{name} {_share(share)}" for name, share in shares.items()))


def _share(share: Share) -> str:
    return f"{share.covered}/{share.total} ({share.percent:.1f} %)"
