"""Part `records`: calls recorded durably, in SQLite and in PostgreSQL, beside a server that records nothing."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final

from readygate.v1 import gate_service_pb2 as pb
from tests import postgres
from tests.bench.contenders import gate_server
from tests.bench.forms import unary
from tests.bench.generator import Generator
from tests.bench.lanes import Lane, figures
from tests.bench.part_calls import ASKED, FEW, MANY, run
from tests.bench.record import syncs
from tests.bench.run import Part, Setting

NOTHING: Final = "nothing recorded"


def measure(setting: Setting, generator: Generator) -> Part:
    """Runs the part; without PostgreSQL in a quick run."""
    form = unary()
    requests = form.requests("new", count=setting.requests, view=pb.VIEW_SUMMARY, ruleset=setting.ruleset)
    lanes: list[Lane] = []
    with ExitStack() as stack:
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(3)]
        kept = {NOTHING: ["--no-record"], "SQLite": ["--data-dir", str(folders[0])]}
        if not setting.quick:
            database = stack.enter_context(postgres.fresh_database(stack.enter_context(postgres.shared_server())))
            kept["PostgreSQL"] = ["--data-dir", str(folders[1]), "--database-url", database]
        for name, keeping in kept.items():
            server = stack.enter_context(gate_server((), keeping=keeping, name=name))
            calls = form.calls(server.address, requests, ruleset=setting.ruleset)
            form.size_of(generator.ask(replace(calls, requests=requests[:ASKED])))
            beside = "" if name == NOTHING else NOTHING
            lanes += [Lane(name, server, calls, pace, kind="new", beside=beside) for pace in (MANY, FEW)]
        run(lanes, generator, setting)
        size = len(requests[0]) + lanes[0].rounds[0].greatest_reply
        rates = [syncs(folders[2], size, min(setting.seconds, 1.0)) for _ in range(setting.rounds)]
    return Part(
        "records",
        "Recorded before answered",
        ["all servers on all cores, because the writer has a thread and PostgreSQL processes of its own"],
        figures(lanes),
        {"Floor: syncs of the disk, one after the other": [{"what": f"{size} bytes", "per second": rates}]},
    )
