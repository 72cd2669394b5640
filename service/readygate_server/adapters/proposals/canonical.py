"""The one text of a value that digests are over: JSON with sorted keys and without spaces, in UTF-8."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec.json import Encoder

canonical_json: Final[Callable[[object], bytes]] = Encoder(order="sorted").encode
"""Returns the text of what JSON can say; numbers as the shortest decimal that reads back as the same number."""
