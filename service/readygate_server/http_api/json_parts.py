"""Parts of requests and replies that come again, such as a proposal that is asked about each day: translated once.

A part is a message that stands in another under a name of its own, and not in a list. What it is in JSON follows from
its bytes, and the other way round; so it is recalled by their digest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from google.protobuf.descriptor import Descriptor

from readygate_server.domain.memory import Memory

WELL_KNOWN: Final = "google.protobuf."
"""How the names of kinds begin that have a form of their own in JSON."""
_SHORTEST: Final = 1 << 10
_LONGEST: Final = 256 << 10
_GENERATION: Final = 64


class Part(NamedTuple):
    """A field that holds a part."""

    name: str
    json_name: str
    number: int
    kind: Descriptor


def parts_of(kind: Any) -> Sequence[Part]:
    """Returns the parts of a kind of message, by its descriptor."""
    return [
        Part(field.name, field.json_name, field.number, field.message_type)
        for field in kind.fields
        if field.message_type is not None
        and not field.is_repeated
        and not field.message_type.full_name.startswith(WELL_KNOWN)
    ]


class Translations:
    """Translates parts, and recalls those that were met twice: at most 2 generations of 64, of 256 KiB each."""

    def __init__(self) -> None:
        """Starts with none."""
        self._memory: Memory[bytes] = Memory(_GENERATION)

    def of(self, kind: Descriptor, part: bytes, translate: Callable[[bytes], bytes | None]) -> bytes | None:
        """Returns what a part of a kind is in the other form; None when `translate` knows no such part."""
        if not _SHORTEST <= len(part) <= _LONGEST:
            return translate(part)
        key = kind.full_name, hashlib.sha256(part).digest()
        known = self._memory.recall(key)
        if known is None:
            known = translate(part)
            if known is not None and len(known) <= _LONGEST and self._memory.is_known(key):
                self._memory.keep(key, known)
        return known
