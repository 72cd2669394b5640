"""Rules of workers that did not start at the same time."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from readygate.v1 import gate_service_pb2 as pb
from readygate.v1.ruleset_pb2 import RulesetSelector
from tests.grpc_api import rules_on_disk
from tests.grpc_api.serving import AS_OF, tiny
from tests.workers.serving import connections, pids, workers

SMALL = pb.EvaluateRequest(proposal=tiny(), ruleset=RulesetSelector(name="small"), as_of=AS_OF)


async def test_a_worker_that_starts_again_does_not_serve_a_version_that_was_edited(tmp_path: Path) -> None:
    """A new worker refuses what the others refuse, and serves as soon as there is a version that all can take."""
    rules = tmp_path / "rules"
    rules.mkdir()
    rules_on_disk.write(rules, version="2026.1.0")
    async with workers(None, "--rules", str(rules)) as served:
        address = await served.ready()
        rules_on_disk.write(rules, version="2026.1.0", limit=0.99)
        await served.until(lambda: {line["worker"] for line in served.of("rules_refused")} == {1, 2}, "refused")
        refused, victim = len(served.of("rules_refused")), pids(served)[1]
        os.kill(victim, signal.SIGKILL)
        await served.until(lambda: len(served.of("rules_refused")) > refused, "refused by the new worker")
        assert pids(served)[1] == victim
        async with connections(address) as stubs:
            digests = {(await stub.Evaluate(SMALL)).decision.ruleset.digest for stub in stubs}
        first = served.of("ruleset")
        assert digests == {line["digest"] for line in first if line["name"] == "small"}

        rules_on_disk.write(rules, version="2026.2.0", limit=0.99)
        await served.until(lambda: pids(served)[1] != victim, "serving again")
        assert await served.stop() == 0

    assert all("published version edited" in line["fault"] for line in served.of("rules_refused"))
