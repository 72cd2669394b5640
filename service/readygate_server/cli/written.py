"""Files that commands write: as a whole or not at all."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from readygate_server.cli.exits import CommandError
from readygate_server.cli.streams import leave_reader
from readygate_server.cli.ways_out import unwritable

STANDARD_OUTPUT: Final = "standard output"


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
