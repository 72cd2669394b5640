"""`readygate backup`, `restore` and `fork`: copies of a data directory, and the way back from them."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from readygate_server.cli.exits import CommandError, Exit

_KEYS = "the folder `keys` is in no backup: keep a copy of it apart from them, once and after each change of keys"


def add_to(commands: Any) -> None:
    """Adds the commands."""
    backup = _add(
        commands, "backup", _backup, "copy the record, while the server runs", f"{_KEYS[0].upper()}{_KEYS[1:]}."
    )
    backup.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="new directory for the copy")
    backup.add_argument(
        "--names",
        action="store_true",
        help="copy the keys of persons instead; delete such copies soon, because erased names stay in them",
    )
    restore = _add(commands, "restore", _restore, "put a copy into a data directory that has none", "")
    restore.add_argument("backup", type=Path, metavar="BACKUP", help="directory that `readygate backup` made")
    _add_anchor(restore)
    fork = _add(
        commands,
        "fork",
        _fork,
        "go on with a log that has lost entries for good, under a new name",
        "For a restored record that is older than the newest checkpoint. Stop all servers first. What was signed of "
        "the lost entries stays valid for whoever has it; the new log says from where it goes on.",
    )
    fork.add_argument("--new-origin", default="", metavar="NAME", help="name of the new log (default: OLD/after-SIZE)")
    fork.add_argument("--database-url", default="", metavar="URL", help="PostgreSQL with the record")
    _add_anchor(fork)


def _add(commands: Any, name: str, run: Callable[[argparse.Namespace], None], text: str, more: str) -> Any:
    described = f"{text[0].upper()}{text[1:]}. {more}".strip()
    parser = commands.add_parser(name, help=text, description=described)
    parser.add_argument("--data-dir", type=Path, required=True, metavar="DIR", help="data directory of the server")
    parser.set_defaults(run=_told(run))
    return parser


def _add_anchor(parser: Any) -> None:
    parser.add_argument(
        "--anchor", type=Path, metavar="DIR", help="checkpoints that were kept outside (default: DIR/anchor)"
    )


def _told(run: Callable[[argparse.Namespace], None]) -> Callable[[argparse.Namespace], Exit]:
    """Returns a command that ends with a message when something can not be copied or opened."""

    def told(options: argparse.Namespace) -> Exit:
        from readygate_server.adapters.backups import BackupError
        from readygate_server.adapters.signing.errors import KeyProblemError, MalformedError
        from readygate_server.adapters.storage import StoreRefusedError
        from readygate_server.domain.errors import GateError

        try:
            run(options)
        except (BackupError, KeyProblemError, MalformedError, GateError) as error:
            raise CommandError(str(error)) from None
        except StoreRefusedError as error:
            raise CommandError(str(error), Exit.SERVICE_FAILED) from None
        return Exit.GO

    return told


def _backup(options: argparse.Namespace) -> None:
    from readygate_server.adapters.backups import back_up, back_up_names

    if options.names:
        back_up_names(options.data_dir, options.output)
        sys.stdout.write(f"copied the keys of persons to {options.output}; delete the copy when its time is over\n")
        return
    manifest = back_up(options.data_dir, options.output)
    sys.stdout.write(f"copied {manifest.entries} entries to {options.output}\n{_KEYS}\n")


def _restore(options: argparse.Namespace) -> None:
    from readygate_server.adapters.backups import restore
    from readygate_server.adapters.log.anchor import FileAnchor

    manifest = restore(options.backup, options.data_dir)
    sys.stdout.write(f"restored {manifest.file} with {manifest.entries} entries\n")
    if not (options.data_dir / "keys").is_dir():
        sys.stdout.write(
            f"{options.data_dir / 'keys'} is missing: put your copy of it there before the server starts\n"
        )
    if not (options.data_dir / "names.db").exists():
        sys.stdout.write(f"{options.data_dir / 'names.db'} is missing: without it every name reads as erased\n")
    kept = FileAnchor(options.anchor or options.data_dir / "anchor").newest()
    if kept is not None and kept.size > manifest.entries and manifest.checkpoint:
        sys.stdout.write(
            f"a checkpoint of {kept.size} entries was signed, so that the server will not start with these: restore a "
            "later backup, or, when the others are lost for good, run `readygate fork`\n"
        )


def _fork(options: argparse.Namespace) -> None:
    from readygate_server.adapters.backups import fork_log

    anchor = options.anchor or options.data_dir / "anchor"
    place = options.database_url or options.data_dir
    fork = asyncio.run(fork_log(options.data_dir, place=place, anchor=anchor, origin=options.new_origin))
    sys.stdout.write(
        f"{fork.lost_origin} had {fork.lost_size} entries; {fork.kept_size} are left and go on as {fork.origin}\n"
        f"tell everybody who keeps checkpoints; the old ones are in {anchor / f'lost-{fork.lost_size}'}\n"
    )
