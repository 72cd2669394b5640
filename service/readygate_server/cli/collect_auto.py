"""`readygate collect auto`: looks through a folder, collects what is certain and says what it has to be told."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from readygate_server.adapters.collectors.discovery import Asset, Find, finds_of
from readygate_server.adapters.collectors.folders import Walked, walk
from readygate_server.adapters.collectors.frames import Scan
from readygate_server.adapters.collectors.port import OptionValue
from readygate_server.adapters.collectors.registry import entry_of, registered
from readygate_server.adapters.collectors.runner import CollectorLimitError, Runner
from readygate_server.cli.collect_options import add_limits, add_output, runner_of
from readygate_server.cli.collect_output import check_output, say_found, write_foundation
from readygate_server.cli.collect_runs import NeedsOptionError, collected
from readygate_server.cli.console import PIPED_WIDTH
from readygate_server.cli.exits import CommandError, Exit, worst
from readygate_server.cli.progress import clear
from readygate_server.domain.collected import Collected, Subject
from readygate_server.domain.errors import GateError


def run_auto(parser_class: Any, words: Sequence[str]) -> int:
    """Looks, says what there is, and collects what is certain; what fails keeps nothing else from being collected."""
    options = _parser(parser_class).parse_args(words)
    check_output(options.output)
    if not options.folder.is_dir():
        raise CommandError(f"{options.folder}: there is no such folder")
    told = _told(options.map)
    assets = None if options.proposal is None else _assets(options.proposal)
    runner = runner_of(options)
    walked = walk(options.folder)
    scan = _scan(runner, walked)
    finds = finds_of(scan.sightings, assets, told)
    _refuse_unknown(told, finds)
    if not options.quiet:
        _print(finds, (*walked.left_out, *scan.problems), by_proposal=assets is not None)
    return _collect_all(runner, [find for find in finds if find.is_certain], options.output, quiet=options.quiet)


def _parser(parser_class: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = parser_class(
        prog="readygate collect auto",
        description="Looks through a folder for what collectors read, says what it found and what it has to be told, "
        "and collects what is certain: files that say themselves what they are, about an asset that is plain.",
        allow_abbrev=False,
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder to look through")
    parser.add_argument(
        "--proposal", metavar="FILE", help="proposal whose assets the files are about (default: each is its own)"
    )
    parser.add_argument(
        "--map", action="append", default=[], metavar="FILE=ASSET", help="says which asset a file is about; repeatable"
    )
    add_output(parser)
    add_limits(parser)
    return parser


def _told(words: Sequence[str]) -> Mapping[str, str]:
    told = {}
    for word in words:
        path, equals, asset = word.rpartition("=")
        if not (path and equals and asset):
            raise CommandError(f"--map {word}: expected FILE=ASSET, such as api/openapi.yaml=orders")
        told[str(Path(path))] = asset
    return told


def _refuse_unknown(told: Mapping[str, str], finds: Sequence[Find]) -> None:
    found = {find.sighting.path for find in finds}
    strange = sorted(path for path in told if path not in found)
    if strange:
        raise CommandError("\n".join(f"--map {path}: no collector knows such a file here" for path in strange))


def _assets(file: str) -> list[Asset]:
    from readygate_server.adapters.proposals.references import with_places
    from readygate_server.adapters.proposals.vocabulary import ASSET_FIELDS
    from readygate_server.cli.inputs import read_alone
    from readygate_server.cli.options import faults_text
    from readygate_server.domain.faults import FaultsError

    try:
        proposal = with_places(read_alone(file).proposal)
    except FaultsError as error:
        raise CommandError(f"{file}: {faults_text(error)}") from None
    return [
        Asset(scope, asset.id, asset.title)
        for scope, field in ASSET_FIELDS.items()
        for asset in getattr(proposal, field)
    ]


def _scan(runner: Runner, walked: Walked) -> Scan:
    try:
        return runner.scan(registered(), walked.files)
    except CollectorLimitError as error:
        raise CommandError(str(error)) from None
    except GateError as error:
        raise CommandError(str(error), Exit.SERVICE_FAILED) from None
    finally:
        clear(sys.stderr)


def _print(finds: Sequence[Find], problems: Sequence[str], *, by_proposal: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    # On standard error, because the file may go to standard output; as wide as what other commands print.
    width = None if sys.stderr.isatty() or "COLUMNS" in os.environ else PIPED_WIDTH
    out = Console(stderr=True, width=width, highlight=False, emoji=False, markup=False)
    if not finds:
        out.print("nothing found that a collector reads")
    else:
        table = Table(box=None, pad_edge=False)
        for heading in ("file", "what it is", "asset", "collected"):
            table.add_column(heading, overflow="fold")
        for find in finds:
            what = f"{find.sighting.kind} ({find.sighting.collector})"
            collected = f"no: {'; '.join(find.told)}" if find.told else "yes"
            table.add_row(find.sighting.path, what, find.asset or "?", collected)
        out.print(table)
    for problem in problems:
        out.print(f"left out: {problem}", soft_wrap=True)
    ways = [_way(find, by_proposal=by_proposal) for find in finds if find.told]
    if ways:
        out.print("what is not certain is collected with:")
    for way in ways:
        out.print(f"  {way}", soft_wrap=True)


def _way(find: Find, *, by_proposal: bool, as_command: bool = False) -> str:
    """Returns the words of the command line that make it certain, with gaps where something has to be told."""
    seen = find.sighting
    if not find.fits:
        return f"nothing: {shlex.quote(seen.path)} is for readygate collect {seen.collector}, once the proposal has it"
    asset = find.asset or find.likely or "…"
    if not as_command and not seen.needs and (by_proposal or seen.confidence == "high"):
        return f"--map {shlex.quote(seen.path)}={asset}"
    files = shlex.join([seen.path, *seen.along])
    needs = "".join(f" --{name} …" for name in seen.needs) or (" --…" if as_command else "")
    return f"readygate collect {seen.collector} {files} --asset {asset}{needs} -o FILE"


def _collect_all(runner: Runner, finds: Sequence[Find], output: str, *, quiet: bool) -> int:
    found: list[Collected] = []
    codes = [Exit.GO]
    for find in finds:
        try:
            found.append(_collect(runner, find))
        except NeedsOptionError as error:
            # Only the content said so, so that nothing is wrong: it has to be told.
            sys.stderr.write(
                f"{find.sighting.path}: has to be told: {error}\n  {_way(find, by_proposal=True, as_command=True)}\n"
            )
        except CommandError as error:
            sys.stderr.write(f"readygate: {error}\n")
            codes.append(error.code)
    if found:
        write_foundation(found, output)
    for each in () if quiet else found:
        say_found(each, details=False)
    if found and output != "-" and not quiet:
        sys.stderr.write(f"wrote {output}\n")
    return worst(codes)


def _collect(runner: Runner, find: Find) -> Collected:
    seen = find.sighting
    files = [Path(path) for path in (seen.path, *seen.along)]
    told: dict[str, OptionValue] = dict(seen.options)
    return collected(
        runner, entry_of(seen.collector), files, Subject(find.scope, find.asset, seen.title), told, network=False
    )
