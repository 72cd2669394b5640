"""The manifests: they agree with the command, with each other and with what Kubernetes demands."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from readygate_server.adapters.identity.reader import read_identity
from readygate_server.bootstrap.workers import LATENESS_SECONDS
from tests.cli.help_page import parser_of
from tests.deploy.options import options_in
from tests.documents import ROOT

FOLDER = ROOT / "service/deploy/kubernetes"
NAME = {"app.kubernetes.io/name": "readygate"}


@functools.cache
def resources() -> dict[str, Any]:
    """Returns what the kustomization lists, by kind."""
    listed = yaml.safe_load((FOLDER / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]
    found = [yaml.safe_load((FOLDER / name).read_text(encoding="utf-8")) for name in listed]
    assert len({each["kind"] for each in found}) == len(listed)
    return {each["kind"]: each for each in found}


def pod() -> Any:
    """Returns what a pod of the deployment is made of."""
    return resources()["Deployment"]["spec"]["template"]["spec"]


def gate() -> Any:
    """Returns the container that serves."""
    (container,) = pod()["containers"]
    return container


def option(name: str) -> str:
    """Returns the value of an option of the server."""
    (found,) = [each.partition("=")[2] for each in gate()["args"] if each.startswith(f"--{name}=")]
    return str(found)


def test_every_file_is_listed() -> None:
    """Each manifest is listed by the kustomization, and nothing else lies there."""
    kustomization = yaml.safe_load((FOLDER / "kustomization.yaml").read_text(encoding="utf-8"))
    files = {path.name for path in FOLDER.iterdir()}

    assert files == {*kustomization["resources"], "kustomization.yaml", "identity.yaml"}


def test_the_pod_starts_a_command_that_there_is() -> None:
    """The arguments are `serve` with options that it has, and the server takes them."""
    assert gate()["args"][0] == "serve"
    assert options_in(" ".join(gate()["args"])) <= options_in(parser_of("serve").format_help())
    parser_of("serve").parse_args(gate()["args"][1:])


def test_the_pod_has_time_to_drain() -> None:
    """The grace period holds the pause before SIGTERM, the drain of calls, and the end of workers."""
    pause = gate()["lifecycle"]["preStop"]["sleep"]["seconds"]
    needed = pause + float(option("grace")) + LATENESS_SECONDS

    assert pause > 0
    assert pod()["terminationGracePeriodSeconds"] > needed


def test_probes_ask_what_the_server_answers() -> None:
    """Probes go over HTTPS to the port of --http; who is alive is not asked whether it is ready."""
    ports = {port["name"]: port["containerPort"] for port in gate()["ports"]}
    assert ports["https"] == int(option("http").rpartition(":")[2])
    assert ports["grpc"] == int(option("listen").rpartition(":")[2])

    paths = {}
    for name in ("startupProbe", "readinessProbe", "livenessProbe"):
        asked = gate()[name]["httpGet"]
        assert (asked["port"], asked["scheme"]) == ("https", "HTTPS")
        paths[name] = asked["path"]
    assert paths == {"startupProbe": "/readyz", "readinessProbe": "/readyz", "livenessProbe": "/healthz"}
    answered = (ROOT / "service/readygate_server/http_api/app.py").read_text(encoding="utf-8")
    assert all(f'Route("{path}"' in answered for path in paths.values())


def test_a_pod_that_is_alive_is_not_killed_during_its_start() -> None:
    """The start may take a minute, and whoever is slow afterwards is taken out of service before it is killed."""
    start, ready, alive = (gate()[f"{name}Probe"] for name in ("startup", "readiness", "liveness"))

    assert start["periodSeconds"] * start["failureThreshold"] >= 60
    until_unready = ready["periodSeconds"] * ready["failureThreshold"]
    assert alive["periodSeconds"] * alive["failureThreshold"] > 2 * until_unready


def test_the_pod_is_restricted() -> None:
    """Every container has what the restricted profile of Kubernetes demands, and a root that nobody writes to."""
    security = pod()["securityContext"]
    assert security["runAsNonRoot"] is True
    assert security["runAsUser"] > 0
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod()["automountServiceAccountToken"] is False
    for container in [*pod()["initContainers"], gate()]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"]["memory"]
    assert resources()["Namespace"]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_the_user_is_that_of_the_container_file() -> None:
    """The pod runs as whom the image is made for, where the image lets it write."""
    text = (ROOT / "service/deploy/Containerfile").read_text(encoding="utf-8")
    user = pod()["securityContext"]

    assert f"USER {user['runAsUser']}:{user['runAsGroup']}\n" in text
    assert f"VOLUME {option('data-dir')}\n" in text


def test_what_is_mounted_is_there() -> None:
    """Each volume is mounted, each mount has its volume, and each path of an option is in a mount."""
    volumes = {volume["name"] for volume in pod()["volumes"]}
    containers = [*pod()["initContainers"], gate()]
    mounts = [mount for container in containers for mount in container["volumeMounts"]]

    assert {mount["name"] for mount in mounts} == volumes
    paths = [mount["mountPath"] for mount in gate()["volumeMounts"]]
    for name in ("tls-cert", "tls-key", "identity", "data-dir"):
        assert any(Path(option(name)).is_relative_to(path) for path in paths), name


def test_no_secret_stands_in_a_manifest() -> None:
    """The address of the database comes from a Secret, and no file holds one."""
    (variable,) = gate()["env"]

    assert variable["name"] == "READYGATE_DATABASE_URL"
    assert "secretKeyRef" in variable["valueFrom"]
    assert "Secret" not in resources()
    text = "".join(path.read_text(encoding="utf-8") for path in FOLDER.iterdir())
    assert re.search(r"postgres(ql)?://|BEGIN [A-Z ]*PRIVATE KEY|rg_[a-z]", text) is None


def test_everything_selects_the_pods() -> None:
    """Deployment, service, disruption budget, policy and spread mean the same pods."""
    found = resources()
    template = found["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert template == NAME
    assert found["Service"]["spec"]["selector"] == NAME
    for labels in (
        found["Deployment"]["spec"]["selector"]["matchLabels"],
        found["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        found["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
        *(each["labelSelector"]["matchLabels"] for each in pod()["topologySpreadConstraints"]),
    ):
        assert labels == NAME


def test_an_upgrade_takes_nobody_away() -> None:
    """Two replicas, of which none goes before another is ready, and one stays when nodes are drained."""
    spec = resources()["Deployment"]["spec"]

    assert spec["replicas"] >= 2
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert resources()["PodDisruptionBudget"]["spec"]["maxUnavailable"] < spec["replicas"]


def test_the_identities_are_read() -> None:
    """The identity file of the manifests is sound, and knows nobody by a credential."""
    text = (FOLDER / "identity.yaml").read_text(encoding="utf-8")

    read_identity(text, file="identity.yaml")
    assert not {"api_keys", "mtls", "oidc"} & set(yaml.safe_load(text))


def test_kubernetes_takes_the_manifests(tmp_path: Path) -> None:
    """What kubectl builds of them passes the schemas of Kubernetes, strictly, where both are installed."""
    for program, how in (("kubectl", "kubectl"), ("kubernetes-validate", "pip install kubernetes-validate")):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not on this machine: {how}")
    built = subprocess.run(
        ["kubectl", "kustomize", str(FOLDER)], capture_output=True, text=True, timeout=60, check=True
    )
    file = tmp_path / "all.yaml"
    file.write_text(built.stdout, encoding="utf-8")
    command = ["kubernetes-validate", "--strict", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)

    assert built.stdout.count("\nkind: ") >= len(resources())
    assert done.returncode == 0, done.stdout + done.stderr
