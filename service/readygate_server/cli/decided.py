"""Commands about decisions: which are meant, those made of proposals now or those on record, and who judges."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final

from readygate_server.cli.exits import CommandError
from readygate_server.cli.options import add_evidence, add_foundations, add_rules, add_ruleset, open_gate

if TYPE_CHECKING:
    from readygate_server.cli.judges import Judge

_HOW: Final = ("evidence", "foundations", "set", "rules", "ruleset", "gate", "as_of")


def add_decided(parser: argparse.ArgumentParser) -> None:
    """Adds what says which decisions are meant, and where what is made of them goes."""
    parser.add_argument("files", nargs="*", metavar="FILE", help="proposal, or - for standard input")
    parser.add_argument("-o", "--output", default="-", metavar="OUT", help="file to write (default: standard output)")
    add_evidence(parser)
    add_foundations(parser)
    add_ruleset(parser)
    add_rules(parser)
    parser.add_argument("--server", metavar="HOST:PORT", help="ask this server instead of judging here")
    parser.add_argument(
        "--decision",
        action="append",
        default=[],
        metavar="ID",
        help="take a decision that the server has recorded, instead of FILE; can be repeated",
    )


def check_decided(options: argparse.Namespace) -> None:
    """Raises CommandError when the options name no decision, or contradict each other."""
    if options.decision and not options.server:
        raise CommandError("--decision names a decision of a server; say which with --server HOST:PORT")
    if options.decision and (options.files or any(getattr(options, name, None) for name in _HOW)):
        raise CommandError("--decision takes what was recorded; leave out FILE and how to judge it")
    if not options.decision and not options.files:
        raise CommandError("name a proposal, or a recorded decision with --server and --decision")
    if options.server and options.rules:
        raise CommandError("--server judges by its own rules; leave out --rules, or leave out --server")


def judge_for(options: argparse.Namespace) -> Judge:
    """Returns who judges: the server that the options name, or this process by the rules that they name."""
    # Late, both: each command needs one of them, and what only tells of decisions needs none.
    if options.server:
        from readygate_server.cli.remote_judge import RemoteJudge

        return RemoteJudge(options.server)
    from readygate_server.cli.judges import LocalJudge

    return LocalJudge(open_gate(options.rules))
