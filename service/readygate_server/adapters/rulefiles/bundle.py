"""A rules directory in one piece, so that a ruleset can be loaded again when its files are long gone."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence

from readygate_server.adapters.rulefiles.loader import LoadedRules, load_rulesets
from readygate_server.adapters.rulefiles.sources import Texts

_LEVEL = 6  # the same bytes for the same files, on every machine with the same zlib


def layers_of(loaded: LoadedRules) -> tuple[Texts, ...]:
    """Returns the files of a directory and of those below it, the nearest first."""
    layers: list[Texts] = []
    layer: LoadedRules | None = loaded
    while layer is not None:
        layers.append(layer.texts)
        layer = layer.base
    return tuple(layers)


def pack(layers: Sequence[Texts]) -> bytes:
    """Returns the files of all layers in one piece."""
    return zlib.compress(json.dumps(layers, sort_keys=True, separators=(",", ":")).encode(), _LEVEL)


def unpack(bundle: bytes) -> LoadedRules:
    """Loads what was packed; raises FaultsError when it no longer is free of faults."""
    loaded: LoadedRules | None = None
    for texts in reversed(json.loads(zlib.decompress(bundle))):
        loaded = load_rulesets(texts, base=loaded)
    assert loaded is not None, "a bundle has at least one layer"
    return loaded
