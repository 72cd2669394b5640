r"""From a vendor's proposal to a signature under the contract, and what happens when the go is over.

1. Submit the proposal: no-go, with the work that is missing.
2. Submit it again, repaired: go.
3. Get the certificate, and check it without the server, as whoever signs the contract does.
4. Wait for the webhook that says that the go has lapsed.

The server tells this program by `serve --webhooks FILE`, whose secret is in READYGATE_WEBHOOK_SECRET here:

    python procurement.py --server 127.0.0.1:7443 --keys keys.json --audience procurement.bank.example \
        --receive 8099 first.json repaired.json
"""

from __future__ import annotations

import argparse
import base64
import hmac
import json
import os
import queue
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from google.protobuf import json_format

from readygate import GateClient, GateError
from readygate.v1.certificate_service_pb2 import IssueCertificateRequest
from readygate.v1.decision_pb2 import Verdict
from readygate.v1.gate_service_pb2 import EvaluateRequest, EvaluateResponse
from readygate.v1.proposal_pb2 import Proposal

LAPSED = "dev.readygate.decision.lapsed.v1"
SECONDS_APART = 300
"""How old a webhook may be; an older one may be a copy that somebody sends again."""


def is_genuine(headers: Any, body: bytes, secret: str) -> bool:
    """True when a webhook comes from who has the secret, and is not an old one: https://www.standardwebhooks.com."""
    event_id, sent_at, signed = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not sent_at.isdecimal() or abs(time.time() - int(sent_at)) > SECONDS_APART:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    wanted = base64.b64encode(hmac.digest(key, f"{event_id}.{sent_at}.".encode() + body, "sha256"))
    return any(hmac.compare_digest(b"v1," + wanted, each.encode()) for each in signed.split(" "))


def receive(port: int, secret: str) -> queue.Queue[dict[str, Any]]:
    """Takes webhooks on a port of this machine; returns where they come out, each once."""
    events: queue.Queue[dict[str, Any]] = queue.Queue()
    seen: set[str] = set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(min(int(self.headers.get("content-length", 0)), 1 << 20))
            genuine = is_genuine(self.headers, body, secret)
            self.send_response(204 if genuine else 401)
            self.end_headers()
            event = json.loads(body) if genuine else {}
            if genuine and event["id"] not in seen:  # the same event may come twice, with the same id
                seen.add(event["id"])
                events.put(event)

        def log_message(self, *_arguments: object) -> None:
            """Says nothing."""

    server = HTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return events


def submit(client: GateClient, file: Path, as_of: str) -> EvaluateResponse:
    """Submits a proposal and shows the answer."""
    proposal = json_format.Parse(file.read_text(encoding="utf-8"), Proposal())
    answer = client.evaluate(EvaluateRequest(proposal=proposal, as_of=as_of))
    print(f"{file.name}: {Verdict.Name(answer.decision.verdict).removeprefix('VERDICT_')}")
    for item in answer.decision.plan.items:
        print(f"  to do: {item.title}: {item.done_when}")
    return answer


def main() -> int:
    """Goes through the steps."""
    parser = argparse.ArgumentParser(description="Submits a proposal twice, gets a certificate, waits for its lapse.")
    parser.add_argument("first", type=Path, help="proposal in JSON, as docs/http.md says")
    parser.add_argument("repaired", type=Path, help="the same with the work done")
    parser.add_argument("--server", required=True, metavar="HOST:PORT")
    parser.add_argument("--keys", type=Path, required=True, help="public keys, as `readygate keys export` writes them")
    parser.add_argument("--audience", required=True, help="who the certificate is for")
    parser.add_argument("--receive", type=int, required=True, metavar="PORT", help="port for webhooks")
    parser.add_argument("--as-of", default="", metavar="DATE", help="day to judge on (default: today)")
    options = parser.parse_args()
    events = receive(options.receive, os.environ["READYGATE_WEBHOOK_SECRET"])
    try:
        with GateClient(options.server) as client:
            submit(client, options.first, options.as_of)
            answer = submit(client, options.repaired, options.as_of)
            request = IssueCertificateRequest(decision_id=answer.record.decision_id, audience=options.audience)
            certificate = client.issue_certificate(request)
    except GateError as error:  # no verdict was reached, or one that gets no certificate
        print(error, file=sys.stderr)
        return 1
    bundle = Path("certificate.json")
    bundle.write_text(certificate.bundle, encoding="utf-8")
    check = ("certificate", "verify", str(bundle), "--keys", str(options.keys), "--audience", options.audience)
    verified = subprocess.run(["readygate", *check], capture_output=True, text=True, check=False)  # noqa: S603, S607
    print(f"certificate: {verified.stdout.splitlines()[0] if verified.stdout else verified.stderr}")
    if verified.returncode:
        return 1
    print("signed; waiting for webhooks", flush=True)
    while True:
        event = events.get()
        print(f"{event['type']} {event['subject']}", flush=True)
        if event["type"] == LAPSED:
            print(f"the go of {event['subject']} ended with {event['data']['valid_until']}: ask again")
            return 0


if __name__ == "__main__":
    sys.exit(main())
