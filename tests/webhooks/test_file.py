"""The webhooks file: every fault at once with its place, and no secret in any of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from readygate_server.adapters.notices.reader import read_webhooks
from readygate_server.domain.faults import FaultsError
from tests.documents import ROOT
from tests.webhooks.receiver import SECRET, Receiver
from tests.webhooks.serving import Site, record


def faults(tmp_path: Path, text: str) -> list[str]:
    """Returns the faults of a file."""
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "webhooks.yaml").write_text(text)
    with pytest.raises(FaultsError) as caught:
        read_webhooks(tmp_path / "webhooks.yaml", {})
    return [str(fault).removeprefix(f"{tmp_path}/") for fault in caught.value.faults]


def test_every_fault_is_told_at_once_with_its_place(tmp_path: Path) -> None:
    """Addresses that are not safe, names that stand twice, unknown types and secrets that are not there."""
    found = faults(
        tmp_path,
        "endpoints:\n"
        "  - {name: one, url: 'http://hooks.example/', secret_file: secret}\n"
        "  - {name: one, url: 'https://user:pw@hooks.example/', secret_file: secret}\n"
        "  - {name: two, url: 'ftp://hooks.example/', secret_env: NOT_SET}\n"
        "  - {name: six, url: 'https://h.example/', secret_file: not, events: {types: [dev.readygate.decison.*]}}\n",
    )

    assert [(each.split(":")[1], each.split(": ")[1].split(",")[0]) for each in found] == [
        ("2", "events do not travel in clear"),
        ("3", "this name is there already"),
        ("3", "events do not travel in clear"),
        ("4", "events do not travel in clear"),
        ("4", "the secret can not be used"),
        ("5", "the secret can not be used"),
        ("5", "no event is of this type"),
    ]
    assert "pw" not in "".join(found)


@pytest.mark.parametrize(
    "url",
    ["http://10.0.0.1/", "http://127.0.0.1.evil.example/", "https:///x", "file:///etc/passwd", "http://[::2]/", "//x"],
)
def test_only_https_or_loopback_is_an_address(tmp_path: Path, url: str) -> None:
    """An event travels encrypted, or does not leave the machine."""
    (fault,) = faults(tmp_path, f"endpoints: [{{name: one, url: '{url}', secret_file: secret}}]")

    assert "https" in fault


@pytest.mark.parametrize(
    "url", ["https://h.example/x?y=1", "http://127.0.0.1:1/", "http://[::1]/", "http://localhost/"]
)
def test_safe_addresses_are_taken(tmp_path: Path, url: str) -> None:
    """Https anywhere, and http on loopback."""
    (tmp_path / "w.yaml").write_text(f"endpoints: [{{name: one, url: '{url}', secret_env: S}}]")

    assert read_webhooks(tmp_path / "w.yaml", {"S": SECRET})[0].url == url


def test_unknown_keys_and_missing_ones_are_told(tmp_path: Path) -> None:
    """The shape is checked first, with what was meant."""
    found = faults(tmp_path, "endpoints:\n  - {name: one, ulr: 'https://h.example/', secret_file: a, secret_env: B}\n")

    assert any("'ulr' is not a known key" in each and "url" in each for each in found)


async def test_a_faulty_file_leaves_the_last_good_one_in_use(site: Site, receiver: Receiver) -> None:
    """A typing error silences nobody; the log says what is wrong."""
    site.tell_all(receiver)
    async with site.server() as (served, client):
        site.file.write_text("endpoints: [{name: one}]")
        await served.until(lambda: bool(served.of("not_reloaded")), "refused")
        decision = await record(client, "one")
        await served.until(lambda: bool(served.of("webhook_delivered")), "delivered")
        lines = str(served.lines)
        await served.stop()

    assert receiver.ids() == [decision]
    assert SECRET not in lines


def test_the_schema_of_line_one_takes_the_file() -> None:
    """The published JSON Schema accepts a sound file and refuses an unknown key."""
    validator = Draft202012Validator(json.loads((ROOT / "rules/schema/webhooks.schema.json").read_text("utf-8")))
    entry = {"name": "one", "url": "https://h.example/", "secret_file": "secret"}

    assert validator.is_valid({"endpoints": [entry]})
    assert not validator.is_valid({"endpoints": [{**entry, "ulr": ""}]})
