"""What a collector may not do in its process: reach the network, or start another process."""

from __future__ import annotations

import os
import sys
from typing import Any, Final

_NETWORK: Final = frozenset(
    {
        "socket.bind",
        "socket.connect",
        "socket.getaddrinfo",
        "socket.gethostbyaddr",
        "socket.gethostbyname",
        "socket.getnameinfo",
        "socket.sendmsg",
        "socket.sendto",
    }
)
_PROCESSES: Final = frozenset(
    {"os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system", "pty.spawn", "subprocess.Popen"}
)
_NEW_USERS, _NEW_NETWORK = 0x10000000, 0x40000000


class FencedError(PermissionError):
    """A collector tried what it may not."""


class Fence:
    """Refuses network and processes from now on, and remembers whether the network was tried.

    It holds for Python. A library's own code is only kept from the network where the system gives the process a network
    of its own, which Linux does unless an administrator has forbidden it.
    """

    def __init__(self, *, network: bool) -> None:
        """Fences the process that calls this; there is no way back. With `network` only processes are refused."""
        self.tried: list[str] = []
        self._network = network
        self.isolated = not network and own_network()
        sys.addaudithook(self._look)

    def _look(self, event: str, _: tuple[Any, ...]) -> None:
        if event in _NETWORK and not self._network:
            self.tried.append(event)
            raise FencedError(f"a collector has no network ({event})")
        if event in _PROCESSES:
            raise FencedError(f"a collector starts no other process ({event})")


def own_network() -> bool:
    """Gives this process a network with nothing in it; False where the system does not let it."""
    if not sys.platform.startswith("linux"):
        return False
    import ctypes

    try:
        unshare = ctypes.CDLL(None, use_errno=True).unshare
    except (OSError, AttributeError):
        return False
    # Alone it takes privileges. With a user namespace it takes none, but takes from root the right to others' files.
    ways = (_NEW_NETWORK,) if os.geteuid() == 0 else (_NEW_NETWORK, _NEW_USERS | _NEW_NETWORK)
    return any(unshare(flags) == 0 for flags in ways)
