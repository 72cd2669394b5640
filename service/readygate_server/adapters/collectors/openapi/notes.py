"""Says in counts what was seen in a document and no fact of the catalogue says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from readygate_server.adapters.collectors.documents import shown
from readygate_server.adapters.collectors.openapi.facts import Seen
from readygate_server.adapters.collectors.openapi.lint import Wrong
from readygate_server.adapters.collectors.openapi.operations import Operation, Security, mapping
from readygate_server.adapters.collectors.openapi.versions import Version


class Counts(NamedTuple):
    """Counts over operations."""

    operations: int
    security: Mapping[Security, int]
    with_id: int
    repeated_ids: int
    documented: int
    described: int
    deprecated: int
    parameters: int
    parameters_described: int
    success_typed: int
    """A 2xx with a schema, or 204 or 205, which have no body."""
    error_stated: int
    """A 4xx or a 5xx; `default` is not one."""
    client_error_stated: int
    error_typed: int
    """Some error response, `default` included, has a schema."""
    every_error_typed: int
    problem: int
    unauthorised: int
    limits: int
    examples: int
    unkeyed: int
    """POST and PATCH."""
    keyed: int


def counts_of(operations: Sequence[Operation]) -> Counts:
    """Counts what operations have."""
    ids = [each.id for each in operations if each.id]
    parameters = [parameter for each in operations for parameter in each.parameters]
    answers = [each.responses for each in operations]
    posts = [each for each in operations if each.method in ("POST", "PATCH")]
    return Counts(
        operations=len(operations),
        security=Counter(each.security for each in operations),
        with_id=len(ids),
        repeated_ids=len(ids) - len(set(ids)),
        documented=sum(each.documented for each in operations),
        described=sum(each.described for each in operations),
        deprecated=sum(each.deprecated for each in operations),
        parameters=len(parameters),
        parameters_described=sum(each.described for each in parameters),
        success_typed=sum(any(code[0] == "2" for code in each.typed) or _empty(each.codes) for each in answers),
        error_stated=sum(any(code[0] in "45" for code in each.codes) for each in answers),
        client_error_stated=sum(any(code[0] == "4" for code in each.codes) for each in answers),
        error_typed=sum(bool(each.errors & each.typed) for each in answers),
        every_error_typed=sum(bool(each.errors) and each.errors <= each.typed for each in answers),
        problem=sum(each.problem for each in answers),
        unauthorised=sum("401" in each.codes for each in answers),
        limits=sum(each.limits for each in answers),
        examples=sum(each.examples for each in answers),
        unkeyed=sum(not each.key for each in posts),
        keyed=sum(each.key for each in posts),
    )


def _empty(codes: frozenset[str]) -> bool:
    return not codes.isdisjoint(("204", "205"))


def notes_of(seen: Seen, version: Version, root: Mapping[str, object], schemes: int) -> Iterator[str]:
    """Yields the notes, in an order that depends on the document alone."""
    counts = counts_of(seen.operations)
    narrowed = f", {counts.operations} of them asked about" if seen.used else ""
    yield f"{version.title}: {seen.of} operations on {_paths(root)} paths{narrowed}"
    yield from _wrong(seen)
    if seen.followed.unread:
        yield "references not followed: " + "; ".join(f"{count}: {lost.value}" for lost, count in seen.followed.unread)
    if not counts.operations:
        return
    yield _security(counts, schemes)
    yield _servers(version, root)
    yield (
        f"errors: {counts.operations - counts.client_error_stated} operations without a 4xx response, "
        f"{counts.error_stated} with a 4xx or 5xx, {counts.error_typed} with a schema for some error, "
        f"{counts.every_error_typed} with one for every error, {counts.problem} with application/problem+json"
    )
    yield (
        f"descriptions: {counts.documented} operations have a summary or description, {counts.with_id} an operationId "
        f"({counts.repeated_ids} of these repeat), {counts.success_typed} a typed success response; "
        f"{counts.parameters_described} of {counts.parameters} parameters are described"
    )
    yield f"rate limits: {counts.limits} operations document a 429 response or a header for them"
    yield f"idempotency keys: {counts.keyed} of {counts.keyed + counts.unkeyed} POST and PATCH operations document one"
    yield f"deprecated: {counts.deprecated} operations"
    if webhooks := len(mapping(root.get("webhooks"))) or len(mapping(root.get("x-webhooks"))):
        yield f"webhooks: {webhooks}, not counted as operations"


def _paths(root: Mapping[str, object]) -> int:
    return sum(not path.startswith("x-") for path in mapping(root.get("paths")))


def _wrong(seen: Seen) -> Iterator[str]:
    by_check: dict[str, list[Wrong]] = {}
    for each in (*seen.wrong, *seen.followed.broken):
        by_check.setdefault(each.check, []).append(each)
    for check, found in sorted(by_check.items()):
        yield f"wrong by the specification, {check}: {len(found)}, the first: {shown(found[0].place)}"


def _security(counts: Counts, schemes: int) -> str:
    if not schemes and counts.security.get(Security.UNDECLARED) == counts.operations:
        return "security: no scheme is declared and no operation asks for one; who may call is not stated"
    said = ", ".join(f"{counts.security[each]} {each.value}" for each in Security if counts.security.get(each))
    return f"security: {schemes} schemes declared; operations: {said}"


def _servers(version: Version, root: Mapping[str, object]) -> str:
    schemes = [_scheme_of(url) for url in _urls(version, root)]
    if not schemes:
        return "servers: none is named"
    plain, sure = (sum(scheme in names for scheme in schemes) for names in (("http", "ws"), ("https", "wss")))
    return (
        f"servers: {len(schemes)}, {sure} of them with encryption, {plain} without, {len(schemes) - sure - plain} open"
    )


def _urls(version: Version, root: Mapping[str, object]) -> Iterable[str]:
    if version.swagger:
        schemes = root.get("schemes")
        return [f"{scheme}://" for scheme in schemes] if isinstance(schemes, list) else []
    servers = root.get("servers")
    given = servers if isinstance(servers, list) else []
    return [url for each in given if isinstance(url := mapping(each).get("url"), str)]


def _scheme_of(url: str) -> str:
    try:
        return urlsplit(url).scheme.lower()
    except ValueError:
        return ""
