"""A receiver of webhooks on loopback that answers as it is told, and remembers what it got."""

from __future__ import annotations

import base64
import hmac
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER_SECRET = "whsec_" + base64.b64encode(bytes(range(32, 64))).decode()


@dataclass(frozen=True)
class Got:
    """One request."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        """The event."""
        found: dict[str, Any] = json.loads(self.body)
        return found

    def is_signed_with(self, secret: str) -> bool:
        """True when one of the signatures is that of a secret; written down anew here, not taken from the product."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + self.body
        wanted = "v1," + base64.b64encode(hmac.new(key, signed, "sha256").digest()).decode()
        return any(hmac.compare_digest(wanted, each) for each in self.headers["webhook-signature"].split(" "))


Reply = tuple[int, Mapping[str, str], bytes]
Raw = bytes


def _fine(_got: Got) -> Reply | Raw:
    return 204, {}, b""


@dataclass
class Receiver:
    """What came in, and how it is answered: with a status, headers and text, or with raw bytes."""

    url: str = ""
    got: list[Got] = field(default_factory=list)
    answer: Callable[[Got], Reply | Raw] = _fine

    def of(self, kind: str) -> list[Got]:
        """Returns what came of a type, such as `decision.recorded`."""
        return [each for each in self.got if each.event["type"] == f"dev.readygate.{kind}.v1"]

    def ids(self) -> list[str]:
        """Returns the ids in the order in which they came."""
        return [each.headers["webhook-id"] for each in self.got]

    def until(self, holds: Callable[[], bool], seconds: float = 20) -> None:
        """Waits until something holds."""
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, f"never came; got {[each.event['type'] for each in self.got]}"
            time.sleep(0.02)

    def file(self, name: str = "procurement", more: Sequence[str] = ()) -> str:
        """Returns an entry of a webhooks file."""
        lines = [f"  - name: {name}", f"    url: {self.url}/{name}", "    secret_file: secret", *more]
        return "\n".join(lines) + "\n"


@contextmanager
def receiving(port: int = 0, certificate: tuple[Path, Path] | None = None) -> Iterator[Receiver]:
    """Runs a receiver; with a certificate and its key, over TLS."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            body = self.rfile.read(length)
            if len(body) < length:  # whoever sent it was killed in between: nothing has come
                self.close_connection = True
                return
            got = Got(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            receiver.got.append(got)
            answer = receiver.answer(got)
            if isinstance(answer, bytes):
                self.wfile.write(answer)
                self.close_connection = True
                return
            code, headers, text = answer
            self.send_response(code)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def do_GET(self) -> None:
            receiver.got.append(Got(self.path, {}, b"{}"))
            self.send_error(404)

        def log_message(self, *_arguments: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_arguments: object) -> None:
            pass

    server = Server(("127.0.0.1", port), Handler)
    receiver.url = f"http{'s' if certificate else ''}://127.0.0.1:{server.server_address[1]}"
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def free_port() -> int:
    """Returns a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
