"""How a client shows who it is: certificates for the connection, and a token or key for each call."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from pathlib import Path
from typing import Final

import grpc

Token = str | Callable[[], str]
"""A token or API key, or what gives the newest one; asked before every call, so it has to be quick."""

_UNIX: Final = ("unix:", "unix-abstract:")


def tls(*, ca: Path | None = None, certificate: Path | None = None, key: Path | None = None) -> grpc.ChannelCredentials:
    """Returns credentials for an encrypted connection, from files in PEM.

    Args:
      ca: Who signs the gate's certificate; the authorities that gRPC ships when left out.
      certificate: Certificate of the client, for the port that asks for one.
      key: Its private key.
    """
    if (certificate is None) != (key is None):
        raise ValueError("a client certificate and its key belong together")
    return grpc.ssl_channel_credentials(
        ca.read_bytes() if ca else None,
        key.read_bytes() if key else None,
        certificate.read_bytes() if certificate else None,
    )


class Bearer:
    """Adds a token to calls. None adds nothing."""

    def __init__(self, token: Token | None, *, target: str, is_encrypted: bool) -> None:
        """Takes the token; raises ValueError when it would travel to another machine in clear."""
        if token is not None and not is_encrypted and not is_local(target):
            raise ValueError(
                f"a token would go to {target} in clear; give credentials, such as readygate.tls(ca=Path('ca.pem'))"
            )
        self._token = token

    @property
    def is_renewed(self) -> bool:
        """True when every call may have another token."""
        return self._token is not None and not isinstance(self._token, str)

    def metadata(self) -> tuple[tuple[str, str], ...]:
        """Returns what goes with a call."""
        if self._token is None:
            return ()
        token = self._token if isinstance(self._token, str) else self._token()
        return (("authorization", f"Bearer {token}"),)


def is_local(target: str) -> bool:
    """True when a target is this machine, whatever it is asked about names."""
    if target.startswith(_UNIX):
        return True
    host = target.rpartition(":")[0].removeprefix("[").removesuffix("]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
