"""What the manifests start, started here: two servers on one PostgreSQL, with the keys, options and probes of a pod."""

from __future__ import annotations

import asyncio
import ssl
import stat
import subprocess
import urllib.request
from pathlib import Path

import pytest
import yaml

from readygate import AsyncGateClient, tls
from readygate.v1.decision_service_pb2 import ListDecisionsRequest
from readygate.v1.gate_service_pb2 import EvaluateRequest
from readygate.v1.log_service_pb2 import GetKeySetRequest
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.adapters.identity.api_keys import new_key
from tests.deploy.test_kubernetes import FOLDER, gate, pod
from tests.grpc_api.processes import Served, started
from tests.identity.authority import Authority, put

HERE = {"listen": "0.0.0.0:0", "http": "0.0.0.0:0", "metrics": "127.0.0.1:0", "workers": "1"}
"""What is another here: free ports, and one process a server, which starts in half the time."""


def options(files: Path, data: Path) -> list[str]:
    """Returns the arguments of the container, with free ports and with what is mounted in folders of this test."""
    mounted = {
        "tls-cert": files / "server.pem",
        "tls-key": files / "server.key",
        "identity": files / "identity.yaml",
        "data-dir": data,
    }
    command, *given = gate()["args"]
    names = [each.removeprefix("--").partition("=") for each in given]
    return [command, *(f"--{name}={({**HERE, **mounted}).get(name, value)}" for name, _, value in names)]


def copy_keys(made: Path, data: Path) -> None:
    """Runs what the first container of the pod runs."""
    (container,) = pod()["initContainers"]
    *shell, script = container["command"]
    data.mkdir(mode=0o700)
    subprocess.run([*shell, script.replace("/secrets/keys", str(made / "keys"))], cwd=data, check=True, timeout=20)


def reached(address: str) -> str:
    """Returns an address of a server on all addresses, as this machine reaches it."""
    return "127.0.0.1:" + address.rpartition(":")[2]


def probe(served: Served, path: str, authorities: Path) -> int:
    """Returns what a probe of the pod gets."""
    address = next(line["address"] for line in served.of("listening") if line.get("protocol") == "http")
    context = ssl.create_default_context(cafile=str(authorities))
    url = f"https://{reached(address)}{path}"
    with urllib.request.urlopen(url, timeout=10, context=context) as reply:
        return int(reply.status)


async def made_keys(directory: Path) -> Path:
    """Makes keys as the guide says: a server that is started once and stopped."""
    made = directory / "made"
    listen = ("--listen", f"unix:{directory / 'made.sock'}", "--data-dir", str(made))
    async with started("-m", "readygate_server", "serve", *listen) as served:
        await served.ready()
        assert await served.stop() == 0
    return made


async def pods(directory: Path) -> tuple[list[Path], str, Path]:
    """Writes what two pods mount; gives their data directories, a key for a caller, and the CA."""
    key, authority = new_key("intake-1"), Authority()
    authority.server().write(directory, "server")
    known = yaml.safe_load((FOLDER / "identity.yaml").read_text(encoding="utf-8"))
    entry = {"id": "intake-1", "sha256": key.digest, "principal": "service:intake", "expires_on": "2099-01-01"}
    put(directory / "identity.yaml", yaml.safe_dump(known | {"api_keys": [entry]}))
    made, data = await made_keys(directory), [directory / "a", directory / "b"]
    for each in data:
        copy_keys(made, each)
        assert {stat.S_IMODE(path.stat().st_mode) for path in (each / "keys").iterdir()} == {0o600}
    return data, key.text, put(directory / "ca.pem", authority.certificate)


async def test_two_pods_are_one_gate_and_one_may_go(
    tmp_path: Path, postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both answer by the same keys from one record; when one is told to go it drains, and nothing answered is lost."""
    monkeypatch.setenv("READYGATE_DATABASE_URL", postgres_database)
    data, key, ca = await pods(tmp_path)
    request = EvaluateRequest(proposal=Proposal(id="p"), as_of="2026-11-01")
    first, second = (started("-m", "readygate_server", *options(tmp_path, each)) for each in data)
    async with first as a, second as b:
        targets = [reached(await each.ready()) for each in (a, b)]
        assert [probe(each, path, ca) for each in (a, b) for path in ("/readyz", "/healthz")] == [200] * 4
        going, staying = (AsyncGateClient(each, credentials=tls(ca=ca), token=key) for each in targets)
        async with going, staying:
            answers = [await client.evaluate(request) for client in (going, staying) for _ in range(4)]
            assert await going.get_key_set(GetKeySetRequest()) == await staying.get_key_set(GetKeySetRequest())
            last = [asyncio.create_task(going.evaluate(request)) for _ in range(4)]
            await asyncio.sleep(0)
            stopped = asyncio.create_task(a.stop())
            answers += [await staying.evaluate(request) for _ in range(4)]
            ended = await asyncio.gather(*last, return_exceptions=True)
            answers += [each for each in ended if not isinstance(each, BaseException)]
            listed = (await staying.list_decisions(ListDecisionsRequest())).decisions
        codes = (await stopped, await b.stop())

    assert codes == (0, 0)
    assert len(answers) >= 12
    assert {answer.record.decision_id for answer in answers} <= {each.ref.decision_id for each in listed}
