"""Facts about a data source, made of checks that somebody's tool ran."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from readygate_server.adapters.collectors.dbt.checks import Asks, Check, Outcome, Results, Run
from readygate_server.adapters.collectors.dbt.freshness import DAYS, Freshness
from readygate_server.adapters.collectors.row_numbers import ROW_NUMBERS
from readygate_server.domain.collected import Coverage, Measured, Status
from readygate_server.domain.vocabulary import Grade

WINDOW_DAYS: Final = 30
"""Days that a pass rate is of, as the catalogue has it."""
_NOTHING: Final = Coverage(0, 0)


class _Found(NamedTuple):
    value: float | None
    reason: str
    coverage: Coverage = _NOTHING
    stated: bool = True
    """False where the artefact does not say, True where it says something that gives no value."""
    parameters: tuple[tuple[str, str], ...] = ()


def check_facts(results: Results, critical: tuple[str, ...]) -> list[Measured]:
    """Returns what checks say; the data's state is that of the newest run."""
    newest = results.runs[-1] if results.runs else Run("", None, ())
    fault = results.fault or ("" if newest.checks else "no run has a check")
    makers: tuple[tuple[str, Callable[[], _Found]], ...] = (
        ("source.contract_check_pass_rate", lambda: _pass_rate(results)),
        ("source.executed_check_share", lambda: _executed(results)),
        ("source.completeness", lambda: _completeness(newest, critical)),
        ("source.uniqueness", lambda: _uniqueness(newest)),
        ("source.validity", lambda: _ratio(_asking(newest, Asks.IN_DOMAIN), "of a domain of values")),
        ("source.referential_integrity", lambda: _ratio(_asking(newest, Asks.REFERS), "of references")),
    )
    return [
        _measured(fact, results.tool, make() if not fault else _Found(None, fault), newest.at) for fact, make in makers
    ]


def _measured(fact: str, tool: str, found: _Found, at: datetime | None) -> Measured:
    status = Status.STATED if found.value is not None else Status.NOT_EVALUABLE if found.stated else Status.NOT_STATED
    name = fact.partition(".")[2]
    parameters = tuple(sorted((("tool", tool), *found.parameters)))
    return Measured(
        fact, status, found.value, found.reason, Grade.E2, f"checks.{name}.v1", parameters, found.coverage, at
    )


def _pass_rate(results: Results) -> _Found:
    """Returns the checks that passed by those that ran, over the runs of the last 30 days before the newest.

    What warned or erred did not pass. What was skipped or never ran is no pass and no failure: it is told.
    """
    runs = _recent(results)
    checks = [check for run in runs for check in run.checks]
    ran = [check for check in checks if check.outcome.ran]
    passed = sum(check.outcome is Outcome.PASSED for check in ran)
    names = {check.id for check in ran} if results.defined is not None else set()
    never = results.defined - len(names) if results.defined is not None else 0
    why = [f"{len(checks) - len(ran)} skipped or not run"] if len(ran) < len(checks) else []
    why += [f"{never} of {results.defined} checks that are defined ran in none of {len(runs)} runs"] if never else []
    skipped = max(never, len(checks) - len(ran))
    coverage = Coverage(len(ran), skipped, tuple(why))
    days = len({run.at.date() for run in runs if run.at})
    parameters = (("days_with_a_run", str(days)), ("runs", str(len(runs))), ("window_days", str(WINDOW_DAYS)))
    if not ran:
        return _Found(None, f"0 of {len(checks)} checks ran", coverage, parameters=parameters)
    return _Found(passed / len(ran), "", coverage, parameters=parameters)


def _recent(results: Results) -> list[Run]:
    """Returns the newest run, and those of the 30 days before it."""
    newest = results.runs[-1].at
    first = newest - timedelta(days=WINDOW_DAYS) if newest else None
    return [run for run in results.runs if run is results.runs[-1] or (first and run.at and run.at > first)]


def _executed(results: Results) -> _Found:
    """Returns the checks that ran by those that are defined; a tool that tells of no others can not say."""
    defined = results.defined
    if not defined:
        return _Found(None, f"{results.tool} tells of the checks that ran, and not which are declared", stated=False)
    runs = _recent(results)
    ran = len({check.id for run in runs for check in run.checks if check.outcome.ran})
    parameters = (("runs", str(len(runs))), ("window_days", str(WINDOW_DAYS)))
    return _Found(ran / defined, "", Coverage(defined, 0), parameters=parameters)


def _completeness(run: Run, critical: tuple[str, ...]) -> _Found:
    """Returns the least share of values that are there, over the critical columns; the tests look for nulls only."""
    if not critical:
        return _Found(None, "no column is declared critical: --critical", stated=False)
    present = _asking(run, Asks.PRESENT)
    found = [check for check in present if any(_is_about(check, name) for name in critical)]
    missing = sum(not any(_is_about(check, name) for check in found) for name in critical)
    if missing:
        reason = f"{missing} of {len(critical)} critical columns have no check that their values are there"
        return _Found(None, reason, Coverage(len(found), missing, (reason,)), stated=bool(found))
    parameters = (("critical_columns", _digest(critical)), ("null_tokens", "none: null only"))
    return _ratio(found, "that values are there")._replace(parameters=parameters)


def _is_about(check: Check, name: str) -> bool:
    """True for a check of one column by this name, or by `table.column`."""
    table = check.node.rpartition(".")[2]
    return len(check.columns) == 1 and name in (check.columns[0], f"{table}.{check.columns[0]}")


def _uniqueness(run: Run) -> _Found:
    """Returns 1 where every key was found unique and whole; tools count duplicates in three ways, so nothing else.

    dbt counts keys that are there twice, Great Expectations their rows, and this catalogue what is there too much.
    """
    unique = _asking(run, Asks.UNIQUE)
    if not unique:
        return _Found(None, "no check asks for a unique key", stated=False)
    real = [check for check in unique if not any(name.strip().lower() in ROW_NUMBERS for name in check.columns)]
    if not real:
        return _Found(None, "only the number that a library gave to each row is checked, which is always unique")
    unique = real
    present = {(check.node, check.columns) for check in _asking(run, Asks.PRESENT) if _is_clean(check)}
    coverage = Coverage(len(unique), 0)
    broken = [check for check in unique if not _is_clean(check)]
    if broken:
        reason = (
            f"{len(broken)} of {len(unique)} checks for a unique key are not clean"
            f" ({sum(c.failing or 0 for c in broken)} failing), and the tool does not say how many rows are duplicates"
        )
        return _Found(None, reason, coverage)
    loose = sum(
        bool(check.empty) or not all((check.node, (column,)) in present for column in check.columns) for check in unique
    )
    if loose:
        reason = (
            f"{loose} of {len(unique)} unique keys may be null, for the checks pass nulls by and no other asks for them"
        )
        return _Found(None, reason, coverage)
    return _Found(1.0, "", coverage)


def _ratio(checks: list[Check], what: str) -> _Found:
    """Returns the least share of values that keep a check; where any is not known, nothing."""
    if not checks:
        return _Found(None, f"no check asks {what}", stated=False)
    least, examined = 1.0, 0
    open_: list[Check] = []
    for check in checks:
        examined += check.of or 0
        if _is_clean(check):
            continue
        if check.failing is None or not check.of or check.part or not check.outcome.ran or check.failing > check.of:
            open_.append(check)
        else:
            least = min(least, (check.of - check.failing) / check.of)
    coverage = Coverage(len(checks) - len(open_), len(open_), (f"{len(open_)} checks without counts",) if open_ else ())
    if open_:
        failing = sum(check.failing or 0 for check in open_)
        parts = sum(check.part for check in open_)
        reason = (
            f"{len(open_)} of {len(checks)} checks {what} give no ratio: {failing} failing rows, and the tool does not"
            f" say of how many; {parts} look at a part of the rows, {sum(not c.outcome.ran for c in open_)} did not run"
        )
        return _Found(None, reason, coverage)
    return _Found(least, "", coverage)


def _is_clean(check: Check) -> bool:
    """True for a check that ran over all rows and found none that breaks it."""
    return check.failing == 0 and check.outcome in (Outcome.PASSED, Outcome.WARNED) and not check.part


def _asking(run: Run, asks: Asks) -> list[Check]:
    return [check for check in run.checks if check.asks is asks]


def _digest(names: tuple[str, ...]) -> str:
    return hashlib.sha256("\x00".join(sorted(names)).encode()).hexdigest()[:16]


def lag_fact(found: Freshness) -> Measured:
    """Returns the lag of the source that is latest."""
    reason = ""
    if found.p95_minutes is None:
        reason = (
            f"{found.looks} looks, on {found.days} of the last {DAYS} days"
            f"{f', {found.failed} failed' if found.failed else ''}"
            f"{f', {found.unseen} sources without a look' if found.unseen else ''}:"
            f" keep the file of each of {DAYS} days and give them all"
        )
    elif found.failed or found.unseen:
        reason = f"{found.failed} looks failed and {found.unseen} sources were not looked at; they may be the late ones"
    skipped = found.failed + found.unseen
    coverage = Coverage(
        found.looks, skipped, (f"{found.failed} looks failed, {found.unseen} sources unseen",) if skipped else ()
    )
    value = None if reason else found.p95_minutes
    return _measured("source.freshness_lag_p95", "dbt", _Found(value, reason, coverage), found.newest)
