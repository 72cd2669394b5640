"""`readygate collect`: reads artefacts that teams have, and writes what facts they give, with the evidence."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from readygate_server.cli.exits import CommandError, Exit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from readygate_server.adapters.collectors.port import Collector, Option, OptionValue
    from readygate_server.adapters.collectors.registry import Entry
    from readygate_server.adapters.collectors.runner import Runner
    from readygate_server.domain.collected import Collected

_AUTO = "auto"
_MOST = 1_000_000_000
_TEXT = """\
Reads artefacts that teams have (API descriptions, tables, test results, event
logs, process models, catalogues) and writes the facts that these give, each
with its evidence, to a file for readygate check PROPOSAL --evidence FILE.

  readygate collect --list                      what can be read
  readygate collect KIND --help                 the options of one collector
  readygate collect KIND ARTEFACT... --asset ID -o FILE
  readygate collect auto DIR --proposal FILE -o FILE
                                                look what is there, collect
                                                what is certain, say the rest
"""
_EXITS = """\
exit codes: 0 collected; 3 an artefact can not be read, a limit was met, or bad
usage; 4 a collector failed
"""


class NeedsOptionError(CommandError):
    """Ends the command because an option is missing, or does not fit the artefact."""


def add_to(commands: Any) -> None:
    """Adds the command. The options of a collector are only known when it is named."""
    parser = commands.add_parser(
        "collect",
        help="read artefacts, write the facts that they give",
        usage="readygate collect [-h] [--list] KIND ...",
        description=_TEXT,
        epilog=_EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--list", action="store_true", help="list the collectors that are installed")
    parser.add_argument(
        "words", nargs=argparse.REMAINDER, metavar="KIND ...", help="collector, artefacts and its options; or auto"
    )
    parser.set_defaults(run=run, parser_class=type(parser))


def run(options: argparse.Namespace) -> int:
    """Lists collectors, looks through a folder, or runs one collector."""
    if options.list:
        return _list()
    if not options.words or options.words[0].startswith("-"):
        raise CommandError("say what to collect: readygate collect KIND ARTEFACT..., or see readygate collect --list")
    kind, *words = options.words
    if kind == _AUTO:
        from readygate_server.cli.collect_auto import run_auto

        return run_auto(options.parser_class, words)
    return _run_one(options.parser_class, kind, words)


def _list() -> int:
    from rich.table import Table

    from readygate_server.adapters.collectors.port import scopes_of
    from readygate_server.adapters.collectors.registry import load_all
    from readygate_server.cli.console import console

    table = Table("collector", "version", "about", "from", "options", box=None, pad_edge=False)
    broken = []
    for loaded in load_all():
        entry, collector = loaded.entry, loaded.collector
        if collector is None:
            broken.append(f"{entry.name} of {entry.package or 'no package'}: {loaded.problem}")
            continue
        about = ", ".join(scopes_of(collector))
        names = " ".join(f"--{option.name}{'*' if option.required else ''}" for option in collector.options)
        table.add_row(entry.name, collector.version, about, f"{entry.package} {entry.package_version}", names)
    console().print(table)
    for line in broken:
        sys.stderr.write(f"readygate: {line}\n")
    return Exit.GO


def _run_one(parser_class: Any, kind: str, words: Sequence[str]) -> int:
    from readygate_server.adapters.collectors.port import ReaderMissingError
    from readygate_server.adapters.collectors.registry import (
        BrokenCollectorError,
        UnknownCollectorError,
        entry_of,
        load,
    )

    try:
        entry = entry_of(kind)
        collector = load(entry)
    except UnknownCollectorError as error:
        raise CommandError(str(error)) from None
    except BrokenCollectorError as error:
        raise CommandError(str(error), Exit.SERVICE_FAILED) from None
    except ReaderMissingError as error:
        raise CommandError(str(error)) from None
    options = _parser_of(parser_class, collector).parse_args(words)
    return _collect(entry, collector, options)


def _collect(entry: Entry, collector: Collector, options: argparse.Namespace) -> int:
    from readygate_server.adapters.collectors.port import scopes_of
    from readygate_server.cli.collect_output import check_output, say_found, write_foundation
    from readygate_server.domain.collected import Subject
    from readygate_server.domain.vocabulary import Scope

    _check_artefacts(options.artefacts)
    check_output(options.output)
    scope = Scope(options.scope) if "scope" in options else scopes_of(collector)[0]
    subject = Subject(scope, _asset_id(options.asset) if scope is not Scope.DEPLOYMENT else "", options.title)
    given = given_options(collector, options)
    runner = runner_of(options)
    found = collected(
        *(runner, entry, options.artefacts, subject, given),
        network=any(option.network and option.name in given for option in collector.options),
    )
    write_foundation((found,), options.output)
    say_found(found, options.output)
    return Exit.GO


def collected(
    runner: Runner,
    entry: Entry,
    artefacts: Sequence[Path],
    subject: Any,
    options: Mapping[str, OptionValue],
    *,
    network: bool,
) -> Collected:
    """Runs a collector; what goes wrong ends the command with the exit code that fits."""
    from readygate_server.adapters.collectors.port import ArtefactError, OptionError
    from readygate_server.adapters.collectors.runner import CollectorLimitError
    from readygate_server.cli.collect_output import clear
    from readygate_server.domain.errors import GateError

    try:
        return runner.collect(entry, artefacts, subject, options, network=network)
    except OptionError as error:
        raise NeedsOptionError(_listed(error)) from None
    except (ArtefactError, CollectorLimitError) as error:
        raise CommandError(_listed(error)) from None
    except GateError as error:
        raise CommandError(str(error), Exit.SERVICE_FAILED) from None
    finally:
        clear(sys.stderr)


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


def add_output(parser: argparse.ArgumentParser) -> None:
    """Adds `-o`."""
    parser.add_argument(
        "-o", "--output", default="-", metavar="FILE", help="file to write, - for standard output (default: -)"
    )


def runner_of(options: argparse.Namespace) -> Runner:
    """Returns the runner with the limits of the command line, and with progress where a person sees it."""
    from readygate_server.adapters.collectors.limits import OPTIONS, Limits
    from readygate_server.adapters.collectors.runner import Runner
    from readygate_server.cli.collect_output import progress

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


def _parser_of(parser_class: Any, collector: Collector) -> argparse.ArgumentParser:
    from readygate_server.adapters.collectors.port import scopes_of
    from readygate_server.domain.vocabulary import Scope

    scopes = scopes_of(collector)
    text = (collector.__doc__ or "").strip().partition("\n\n")[0]
    parser: argparse.ArgumentParser = parser_class(
        prog=f"readygate collect {collector.name}", description=text, epilog=_EXITS, allow_abbrev=False
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


def _check_artefacts(paths: Sequence[Path]) -> None:
    """Refuses names that are no files, all at once."""
    problems = []
    for path in paths:
        try:
            str(path).encode()
        except UnicodeEncodeError:
            problems.append(f"{str(path)!r}: the name is not UTF-8; rename it")
            continue
        if not path.exists():
            problems.append(f"{path}: there is no such file or folder")
    if problems:
        raise CommandError("\n".join(problems))


def _asset_id(text: str) -> str:
    from readygate_server.adapters.proposals.values import ID_RULE
    from readygate_server.adapters.proposals.vocabulary import ID

    if ID.fullmatch(text) is None:
        raise CommandError(f"--asset {text}: the id is not well formed; expected {ID_RULE}")
    return text


def _listed(error: Exception) -> str:
    lines = str(error).split("\n")
    return "\n".join([f"{len(lines)} faults", *lines]) if len(lines) > 1 else lines[0]
