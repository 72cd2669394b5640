"""kill -9 under load, round after round: what was acknowledged is there, once, and the log holds.

python -m tests.faults.kill --rounds 100               SQLite
python -m tests.faults.kill --rounds 100 --postgres    a PostgreSQL of its own
python -m tests.faults.kill --rounds 10 --hasty        the twin that acknowledges too early, and is found out
"""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import sys
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from readygate import AsyncGateClient, GateError
from readygate.v1 import decision_service_pb2 as decisions
from readygate.v1 import gate_service_pb2 as pb
from tests.grpc_api.processes import Served, started
from tests.grpc_api.serving import AS_OF, tiny
from tests.postgres import fresh_database, private_cluster

CALLERS = 16
_SERVER = ("-m", "readygate_server")
HASTY = ("-m", "tests.faults.hasty")


@dataclass(slots=True)
class Ledger:
    """What the callers know: which requests were answered, with what, and which are in doubt."""

    answered: dict[str, bytes] = field(default_factory=dict)
    in_doubt: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Damage:
    """What is wrong after all rounds; nothing, one hopes."""

    answered: int
    lost: int
    changed: int
    doubled: int
    log: str
    """What `log verify` says when it does not end with 0."""

    @property
    def is_none(self) -> bool:
        """True when every acknowledged decision is there as acknowledged, once, and the log holds."""
        return not (self.lost or self.changed or self.doubled or self.log)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server records, and how it is started."""

    directory: Path
    database_url: str = ""
    program: Sequence[str] = _SERVER

    @asynccontextmanager
    async def server(self) -> AsyncIterator[Served]:
        """Runs a server there."""
        database = ["--database-url", self.database_url] if self.database_url else []
        where = ["--listen", "127.0.0.1:0", "--data-dir", str(self.directory), *database]
        async with started(*self.program, "serve", *where) as served:
            yield served


def asked(request_id: str) -> pb.EvaluateRequest:
    """Returns the request of an id."""
    return pb.EvaluateRequest(request_id=request_id, proposal=tiny(request_id), as_of=AS_OF, view=pb.VIEW_SUMMARY)


async def run(place: Place, rounds: int, *, seed: int, told: bool = False) -> Damage:
    """Kills a server under load again and again, then looks at what is left."""
    chance, ledger = random.Random(seed), Ledger()  # noqa: S311 -- repeatable, not secret
    for number in range(rounds):
        async with place.server() as served:
            address = await served.ready()
            async with AsyncGateClient(address) as client:
                await _ask_again(client, ledger, chance)
                names = [f"{number}-{caller}" for caller in range(CALLERS)]
                loading = [asyncio.ensure_future(_load(client, ledger, name)) for name in names]
                await asyncio.sleep(chance.uniform(0.02, 0.5))
                served.process.send_signal(signal.SIGKILL)
                await served.process.wait()
                await asyncio.gather(*loading)
        if told:
            print(f"round {number + 1} of {rounds}: {len(ledger.answered)} answered", file=sys.stderr, flush=True)
    return await _damage(place, ledger)


async def _load(client: AsyncGateClient, ledger: Ledger, name: str) -> None:
    """Asks one thing after another until nobody answers."""
    for number in range(1_000_000):
        request = asked(f"{name}-{number}")
        ledger.in_doubt.add(request.request_id)
        try:
            reply = await client.evaluate(request, timeout=2)
        except GateError:
            return
        ledger.in_doubt.discard(request.request_id)
        ledger.answered[request.request_id] = reply.SerializeToString()


async def _ask_again(client: AsyncGateClient, ledger: Ledger, chance: random.Random) -> None:
    """Asks what was in doubt once more, as callers do, and some of what was answered."""
    for request_id in sorted(ledger.in_doubt):
        reply = await client.evaluate(asked(request_id))
        ledger.answered[request_id] = reply.SerializeToString()
    ledger.in_doubt.clear()
    for request_id in chance.sample(sorted(ledger.answered), min(20, len(ledger.answered))):
        reply = await client.evaluate(asked(request_id))
        # What differs from the first answer shows up as changed: the record holds one of the two.
        ledger.answered[request_id] = min(ledger.answered[request_id], reply.SerializeToString())


async def _damage(place: Place, ledger: Ledger) -> Damage:
    async with place.server() as served, AsyncGateClient(await served.ready()) as client:
        ids = await _recorded(client)
        changed = 0
        for request_id in ledger.answered.keys() & ids.keys():
            wanted = decisions.GetDecisionRequest(decision_id=ids[request_id][0], view=decisions.RECORD_VIEW_FULL)
            changed += (await client.get_decision(wanted)).decision.response != ledger.answered[request_id]
        await served.stop()
    return Damage(
        answered=len(ledger.answered),
        lost=len(ledger.answered.keys() - ids.keys()),
        changed=changed,
        doubled=sum(len(each) > 1 for each in ids.values()),
        log=await _verified(place),
    )


async def _recorded(client: AsyncGateClient) -> dict[str, list[str]]:
    """Returns the ids of all decisions, by the id of their request."""
    found: dict[str, list[str]] = defaultdict(list)
    request = decisions.ListDecisionsRequest(page_size=1000)
    while True:
        page = await client.list_decisions(request)
        for each in page.decisions:
            found[each.request_id].append(each.ref.decision_id)
        if not page.next_page_token:
            return found
        request.page_token = page.next_page_token


async def _verified(place: Place) -> str:
    """Returns what is wrong with the log."""
    where = ["--data-dir", str(place.directory)]
    if place.database_url:
        keys = place.directory / "keys.json"
        _, exported = await _output("keys", "export", *where)
        keys.write_bytes(exported)
        where = ["--database-url", place.database_url, "--key", str(keys)]
    code, said = await _output("log", "verify", *where)
    return said.decode() if code else ""


async def _output(*arguments: str) -> tuple[int, bytes]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, *_SERVER, *arguments, stdout=pipe)
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said


async def _main(options: argparse.Namespace) -> int:
    share = [
        options.rounds // options.places + (each < options.rounds % options.places) for each in range(options.places)
    ]
    with ExitStack() as undo:
        directory = Path(undo.enter_context(tempfile.TemporaryDirectory()))
        urls = [""] * len(share)
        if options.postgres:
            server = undo.enter_context(private_cluster()).url
            urls = [undo.enter_context(fresh_database(server)) for _ in share]
        places = [
            Place(directory / str(number), url, HASTY if options.hasty else _SERVER) for number, url in enumerate(urls)
        ]
        runs = [
            run(place, rounds, seed=options.seed + number, told=True)
            for number, (place, rounds) in enumerate(zip(places, share, strict=True))
        ]
        found = await asyncio.gather(*runs)
    for damage in found:
        print(f"{damage.answered} answered: {damage.lost} lost, {damage.changed} changed, {damage.doubled} doubled")
        print(damage.log, end="")
    return 0 if all(damage.is_none for damage in found) else 1


def main() -> int:
    """Runs the rounds and tells what is left."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=100, help="kills (default: %(default)s)")
    parser.add_argument("--places", type=int, default=2, help="records side by side (default: %(default)s)")
    parser.add_argument("--postgres", action="store_true", help="record in a PostgreSQL instead of SQLite")
    parser.add_argument("--hasty", action="store_true", help="acknowledge before anything is durable")
    parser.add_argument("--seed", type=int, default=1, help="(default: %(default)s)")
    return asyncio.run(_main(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
