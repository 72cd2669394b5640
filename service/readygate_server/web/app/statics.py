"""Style sheet and script, read once, under addresses that change with what they hold."""

from __future__ import annotations

from hashlib import sha256
from importlib.resources import files
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

_KINDS: Final = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_FOLDERS: Final = ("readygate_server.web/static", "readygate_server.web.app/static")
_DIGITS: Final = 16


class _Static(NamedTuple):
    body: bytes
    kind: str
    digest: str


class Statics:
    """All files that pages load."""

    def __init__(self) -> None:
        """Reads them."""
        self._files: dict[str, _Static] = {}
        for place in _FOLDERS:
            package, _, folder = place.partition("/")
            for entry in files(package).joinpath(folder).iterdir():
                kind = _KINDS.get(entry.name.rpartition(".")[2])
                if kind is not None:
                    body = entry.read_bytes()
                    self._files[entry.name] = _Static(body, kind, sha256(body).hexdigest()[:_DIGITS])

    def address(self, name: str) -> str:
        """Returns the address of a file, which is another one when the file is."""
        return f"/static/{name}?v={self._files[name].digest}"

    async def answer(self, request: Request) -> Response:
        """Returns a file; for ever when it is asked for by its digest."""
        found = self._files.get(request.path_params["name"])
        if found is None:
            return PlainTextResponse("not found\n", 404)
        lasts = request.query_params.get("v") == found.digest
        cache = "public, max-age=31536000, immutable" if lasts else "no-cache"
        return Response(found.body, media_type=found.kind, headers={"cache-control": cache})
