"""The options of `readygate collect`: those of a collector, which it says itself, and those of every run."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from readygate_server.adapters.collectors.port import Collector, Option, OptionValue
    from readygate_server.adapters.collectors.runner import Runner

EXITS = """\
exit codes: 0 collected; 3 an artefact can not be read, a limit was met, or bad
usage; 4 a collector failed
"""
_MOST = 1_000_000_000


def parser_of(parser_class: Any, collector: Collector) -> argparse.ArgumentParser:
    """Returns the parser of one collector."""
    from readygate_server.adapters.collectors.port import scopes_of
    from readygate_server.domain.vocabulary import Scope

    scopes = scopes_of(collector)
    text = (collector.__doc__ or "").strip().partition("\n\n")[0]
    parser: argparse.ArgumentParser = parser_class(
        prog=f"readygate collect {collector.name}", description=text, epilog=EXITS, allow_abbrev=False
    )
    parser.add_argument("artefacts", nargs="+", type=Path, metavar="ARTEFACT", help="file or folder to read")
    parser.add_argument(
        "--asset",
        required=scopes != (Scope.DEPLOYMENT,),
        default="",
        metavar="ID",
        help=f"id of the {' or '.join(scopes)} in the proposal that the artefact is about",
    )
    parser.add_argument("--title", default="", metavar="TEXT", help="its name for people")
    if len(scopes) > 1:
        names = [str(each) for each in scopes]
        parser.add_argument("--scope", choices=names, default=names[0], help="what the asset is (default: %(default)s)")
    add_output(parser)
    own = parser.add_argument_group(f"options of {collector.name} {collector.version}") if collector.options else None
    for option in collector.options:
        assert own is not None
        _add_option(own, option)
    add_limits(parser)
    return parser


def add_output(parser: argparse.ArgumentParser) -> None:
    """Adds `-o`."""
    parser.add_argument(
        "-o", "--output", default="-", metavar="FILE", help="file to write, - for standard output (default: -)"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing of what was found, only what is wrong")


def add_limits(parser: argparse.ArgumentParser) -> None:
    """Adds the limits of a run."""
    from readygate_server.adapters.collectors.limits import OPTIONS, Limits

    own = parser.add_argument_group("limits of the process that reads")
    for limit in OPTIONS:
        default = getattr(Limits(), limit.field)
        own.add_argument(
            f"--{limit.name}",
            type=_positive,
            default=default,
            metavar=limit.metavar,
            help=f"{limit.what} that it may take (default: {default})",
        )
    own.add_argument("--debug", action="store_true", help="show what the process writes for developers")


def runner_of(options: argparse.Namespace) -> Runner:
    """Returns the runner with the limits of the command line, and with progress where a person sees it."""
    from readygate_server.adapters.collectors.limits import OPTIONS, Limits
    from readygate_server.adapters.collectors.runner import Runner
    from readygate_server.cli.progress import progress

    limits = Limits(**{each.field: getattr(options, each.name.replace("-", "_")) for each in OPTIONS})
    return Runner(limits, progress=progress(sys.stderr), debug=options.debug)


def given_options(collector: Collector, options: argparse.Namespace) -> dict[str, OptionValue]:
    """Returns the options of the collector that were given."""
    given: dict[str, OptionValue] = {}
    for option in collector.options:
        value = getattr(options, _destination(option))
        if value is None or value is False:
            continue
        given[option.name] = tuple(value) if isinstance(value, list) else value
    return given


def _add_option(group: Any, option: Option) -> None:
    name, text = f"--{option.name}", option.help.replace("%", "%%")
    if option.kind == "flag":
        group.add_argument(name, dest=_destination(option), action="store_true", help=text)
        return
    group.add_argument(
        name,
        dest=_destination(option),
        action="append" if option.repeatable else "store",
        required=option.required,
        type={"integer": _integer, "number": _number}.get(option.kind, str),
        metavar=option.kind.upper(),
        help=f"{text}; may be repeated" if option.repeatable else text,
    )


def _destination(option: Option) -> str:
    return f"own_{option.name.replace('-', '_')}"


def _integer(text: str) -> str:
    try:
        return str(int(text))
    except ValueError:
        raise _refusal(text, "a whole number") from None


def _number(text: str) -> str:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise _refusal(text, "a finite number")
    return text


def _positive(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if not 0 < number <= _MOST:
        raise _refusal(text, f"a whole number from 1 to {_MOST}")
    return number


def _refusal(text: str, expected: str) -> argparse.ArgumentTypeError:
    return argparse.ArgumentTypeError(f"got {text[:60]!r}, expected {expected}")
