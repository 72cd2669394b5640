"""`readygate api-keys`: makes keys of services. A key is shown once; what is stored of it is its SHA-256."""

from __future__ import annotations

import argparse
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from readygate_server.cli.exits import CommandError, Exit

_DAYS: Final = 90
_LONGEST_DAYS: Final = 366


def add_to(commands: Any) -> None:
    """Adds the command and its own commands."""
    parser = commands.add_parser("api-keys", help="make keys of services for the identity file")
    own = parser.add_subparsers(dest="api_keys_command", required=True, metavar="COMMAND")
    new = own.add_parser(
        "new",
        help="make a key",
        description="Makes a key and shows it once, on standard output, with the entry for the identity file. "
        "Nothing is stored: who loses the key makes another.",
    )
    new.add_argument("--id", required=True, help="id of the key: lower-case letters, digits and hyphens")
    new.add_argument("--service", metavar="NAME", help="service that it is for (default: the id)")
    new.add_argument(
        "--days", type=int, default=_DAYS, help=f"days that it is taken, at most {_LONGEST_DAYS} (default: %(default)s)"
    )
    new.set_defaults(run=_new)


def _new(options: argparse.Namespace) -> Exit:
    from readygate_server.adapters.identity.api_keys import new_key
    from readygate_server.adapters.identity.schema import KEY_ID

    service = options.service or options.id
    for what, name in (("--id", options.id), ("--service", service)):
        if not re.fullmatch(KEY_ID, name):
            raise CommandError(f"{what} {name!r}: expected 2 to 63 lower-case letters, digits and hyphens")
    if not 1 <= options.days <= _LONGEST_DAYS:
        raise CommandError(f"--days {options.days}: expected 1 to {_LONGEST_DAYS}")
    key = new_key(options.id)
    ends = datetime.now(UTC).date() + timedelta(days=options.days)
    print("# The key; it can not be shown again. To the service it goes as READYGATE_TOKEN.")
    print(key.text)
    print("# The entry for the identity file, under api_keys:")
    print(f"  - {{id: {options.id}, sha256: {key.digest}, principal: service:{service}, expires_on: {ends}}}")
    return Exit.GO
