"""Versions of the specification, and what each has that others have not."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from readygate_server.adapters.collectors.documents import shown
from readygate_server.adapters.collectors.port import ArtefactError, ArtefactFault

_METHODS: Final = frozenset({"get", "put", "post", "delete", "options", "head", "patch"})
_WRITTEN: Final = re.compile(r"3\.([0-2])(\.[0-9]+)?([-+].*)?", re.DOTALL)


class Version(NamedTuple):
    """A version of the specification."""

    name: str
    """`2.0`, `3.0`, `3.1` or `3.2`."""
    methods: frozenset[str]

    @property
    def swagger(self) -> bool:
        """True for Swagger 2."""
        return self.name == "2.0"

    @property
    def additional(self) -> bool:
        """True when a path item may have operations of other methods."""
        return self.name == "3.2"

    @property
    def title(self) -> str:
        """Returns the name for people."""
        return f"{'Swagger' if self.swagger else 'OpenAPI'} {self.name}"


SWAGGER: Final = Version("2.0", _METHODS)
VERSIONS: Final = {
    "0": Version("3.0", _METHODS | {"trace"}),
    "1": Version("3.1", _METHODS | {"trace"}),
    "2": Version("3.2", _METHODS | {"trace", "query"}),
}


def version_of(data: object, place: str) -> Version:
    """Returns the version that a document says it follows.

    Raises:
      ArtefactError: when it says none, or one that is not read.
    """
    if not isinstance(data, dict) or not ("openapi" in data or "swagger" in data):
        fault = ArtefactFault(
            place,
            "this is no OpenAPI document",
            got="neither `openapi` nor `swagger` at its top",
            way_out="name the file that the others are referred to from",
        )
        raise ArtefactError(fault)
    found = known_version(data.get("openapi", data.get("swagger")), swagger="openapi" not in data)
    if found is None:
        said = shown(str(data.get("openapi", data.get("swagger"))))
        raise ArtefactError(
            ArtefactFault(place, "this version is not read", got=said, expected="2.0, or 3.0, 3.1 or 3.2")
        )
    return found


def known_version(said: object, *, swagger: bool) -> Version | None:
    """Returns the version of what a document says; a number where text was meant is understood."""
    if swagger:
        return SWAGGER if said in ("2.0", 2, 2.0) else None
    found = _WRITTEN.fullmatch(str(said))
    return VERSIONS[found[1]] if found else None
