"""Files that commands write: as a whole or not at all."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from readygate_server.cli.exits import CommandError
from readygate_server.cli.streams import leave_reader
from readygate_server.cli.ways_out import unwritable

STANDARD_OUTPUT: Final = "standard output"
_YAML: Final = {".yaml", ".yml"}


def refuse_inputs(outputs: Iterable[str], options: argparse.Namespace) -> None:
    """Refuses to write over what the options say is read, before anything is.

    Raises:
      CommandError: when an output is one of those files, or is YAML in one of those folders.
    """
    files = [Path(each) for each in options.files if each != "-"]
    named = [Path(each) for each in (*options.evidence, *options.foundations)]
    read = {each.resolve() for each in (*files, *named, *(each.parent / "foundations" for each in files))}
    for output in outputs:
        path = Path(output).resolve()
        within = path.suffix in _YAML and not read.isdisjoint(path.parents)
        if output not in ("", "-") and path.is_file() and (path in read or within):
            raise CommandError(f"{output} is read by this command, and would be lost; name another file")


def write_whole(output: str, data: bytes) -> None:
    """Writes a file in the place of what was there, or to standard output for `-`.

    Raises:
      CommandError: when it can not be written; what was there stays.
    """
    if output == "-":
        _write_out(data)
        return
    path = Path(output)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(name).chmod(0o666 & ~_umask())
            Path(name).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise CommandError(unwritable(output, error)) from None


def write_new(output: str, data: bytes) -> None:
    """Writes a file that is not there yet, or to standard output for `-`.

    Raises:
      CommandError: when it is there, or can not be written.
    """
    if output == "-":
        write_whole(output, data)
        return
    try:
        with Path(output).open("xb") as file:
            file.write(data)
    except FileExistsError:
        raise CommandError(f"{output} is there already; name another file") from None
    except OSError as error:
        raise CommandError(unwritable(output, error)) from None


def refuse_terminal(output: str, what: str) -> None:
    """Raises CommandError when bytes would go to a terminal."""
    if output == "-" and sys.stdout.isatty():
        raise CommandError(f"{what} is no text for a terminal; name a file with -o")


def _write_out(data: bytes) -> None:
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        leave_reader()
        raise CommandError(unwritable(STANDARD_OUTPUT, error)) from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
