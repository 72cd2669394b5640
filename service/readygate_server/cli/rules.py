"""`readygate rules`: look at rulesets, check them, test them, compare them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from readygate_server.adapters.clock import today
from readygate_server.adapters.packaged_rules import rules_directory
from readygate_server.adapters.rulefiles.json_schemas import write_schemas
from readygate_server.adapters.rulefiles.ledger import AlreadyPublishedError, publish
from readygate_server.adapters.rulefiles.loader import LoadedRules
from readygate_server.application.selection import Selection
from readygate_server.bootstrap import LocalGate, load_rules
from readygate_server.cli.exits import CommandError, Exit
from readygate_server.cli.options import add_rules, day, faults_text, open_gate
from readygate_server.cli.rule_text import deviation_lines, print_diff, print_rule, print_rulesets
from readygate_server.cli.rules_tests import run_tests
from readygate_server.domain.errors import RulesetNotFoundError
from readygate_server.domain.faults import FaultsError
from readygate_server.domain.rule import Ruleset
from readygate_server.domain.ruleset_diff import diff


def add_to(commands: Any) -> None:
    """Adds the command and its own commands."""
    parser = commands.add_parser("rules", help="look at rulesets, check, test and compare them")
    own = parser.add_subparsers(dest="rules_command", required=True, metavar="COMMAND")
    _add(own, "list", _list, "list rulesets with version, digest and number of rules")
    show = _add(own, "show", _show, "show one rule: question, reasons, thresholds with their provenance, work")
    show.add_argument("rule", metavar="RULE", help="id of a rule, such as DAT-03")
    show.add_argument(
        "--ruleset",
        default="operational-readiness-measured",
        metavar="NAME[@CHOICE]",
        help="ruleset that has it (default: %(default)s)",
    )
    show.add_argument("--as-of", type=day, metavar="DATE", help="day to choose the ruleset on (default: today in UTC)")
    check = own.add_parser("check", help="check every file of a rules directory; all faults at once")
    _add_directory(check, _check)
    test = own.add_parser("test", help="run the tests beside the rules, with coverage")
    _add_directory(test, _test)
    test.add_argument(
        "--min", type=float, default=0.0, metavar="PERCENT", help="least coverage; below it the command fails"
    )
    compare = _add(own, "diff", _diff, "compare two rulesets: tightened, loosened, neutral, mixed")
    compare.add_argument("before", metavar="BEFORE", help="NAME[@CHOICE], such as operational-readiness@2026.1.0")
    compare.add_argument("after", metavar="AFTER", help="what it is compared with, named in the same way")
    schema = own.add_parser("schema", help="write the JSON Schemas that editors complete and check rule files with")
    _add_directory(schema, _schema)
    published = own.add_parser(
        "publish", help="enter new versions in published.yaml; they can not be edited from then on"
    )
    _add_directory(published, _publish)


def _add(own: Any, name: str, run: Any, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = own.add_parser(name, help=text)
    add_rules(parser)
    parser.set_defaults(run=run)
    return parser


def _add_directory(parser: argparse.ArgumentParser, run: Any) -> None:
    parser.add_argument(
        "directory", nargs="?", type=Path, metavar="DIR", help="rules directory (default: the packaged rules)"
    )
    parser.set_defaults(run=run)


def _list(options: argparse.Namespace) -> int:
    print_rulesets(open_gate(options.rules).snapshot.rulesets)
    return Exit.GO


def _show(options: argparse.Namespace) -> int:
    gate = open_gate(options.rules)
    ruleset = _selected(gate, options.ruleset, options.as_of or "")
    rule = next((rule for rule in ruleset.rules if rule.id == options.rule.upper()), None)
    if rule is None:
        known = ", ".join(rule.id for rule in ruleset.rules)
        raise CommandError(f"{options.rule}: {ruleset.identity.name} has no such rule; it has {known}")
    print_rule(rule)
    return Exit.GO


def _check(options: argparse.Namespace) -> int:
    loaded = _loaded(options.directory)
    for ruleset in loaded.rulesets:
        identity = ruleset.identity
        print(f"{identity.name} {identity.version}: {len(ruleset.rules)} rules, no fault, {identity.digest}")
        for deviation in loaded.deviations.get(f"{identity.name}@{identity.version}", ()):
            for line in deviation_lines(deviation):
                print(f"  {line}")
    return Exit.GO


def _test(options: argparse.Namespace) -> int:
    return run_tests(_loaded(options.directory), minimum=options.min)


def _diff(options: argparse.Namespace) -> int:
    gate = open_gate(options.rules)
    print_diff(diff(_selected(gate, options.before, ""), _selected(gate, options.after, "")))
    return Exit.GO


def _schema(options: argparse.Namespace) -> int:
    for path in write_schemas((options.directory or rules_directory()) / "schema"):
        print(path)
    return Exit.GO


def _publish(options: argparse.Namespace) -> int:
    directory = options.directory or rules_directory()
    try:
        fresh = publish(directory, _loaded(options.directory).rulesets)
    except AlreadyPublishedError as error:
        raise CommandError(str(error)) from None
    for identity in fresh:
        print(f"published {identity.name} {identity.version} {identity.digest}")
    if not fresh:
        print("every version is published already")
    return Exit.GO


def _loaded(directory: Path | None) -> LoadedRules:
    if directory is not None and not directory.is_dir():
        raise CommandError(f"{directory}: there is no such directory")
    try:
        return load_rules(directory)
    except FaultsError as error:
        sys.stderr.write(faults_text(error) + "\n")
        raise CommandError("the rules are not sound; nothing of them is used") from None


def _selected(gate: LocalGate, text: str, as_of: str) -> Ruleset:
    try:
        return gate.snapshot.select(Selection.parse(text), as_of=as_of or today()).ruleset
    except RulesetNotFoundError as error:
        raise CommandError(str(error)) from None
