"""The reference of the contract, from its descriptors with their comments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto

from tests.docs.contract import Described, contract
from tests.docs.markdown import anchor, cell, code, table

HEAD = """\
# API

Generated from [the contract](../../proto/readygate/v1) by `python -m tests.docs.generate`; edit that. Package
`readygate.v1`, over gRPC and, where the server opens it, [HTTP with JSON](../http.md): a POST to
`/readygate.v1.GateService/Evaluate`. Fields in JSON have their names in lowerCamelCase. Clients:
[Python](../../README.md#serve-it), [TypeScript](../../clients/typescript/README.md).

"""
WAYS_OUT: Final = {
    "INVALID_PROPOSAL": "Correct what the faults name; none is left out as long as `shown` equals `faults`.",
    "INVALID_REQUEST": "Correct what the faults name.",
    "RULESET_NOT_FOUND": "Choose one of `available`.",
    "LIMIT_EXCEEDED": "Send less at once; GetServerInfo tells the limits.",
    "RULE_FAILED": "Operators: the ruleset is faulty, see `readygate rules check` and `rules test`.",
    "NOT_READY": "Try again, as the clients do; when it lasts, operators look for `rules_refused` in the log.",
    "UNEXPECTED": "Tell the operators the request id; the log has the rest.",
    "DEADLINE_EXCEEDED": "Give more time, or ask for VIEW_SUMMARY. It may be recorded: send the same `request_id`.",
    "OVERLOADED": "Try again later, with fewer calls at a time; operators add workers.",
    "NOT_FOUND": "Check the id, and whether the caller may see it: who may not is told the same.",
    "REQUEST_ID_REUSED": "Use a new id for a new request.",
    "RECORD_UNAVAILABLE": "Try again with the same `request_id`; operators look at the disk or the database.",
    "INVALID_TOKEN": "Begin again without the token, and keep the query the same from page to page.",
    "UNAUTHENTICATED": "Show a credential, or a newer one; `why` says what is wrong with it.",
    "PERMISSION_DENIED": "Have an operator give the role in `needs` ([identities](../identity.md)).",
    "QUOTA_EXCEEDED": "Wait for `retry_after_seconds`.",
    "ETAG_MISMATCH": "Read it again, and decide again.",
    "WAIVER_REFUSED": "`why` says what has to be otherwise ([waivers](../waivers.md)).",
    "CERTIFICATE_REFUSED": "`why` says what has to be otherwise ([certificates](../certificates.md)).",
    "NOT_CONFIGURED": "Operators: start the server with what `feature` needs.",
}
"""What a caller does about each reason. A reason without one fails the generator."""

_FACT = re.compile(r"Fact `([a-z_.]+)`: .*")
_CODE = re.compile(r"\bCode ([A-Z_]+)")
_METADATA = re.compile(r"metadata (\{.*?\})(.*)")
_SCALARS: Final = {
    FieldDescriptorProto.TYPE_DOUBLE: "double",
    FieldDescriptorProto.TYPE_INT64: "int64",
    FieldDescriptorProto.TYPE_UINT64: "uint64",
    FieldDescriptorProto.TYPE_INT32: "int32",
    FieldDescriptorProto.TYPE_UINT32: "uint32",
    FieldDescriptorProto.TYPE_BOOL: "bool",
    FieldDescriptorProto.TYPE_STRING: "string",
    FieldDescriptorProto.TYPE_BYTES: "bytes",
}
_OURS: Final = ".readygate.v1."


def api_page() -> str:
    """Returns the page."""
    described = contract()
    parts = [HEAD, "## Services\n", *_services(described), "\n## Errors\n\n", _errors(described), "\n## Messages\n"]
    parts.extend(_message(described, *each) for each in sorted(described.messages(), key=lambda each: each[2]))
    parts.append("\n## Enums\n")
    names = sorted(enum.name for file in described.files for enum in file.enum_type if enum.name != "ErrorReason")
    parts.extend(_enum(described, name) for name in names)
    return "".join(parts)


def _services(described: Described) -> Iterator[str]:
    for file in described.files:
        for index, service in enumerate(file.service):
            yield f"\n### {service.name}\n\n{described.comment(file, 6, index)}\n\n"
            rows = []
            for at, method in enumerate(service.method):
                asked = ("stream " if method.client_streaming else "") + _linked(method.input_type)
                given = ("stream " if method.server_streaming else "") + _linked(method.output_type)
                rows.append([code(method.name), asked, given, cell(described.comment(file, 6, index, 2, at))])
            yield table(["method", "takes", "gives", "what it does"], rows)


def _errors(described: Described) -> str:
    said = (
        "A no is an answer and comes with status OK. An error means that no verdict was reached: treat it as a no. "
        "Its reason is in a `google.rpc.ErrorInfo` with the domain `readygate.dev`, the faults of an input in "
        "`readygate.v1.InputFaults`.\n\n"
    )
    rows = []
    for value, comment in described.values("ErrorReason").items():
        reason = value.removeprefix("ERROR_REASON_")
        if reason == "UNSPECIFIED":
            continue
        status = _CODE.search(comment)
        metadata = _METADATA.search(comment)
        what = comment.partition(" Code ")[0]
        shown = f"`{metadata[1]}`{metadata[2].rstrip('.')}" if metadata else ""
        name = f"{anchor(reason.lower())}`{reason}`"
        rows.append([name, status[1] if status else "", cell(what), shown, WAYS_OUT[reason]])
    return said + table(["reason", "code", "when", "metadata", "way out"], rows)


def _message(
    described: Described, file: FileDescriptorProto, path: tuple[int, ...], name: str, message: DescriptorProto
) -> str:
    head = f"\n{anchor(name)}\n\n### {name}\n\n{described.comment(file, *path)}\n"
    if not message.field:
        return head
    rows = []
    for index, field in enumerate(message.field):
        about = cell(_FACT.sub(_fact, described.comment(file, *path, 2, index)))
        rows.append([code(field.name), _type(message, field), _presence(message, field) + about])
    return f"{head}\n{table(['field', 'type', 'meaning'], rows)}"


def _fact(found: re.Match[str]) -> str:
    """Returns where a fact is described, instead of what its comment repeats of that."""
    return f"Fact [`{found[1]}`](facts.md#{found[1]})."


def _presence(message: DescriptorProto, field: FieldDescriptorProto) -> str:
    if field.HasField("oneof_index") and not field.proto3_optional:
        return f"One of `{message.oneof_decl[field.oneof_index].name}`. "
    return ""


def _type(message: DescriptorProto, field: FieldDescriptorProto) -> str:
    for inner in message.nested_type:
        if inner.options.map_entry and field.type_name.endswith("." + inner.name):
            return f"map of {_plain(inner.field[0])} to {_plain(inner.field[1])}"
    said = _plain(field)
    if field.label == FieldDescriptorProto.LABEL_REPEATED:
        return f"list of {said}"
    return f"{said}, optional" if field.proto3_optional else said


def _plain(field: FieldDescriptorProto) -> str:
    return _SCALARS[field.type] if field.type in _SCALARS else _linked(field.type_name)


def _linked(type_name: str) -> str:
    if not type_name.startswith(_OURS):
        return type_name.removeprefix(".")
    name = type_name.removeprefix(_OURS)
    return f"[{name}](#{name})"


def _enum(described: Described, name: str) -> str:
    file, path, _ = described.enum(name)
    values = described.values(name).items()
    rows = [[code(value), cell(comment)] for value, comment in values]
    return f"\n{anchor(name)}\n\n### {name}\n\n{described.comment(file, *path)}\n\n{table(['value', 'meaning'], rows)}"
