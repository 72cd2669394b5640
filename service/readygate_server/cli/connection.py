"""The connection of commands to a server: who they are comes from the environment, where secrets of jobs are."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from readygate import GateClient, GateError, tls
from readygate.client import DEFAULT_TIMEOUT
from readygate.credentials import is_local
from readygate_server.cli.exits import CommandError, Exit
from readygate_server.cli.ways_out import unanswered, unreadable

CA: Final = "READYGATE_CA"
CERTIFICATE: Final = "READYGATE_CLIENT_CERT"
KEY: Final = "READYGATE_CLIENT_KEY"
TOKEN: Final = "READYGATE_TOKEN"  # noqa: S105 -- the name of a variable
TOKEN_FILE: Final = "READYGATE_TOKEN_FILE"  # noqa: S105 -- the name of a variable


def connect(
    target: str, *, timeout: float = DEFAULT_TIMEOUT, environment: Mapping[str, str] = os.environ
) -> GateClient:
    """Returns a client of a server, with the certificates and the token that the environment names.

    Raises:
      CommandError: when a file that is named can not be read, or a certificate lacks its key.
    """
    ca, certificate, key = (_path(environment, name) for name in (CA, CERTIFICATE, KEY))
    try:
        token = _token(environment)
        wants_tls = any((ca, certificate, key)) or (token is not None and not is_local(target))
        credentials = tls(ca=ca, certificate=certificate, key=key) if wants_tls else None
        return GateClient(target, timeout=timeout, credentials=credentials, token=token)
    except OSError as error:
        raise CommandError(unreadable(str(error.filename), error)) from None
    except ValueError as error:
        raise CommandError(f"{CERTIFICATE} and {KEY}: {error}") from None


@contextmanager
def asking(target: str, *, refused: Collection[str] = (), timeout: float = DEFAULT_TIMEOUT) -> Iterator[GateClient]:
    """Gives a client of a server; what the server answers with an error ends the command with its reason.

    `refused` are the reasons that are an answer of their own and end with 1.
    """
    try:
        with connect(target, timeout=timeout) as client:
            yield client
    except GateError as error:
        is_answer = error.reason in refused
        code = Exit.NO_GO if is_answer else Exit.BAD_INPUT if error.is_callers_fault else Exit.SERVICE_FAILED
        raise CommandError(unanswered(target, error), code) from None


def _token(environment: Mapping[str, str]) -> str | None:
    if token := environment.get(TOKEN, ""):
        return token.strip()
    path = _path(environment, TOKEN_FILE)
    return path.read_text(encoding="utf-8").strip() if path else None


def _path(environment: Mapping[str, str], name: str) -> Path | None:
    text = environment.get(name, "")
    return Path(text) if text else None
