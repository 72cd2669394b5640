"""Faults of an identity file that its shape does not show: what is named twice, not at all, or too loosely."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final
from urllib.parse import urlsplit

from readygate_server.adapters.identity.directory import text_of
from readygate_server.adapters.identity.schema import (
    ApiKey,
    Binding,
    Issuer,
    Limit,
    Person,
    Service,
    Shape,
    Token,
)
from readygate_server.adapters.yaml_text import Document, Path
from readygate_server.domain.faults import Fault, suggest

SERVICE: Final = "service:"
_RESERVED: Final = "local"
_NUMERIC_IDS: Final[Mapping[str, tuple[str, ...]]] = {
    "https://token.actions.githubusercontent.com": ("repository_id", "repository_owner_id"),
    "https://gitlab.com": ("project_id", "namespace_id"),
}
"""Claims of which tokens of CI jobs need one: names are given away and taken by others, numbers are not."""
_SHAPES: Final[Mapping[str, type[Shape]]] = {
    "issuers": Issuer,
    "people": Person,
    "services": Service,
    "api_keys": ApiKey,
    "bindings": Binding,
    "limits": Limit,
}


@dataclass(frozen=True)
class Entries:
    """The sound entries of a file by their index, and the names that the file gives, sound or not."""

    document: Document
    issuers: Mapping[int, Issuer]
    people: Mapping[int, Person]
    services: Mapping[int, Service]
    api_keys: Mapping[int, ApiKey]
    bindings: Mapping[int, Binding]
    limits: Mapping[int, Limit]
    issuer_ids: frozenset[str]
    principals: frozenset[str]


def entries_of(document: Document, spoilt: frozenset[Path]) -> Entries:
    """Returns what of a document has its shape, so that one fault does not hide the others."""
    data = document.data if isinstance(document.data, dict) else {}
    sound = {
        section: {
            index: shape.model_validate(entry)
            for index, entry in enumerate(_list(data, section))
            if not any(place[:2] == (section, index) for place in spoilt)
        }
        for section, shape in _SHAPES.items()
    }
    return Entries(
        document,
        **sound,  # type: ignore[arg-type]  # each section has entries of its own shape
        issuer_ids=_names(data, "issuers", "id"),
        principals=_names(data, "people", "name") | {f"{SERVICE}{name}" for name in _names(data, "services", "name")},
    )


def cross_faults(entries: Entries) -> Iterator[Fault]:
    """Yields every fault that takes more than one part of the file to see."""
    yield from _twice(entries)
    yield from _issuer_faults(entries)
    yield from _token_faults(entries)
    yield from _principal_faults(entries)
    yield from _key_faults(entries)


def _twice(entries: Entries) -> Iterator[Fault]:
    """Yields what is named twice: a name stands for one caller, and a credential leads to one."""
    seen: dict[tuple[str, str], str] = {}
    for path, kind, name in _named(entries):
        if (kind, name) in seen:
            place = seen[kind, name]
            yield entries.document.fault(
                path, f"this {kind} is there already", got=name, expected=f"one, as in {place}"
            )
        mark = entries.document.mark(path)
        seen.setdefault((kind, name), f"line {mark.line}")


def _named(entries: Entries) -> Iterator[tuple[Path, str, str]]:
    for index, issuer in entries.issuers.items():
        yield ("issuers", index, "id"), "issuer", issuer.id
        yield ("issuers", index, "audience"), "issuer and audience", f"{issuer.issuer} {issuer.audience}"
    for index, key in entries.api_keys.items():
        yield ("api_keys", index, "id"), "key", key.id
        yield ("api_keys", index, "sha256"), "secret", key.sha256
    for section, index, caller in _callers(entries):
        yield (section, index, "name"), "name", caller.name
        for at, name in enumerate(caller.mtls):
            kind = "uri" if name.uri is not None else "dns"
            yield (section, index, "mtls", at, kind), "name of a certificate", f"{kind} {name.uri or name.dns}"
        for at, token in enumerate(caller.oidc):
            claims = " ".join(f"{name}={values!r}" for name, values in sorted(token.claims.items()))
            yield (section, index, "oidc", at), "token", f"{token.issuer} {token.subject or ''} {claims}".strip()


def _callers(entries: Entries) -> Iterator[tuple[str, int, Person | Service]]:
    yield from (("people", index, person) for index, person in entries.people.items())
    yield from (("services", index, service) for index, service in entries.services.items())


def _issuer_faults(entries: Entries) -> Iterator[Fault]:
    for index, issuer in entries.issuers.items():
        if issuer.jwks_uri is not None and not _is_safe(issuer.jwks_uri):
            yield entries.document.fault(
                ("issuers", index, "jwks_uri"),
                "keys that travel in clear can be exchanged on the way",
                got=issuer.jwks_uri,
                expected="an https address, or http on loopback",
            )


def _token_faults(entries: Entries) -> Iterator[Fault]:
    issuers = {issuer.id: issuer for issuer in entries.issuers.values()}
    for path, token, is_persons in _tokens(entries):
        if token.issuer not in entries.issuer_ids:
            yield entries.document.fault(
                (*path, "issuer"), "no issuer has this id", got=token.issuer,
                suggestion=suggest(token.issuer, entries.issuer_ids),
            )  # fmt: skip
            continue
        issuer = issuers.get(token.issuer)
        if issuer is None:
            continue
        if is_persons and not issuer.signs_in_people:
            yield entries.document.fault(
                (*path, "issuer"), "tokens of this issuer stand for services only", got=token.issuer,
                expected="an issuer with 'signs_in_people: true'",
            )  # fmt: skip
        wanted = _NUMERIC_IDS.get(issuer.issuer)
        if wanted and not is_persons and not {*token.claims, *issuer.claims}.intersection(wanted):
            yield entries.document.fault(
                path, "names of repositories pass to others, numeric ids do not",
                expected=f"one of the claims {' and '.join(wanted)}",
            )  # fmt: skip


def _tokens(entries: Entries) -> Iterator[tuple[Path, Token, bool]]:
    for section, index, caller in _callers(entries):
        for at, token in enumerate(caller.oidc):
            yield (section, index, "oidc", at), token, section == "people"


def _principal_faults(entries: Entries) -> Iterator[Fault]:
    for index, service in entries.services.items():
        if service.name == _RESERVED:
            yield entries.document.fault(
                ("services", index, "name"),
                "this name stands for callers of a server without identities",
                got=_RESERVED,
            )
    for section, asked in (("bindings", entries.bindings), ("limits", entries.limits)):
        for index, entry in asked.items():
            for at, name in enumerate(entry.principals):
                if name not in entries.principals:
                    yield _unknown(entries, (section, index, "principals", at), name)
    for index, binding in entries.bindings.items():
        if binding.token is not None and binding.token.issuer not in entries.issuer_ids:
            yield entries.document.fault(
                ("bindings", index, "token", "issuer"), "no issuer has this id", got=binding.token.issuer
            )


def _key_faults(entries: Entries) -> Iterator[Fault]:
    for index, key in entries.api_keys.items():
        path: Path = ("api_keys", index, "principal")
        if key.principal not in entries.principals:
            yield _unknown(entries, path, key.principal)
        elif not key.principal.startswith(SERVICE):
            yield entries.document.fault(
                path, "a key never stands for a person", got=key.principal, expected="a service, as service:NAME"
            )
        try:
            date.fromisoformat(key.expires_on)
        except ValueError:
            yield entries.document.fault(
                ("api_keys", index, "expires_on"), "there is no such day", got=key.expires_on, expected="YYYY-MM-DD"
            )


def _unknown(entries: Entries, path: Path, name: str) -> Fault:
    return entries.document.fault(
        path,
        "nobody has this name",
        got=name,
        expected="the name of a person, or service: and the name of a service",
        suggestion=suggest(name, entries.principals),
    )


def _is_safe(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
    except ValueError:  # such as a bracket that is never closed
        return False
    if parts.scheme == "https":
        return bool(parts.hostname)
    return parts.scheme == "http" and _is_loopback(parts.hostname or "")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _list(data: Mapping[str, object], section: str) -> list[object]:
    entries = data.get(section)
    return entries if isinstance(entries, list) else []


def _names(data: Mapping[str, object], section: str, key: str) -> frozenset[str]:
    found = (text_of(entry.get(key)) for entry in _list(data, section) if isinstance(entry, dict))
    return frozenset(name for name in found if name)
