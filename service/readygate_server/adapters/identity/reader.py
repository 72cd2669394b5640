"""Reads an identity file: all its faults at once, or who may call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, TypeAlias

from pydantic import ValidationError

from readygate_server.adapters.identity.api_keys import without_keys
from readygate_server.adapters.identity.directory import Caller, Directory, KeyEntry, TokenMatch, text_of
from readygate_server.adapters.identity.faults import SERVICE, cross_faults, entries_of
from readygate_server.adapters.identity.schema import ApiKey, Binding, IdentityFile, Limit, Person, Service, Token
from readygate_server.adapters.rulefiles.shape_faults import shape_faults, spoilt
from readygate_server.adapters.yaml_text import read_yaml
from readygate_server.application.allowance import Allowance
from readygate_server.domain.faults import Fault, FaultsError
from readygate_server.domain.identity import Binding as RoleBinding
from readygate_server.domain.identity import PrincipalKind, Role

_Entry: TypeAlias = "tuple[str, PrincipalKind, Person | Service]"
_SECRET_KEYS: Final = ("sha256", "secret", "key", "token", "password")


def read_identity(text: str, *, file: str) -> Directory:
    """Returns what the file says; raises FaultsError with every fault. No fault repeats a secret."""
    document = read_yaml(text, file=file)
    faults: list[Fault] = []
    places = frozenset[tuple[str | int, ...]]()
    model = None
    try:
        model = IdentityFile.model_validate(document.data)
    except ValidationError as error:
        faults += shape_faults(document, IdentityFile, error)
        places = spoilt(error, document.data)
    faults += cross_faults(entries_of(document, places))
    if faults or model is None:
        raise FaultsError(map(_discreet, faults))
    return _directory(model)


def _discreet(fault: Fault) -> Fault:
    """Returns a fault without what may be a secret that was pasted where it does not belong."""
    if any(f"'{key}'" in fault.message for key in _SECRET_KEYS):
        fault = replace(fault, got="")
    return replace(fault, got=without_keys(fault.got), message=without_keys(fault.message))


def _directory(file: IdentityFile) -> Directory:
    bindings, allowances = _bindings(file.bindings), _Allowances(file.limits)
    callers: dict[str, Caller] = {}
    certificates: dict[tuple[str, str], str] = {}
    tokens: list[tuple[TokenMatch, str]] = []
    people: list[_Entry] = [(person.name, PrincipalKind.PERSON, person) for person in file.people]
    services: list[_Entry] = [(f"{SERVICE}{service.name}", PrincipalKind.SERVICE, service) for service in file.services]
    for name, kind, entry in [*people, *services]:
        callers[name] = Caller(name, kind, bindings.get(name, ()), allowances.of(name))
        certificates |= {("uri", each.uri) if each.uri else ("dns", each.dns or ""): name for each in entry.mtls}
        tokens += [(_match(token), name) for token in entry.oidc]
    return Directory(
        issuers=tuple(file.issuers),
        callers=callers,
        by_certificate=certificates,
        by_token=tuple(tokens),
        keys={key.id: _key(key) for key in file.api_keys},
        token_bindings=tuple(
            (_match(binding.token), _roles(binding)) for binding in file.bindings if binding.token is not None
        ),
    )


def _bindings(entries: Iterable[Binding]) -> Mapping[str, tuple[RoleBinding, ...]]:
    found: dict[str, tuple[RoleBinding, ...]] = {}
    for binding in entries:
        for name in binding.principals:
            found[name] = (*found.get(name, ()), *_roles(binding))
    return found


def _roles(binding: Binding) -> tuple[RoleBinding, ...]:
    return tuple(
        RoleBinding(Role(role), tuple(binding.rulesets), tuple(binding.proposals), tuple(binding.assets))
        for role in binding.roles
    )


def _match(token: Token) -> TokenMatch:
    wanted = {
        name: tuple(map(_text, value if isinstance(value, list) else [value])) for name, value in token.claims.items()
    }
    if token.subject is not None:
        wanted["sub"] = (token.subject,)
    return TokenMatch(token.issuer, tuple(sorted(wanted.items())))


def _text(value: object) -> str:
    return text_of(value) or ""


def _key(key: ApiKey) -> KeyEntry:
    ends = datetime.fromisoformat(key.expires_on).replace(tzinfo=UTC)
    return KeyEntry(key.sha256, key.principal, ends.timestamp())


class _Allowances:
    """Which limit holds for whom."""

    def __init__(self, limits: Iterable[Limit]) -> None:
        self._named: dict[str, Allowance] = {}
        self._others = Allowance()
        for limit in reversed(list(limits)):  # of several the first holds
            allowance = _allowance(limit)
            self._named |= dict.fromkeys(limit.principals, allowance)
            if not limit.principals:
                self._others = allowance

    def of(self, name: str) -> Allowance:
        return self._named.get(name, self._others)


def _allowance(limit: Limit) -> Allowance:
    burst = limit.burst or limit.calls_per_minute or 1
    return Allowance(limit.calls_per_minute, burst, limit.decisions_per_day)
