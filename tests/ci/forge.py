"""The comments of one change as GitHub and GitLab keep them, behind HTTP: what is asked, and by whom, is checked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

US = 7
PULL = "/repos/acme/agents/issues/12/comments"
ONE = "/repos/acme/agents/issues/comments/"
NOTES = "/projects/34/merge_requests/12/notes"


class ForgeServer:
    """Comments, and the requests that changed them."""

    def __init__(self, *, may_ask_who: bool = True) -> None:
        """Starts without comments; the token of a job at GitHub may not ask who it is."""
        self.comments: list[dict[str, Any]] = []
        self.may_ask_who = may_ask_who
        self.redirect = ""
        self.changes: list[str] = []
        self.address = ""

    def comment(self, text: str, *, by: int = US) -> None:
        """Adds a comment of ours, or of somebody else."""
        kind = "User" if self.may_ask_who or by != US else "Bot"
        self.comments.append(
            {"id": len(self.comments) + 1, "body": text, "author": {"id": by}, "user": {"login": str(by), "type": kind}}
        )

    def answer(self, method: str, target: str, headers: Any, body: Any) -> tuple[int, Any]:
        """Returns the status and the JSON of an answer."""
        path, query = urlsplit(target).path, parse_qs(urlsplit(target).query)
        if headers.get("Authorization") != "Bearer secret" and headers.get("PRIVATE-TOKEN") != "secret":
            return 401, {}
        if path == "/user":
            return (200, {"id": US, "login": str(US)}) if self.may_ask_who else (403, {})
        if method == "GET" and path in (PULL, NOTES):
            start, size = (int(query["page"][0]) - 1) * int(query["per_page"][0]), int(query["per_page"][0])
            return 200, self.comments[start : start + size]
        return self._change(method, path, body)

    def _change(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        self.changes.append(f"{method} {path}")
        if method == "POST" and path in (PULL, NOTES):
            self.comment(body["body"])
            return 201, {}
        for holder, verb in ((ONE, "PATCH"), (f"{NOTES}/", "PUT")):
            if method == verb and path.startswith(holder):
                self.comments[int(path.removeprefix(holder)) - 1]["body"] = body["body"]
                return 200, {}
        return 404, {}


@contextmanager
def forge(**options: Any) -> Iterator[ForgeServer]:
    """Runs a forge on a port of its own."""
    kept = ForgeServer(**options)

    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size)) if size else None
            status, reply = kept.answer(self.command, self.path, self.headers, body)
            data = json.dumps(reply).encode()
            self.send_response(302 if kept.redirect else status)
            if kept.redirect:
                self.send_header("Location", kept.redirect)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_PATCH = _do  # noqa: N815 -- the names that the standard library calls

        def log_message(self, *_: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        kept.address = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield kept
        finally:
            server.shutdown()
            thread.join()
