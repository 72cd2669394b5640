"""Reads a webhooks file: all its faults at once, or who is told. Secrets stay out of every fault."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import ValidationError

from readygate_server.adapters.notices.schema import EndpointEntry, WebhooksFile
from readygate_server.adapters.notices.signing import read_secrets
from readygate_server.adapters.rulefiles.shape_faults import shape_faults
from readygate_server.adapters.yaml_text import Document, read_yaml
from readygate_server.application.notice_ports import Endpoint
from readygate_server.domain.faults import Fault, FaultsError, suggest
from readygate_server.domain.notices import Interest, NoticeType


def read_webhooks(path: Path, environment: Mapping[str, str] | None = None) -> tuple[Endpoint, ...]:
    """Returns the endpoints of a file; raises FaultsError with every fault, or OSError."""
    environment = os.environ if environment is None else environment
    document = read_yaml(path.read_text(encoding="utf-8"), file=str(path))
    try:
        model = WebhooksFile.model_validate(document.data)
    except ValidationError as error:
        raise FaultsError(shape_faults(document, WebhooksFile, error)) from None
    faults: list[Fault] = list(_faults(document, model))
    endpoints = []
    for index, entry in enumerate(model.endpoints):
        try:
            endpoints.append(_endpoint(entry, path.parent, environment))
        except (ValueError, OSError) as error:
            key = "secret_env" if entry.secret_env else "secret_file"
            why = error.strerror or "" if isinstance(error, OSError) else str(error)
            faults.append(document.fault(("endpoints", index, key), f"the secret can not be used: {why}"))
    if faults:
        raise FaultsError(faults)
    return tuple(endpoints)


def files_of(path: Path) -> tuple[Path, ...]:
    """Returns the file and those with the secrets that it names, all of which are looked at for changes."""
    data = read_yaml(path.read_text(encoding="utf-8"), file=str(path)).data
    entries = data.get("endpoints", []) if isinstance(data, dict) else []
    named = [each.get("secret_file") for each in entries if isinstance(each, dict)]
    return (path, *(path.parent / each for each in named if isinstance(each, str)))


def _endpoint(entry: EndpointEntry, folder: Path, environment: Mapping[str, str]) -> Endpoint:
    if entry.secret_env is not None:
        if entry.secret_env not in environment:
            raise ValueError("there is no such variable")
        text = environment[entry.secret_env]
    else:
        text = (folder / (entry.secret_file or "")).read_text(encoding="utf-8")
    events = entry.events
    return Endpoint(
        name=entry.name,
        url=entry.url,
        interest=Interest(tuple(events.types), tuple(events.proposals), tuple(events.verdicts)),
        timeout_seconds=float(entry.timeout_seconds),
        give_up_seconds=entry.give_up_days * 86_400.0,
        secrets=read_secrets(text),
        ca_file=str(folder / entry.ca_file) if entry.ca_file else "",
    )


def _faults(document: Document, model: WebhooksFile) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, entry in enumerate(model.endpoints):
        if entry.name in seen:
            yield document.fault(("endpoints", index, "name"), "this name is there already", got=entry.name)
        seen.add(entry.name)
        if not _is_safe(entry.url):
            yield document.fault(
                ("endpoints", index, "url"),
                "events do not travel in clear, nor to an address with a password in it",
                expected="an https address, or http on loopback",
            )
        for at, pattern in enumerate(entry.events.types):
            if not any(fnmatchcase(kind, pattern) for kind in NoticeType):
                yield document.fault(
                    ("endpoints", index, "events", "types", at),
                    "no event is of this type",
                    got=pattern,
                    suggestion=suggest(pattern, [*NoticeType]),
                )


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or parts.fragment:
        return False
    if parts.scheme == "https":
        return True
    return parts.scheme == "http" and _is_loopback(host)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
