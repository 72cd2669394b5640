"""Targets with a fault planted in them, so that a test can see the oracle find it."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Final

from tests.fuzz.inputs import Input

AT: Final = 7
"""Number of the input at which the fault shows."""


class Sound:
    """Refuses everything, as it should."""

    def take(self, given: Input) -> Sequence[str]:
        """Returns a refusal, but for the planted fault."""
        if given.number == AT:
            return self._fault()
        return ("refused",)

    def _fault(self) -> Sequence[str]:
        return ("refused",)


class Crashing(Sound):
    """Raises what nobody foresaw."""

    def _fault(self) -> Sequence[str]:
        raise KeyError("planted")


class Dying(Sound):
    """Takes its process along, as a fault in compiled code does."""

    def _fault(self) -> Sequence[str]:
        os.abort()


class Agreeing(Sound):
    """Says yes."""

    def _fault(self) -> Sequence[str]:
        return ("GO_WITH_CONDITIONS",)


class Slow(Sound):
    """Takes longer than an input may."""

    def _fault(self) -> Sequence[str]:
        until = time.process_time() + 1.2
        while time.process_time() < until:
            pass
        return ("refused",)


class Hanging(Sound):
    """Never comes back."""

    def _fault(self) -> Sequence[str]:
        while True:
            pass


class Greedy(Sound):
    """Takes more memory than an input may."""

    def _fault(self) -> Sequence[str]:
        taken = bytearray(b"\x01") * (300 << 20)
        return (f"refused {len(taken)} bytes",)
