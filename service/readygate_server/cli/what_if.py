"""`--set FACT=VALUE`: facts that take the place of a proposal's for one run."""

from __future__ import annotations

import argparse

from readygate_server.adapters.proposals.paths import field_of, parse_path
from readygate_server.adapters.proposals.values import FactProblemError, value_from_text
from readygate_server.cli.exits import CommandError
from readygate_server.domain.facts import FactRef, FactValue


def add_what_if(parser: argparse.ArgumentParser) -> None:
    """Adds `--set FACT=VALUE`."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FACT=VALUE",
        help="what if: take this value, such as source[crm].completeness=0.99; an empty one takes the fact away",
    )


def overrides_of(options: argparse.Namespace) -> dict[FactRef, FactValue | None]:
    """Returns what takes the place of which facts, None where a fact is taken away.

    Raises:
      CommandError: for a word that names no fact, or whose value does not fit it.
    """
    return dict(_override(text) for text in options.set)


def _override(text: str) -> tuple[FactRef, FactValue | None]:
    path, equals, value = text.partition("=")
    if not equals:
        raise CommandError(f"--set {text}: got no '=', expected FACT=VALUE, such as source[crm].completeness=0.99")
    try:
        ref = parse_path(path)
        return ref, value_from_text(field_of(ref.fact), value) if value else None
    except FactProblemError as error:
        raise CommandError(f"--set {text}: {error}") from None
