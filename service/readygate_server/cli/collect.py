"""`readygate collect`: reads artefacts that teams have, and writes what facts they give, with the evidence."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from readygate_server.cli.collect_options import EXITS, given_options, parser_of, runner_of
from readygate_server.cli.exits import CommandError, Exit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from readygate_server.adapters.collectors.port import Collector
    from readygate_server.adapters.collectors.registry import Entry

_AUTO = "auto"
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


def add_to(commands: Any) -> None:
    """Adds the command. The options of a collector are only known when it is named."""
    parser = commands.add_parser(
        "collect",
        help="read artefacts, write the facts that they give",
        usage="readygate collect [-h] [--list] KIND ...",
        description=_TEXT,
        epilog=EXITS,
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
    options = parser_of(parser_class, collector).parse_args(words)
    return _collect(entry, collector, options)


def _collect(entry: Entry, collector: Collector, options: argparse.Namespace) -> int:
    from readygate_server.adapters.collectors.port import scopes_of
    from readygate_server.cli.collect_output import check_output, say_found, write_foundation
    from readygate_server.cli.collect_runs import collected
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
    if not options.quiet:
        say_found(found, options.output)
    return Exit.GO


def _check_artefacts(paths: Sequence[Path]) -> None:
    """Refuses names that are no files, all at once; to read a pipe or a device would wait, or never end."""
    problems = []
    for path in paths:
        try:
            str(path).encode()
        except UnicodeEncodeError:
            problems.append(f"{str(path)!r}: the name is not UTF-8; rename it")
            continue
        if not path.exists():
            problems.append(f"{path}: there is no such file or folder")
        elif not (path.is_file() or path.is_dir()):
            problems.append(f"{path}: this is no file and no folder; write what it gives to a file first")
    if problems:
        raise CommandError("\n".join(problems))


def _asset_id(text: str) -> str:
    from readygate_server.adapters.proposals.values import ID_RULE
    from readygate_server.adapters.proposals.vocabulary import ID

    if ID.fullmatch(text) is None:
        raise CommandError(f"--asset {text}: the id is not well formed; expected {ID_RULE}")
    return text
