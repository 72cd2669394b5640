"""`readygate keys`: the keys that sign certificates and checkpoints."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from readygate_server.cli.exits import CommandError, Exit
from readygate_server.domain.keys import KeyPurpose, KeySet

_SIGNER = (
    "where the private key of the certificates is: file2:PATH, awskms:KEY, gcpkms:NAME, azurekms://VAULT/keys/KEY, "
    "hsm:ID?label=TOKEN or hv:KEY (default: a new file in the data directory)"
)


def add_to(commands: Any) -> None:
    """Adds the command and its own commands."""
    parser = commands.add_parser(
        "keys",
        help="make, rotate, list and publish the keys that sign",
        description="Keys lie in the folder `keys` of a server's data directory. Private ones never leave it.",
    )
    own = parser.add_subparsers(dest="keys_command", required=True, metavar="COMMAND")
    init = _add(own, "init", _init, "make a key for certificates and one for checkpoints of the log")
    init.add_argument("--certificate-signer", default="", metavar="URI", help=_SIGNER)
    rotate = _add(own, "rotate", _rotate, "make a new key; the old one is retired, and what it signed holds")
    rotate.add_argument(
        "--purpose",
        choices=[each.value for each in KeyPurpose],
        default=KeyPurpose.CERTIFICATE.value,
        help="which key (default: %(default)s)",
    )
    rotate.add_argument(
        "--revoke",
        action="store_true",
        help="somebody else may have the old key: nothing that it signed is to be trusted",
    )
    rotate.add_argument("--certificate-signer", default="", metavar="URI", help=_SIGNER)
    revoke = _add(own, "revoke", _revoke, "list a retired key as not to be trusted")
    revoke.add_argument("key", metavar="KEY", help="id of the key, sha256:…")
    _add(own, "list", _list, "list all keys that there were, with what became of them")
    export = _add(own, "export", _export, "write the public keys, for those who check certificates")
    export.add_argument(
        "--signed", action="store_true", help="in the envelope that the certificate key before has signed (DSSE)"
    )
    export.add_argument("-o", "--output", type=Path, metavar="FILE", help="where to (default: standard output)")


def _add(own: Any, name: str, run: Any, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = own.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    parser.add_argument("--data-dir", type=Path, required=True, metavar="DIR", help="data directory of the server")
    parser.set_defaults(run=_guarded(run))
    return parser


def _guarded(run: Any) -> Any:
    """Returns a command that ends with a message when keys can not be used."""

    def guarded(options: argparse.Namespace) -> Exit:
        from readygate_server.adapters.signing.errors import KeyProblemError, MalformedError

        try:
            run(options)
        except (KeyProblemError, MalformedError, FileExistsError) as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from None
        return Exit.GO

    return guarded


def _init(options: argparse.Namespace) -> None:
    from readygate_server.adapters.signing.store import init_keys

    _print(init_keys(options.data_dir, certificate_signer=options.certificate_signer))


def _rotate(options: argparse.Namespace) -> None:
    from readygate_server.adapters.signing.store import rotate_key

    purpose = KeyPurpose(options.purpose)
    if options.certificate_signer and purpose is not KeyPurpose.CERTIFICATE:
        raise CommandError("--certificate-signer is for --purpose certificate; checkpoints are signed with a file")
    _print(rotate_key(options.data_dir, purpose, revoke=options.revoke, certificate_signer=options.certificate_signer))


def _revoke(options: argparse.Namespace) -> None:
    from readygate_server.adapters.signing.store import revoke_key

    _print(revoke_key(options.data_dir, options.key))


def _list(options: argparse.Namespace) -> None:
    from readygate_server.adapters.signing.store import read_current

    _print(read_current(options.data_dir)[0])


def _export(options: argparse.Namespace) -> None:
    from readygate_server.adapters.signing.key_sets import key_set_text
    from readygate_server.adapters.signing.store import read_current

    key_set, envelope = read_current(options.data_dir)
    text = envelope.strip() if options.signed else key_set_text(key_set)
    if options.output is None:
        sys.stdout.write(f"{text}\n")
    else:
        options.output.write_text(f"{text}\n", encoding="utf-8")


def _print(key_set: KeySet) -> None:
    from readygate_server.adapters.signing.canonical import moment_text

    print(f"Key set {key_set.number} of {moment_text(key_set.issued_at)}")
    for key in key_set.keys:
        ends = "" if key.not_after is None else f" to {moment_text(key.not_after)}"
        print(f"  {key.status:<8} {key.purpose:<11} {key.algorithm:<17} {key.id}")
        print(f"           from {moment_text(key.not_before)}{ends}")
