"""The OpenAPI document of the calls, made of the contract: descriptors, and the comments that are taken along."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor, MethodDescriptor

from readygate_server import ENGINE_VERSION
from readygate_server.http_api.methods import METHODS

Json = dict[str, Any]

_PREFIX: Final = "readygate.v1."
_TIMESTAMP: Final = "google.protobuf.Timestamp"
ABOUT: Final = (
    "Every call of the contract that takes one message and gives one. A call is a POST in JSON as protobuf has it, by "
    "the Connect protocol; `application/proto` sends and gets the same messages in binary. Fields with their default "
    "are left out of answers; integers of 64 bits are texts; unknown fields are refused."
)
STATUSES: Final[Mapping[int, str]] = {
    400: "The request is wrong, or can not be met as things are: `code` is invalid_argument or failed_precondition.",
    401: "Nobody known is calling.",
    403: "The caller may not do this.",
    404: "What was asked for is not there.",
    408: "The request did not come in time.",
    409: "Something else has this id, or has changed meanwhile: `code` is already_exists or aborted.",
    413: "The request is too long.",
    415: "The request is neither JSON nor protobuf, or is compressed in an unknown way.",
    421: "A server without identities was called by a name that is not local.",
    429: "The caller's quota is used up, or the server is as busy as it may be.",
    500: "Something went wrong in the server; its log says what.",
    503: "The server is starting or stopping, or its record can not be reached.",
    504: "The deadline passed first.",
}
CODES: Final = (
    "invalid_argument", "failed_precondition", "unauthenticated", "permission_denied", "not_found", "already_exists",
    "aborted", "resource_exhausted", "unimplemented", "internal", "unavailable", "deadline_exceeded",
)  # fmt: skip
_RETRY: Final = frozenset({429, 503})
_NUMBERS: Final[Mapping[int, Json]] = {
    FieldDescriptor.CPPTYPE_STRING: {"type": "string"},
    FieldDescriptor.CPPTYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.CPPTYPE_DOUBLE: {"anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}]},
    FieldDescriptor.CPPTYPE_INT32: {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    FieldDescriptor.CPPTYPE_INT64: {
        "anyOf": [
            {"type": "string", "pattern": "^-?(0|[1-9][0-9]{0,17})$"},
            {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
        ]
    },
}


@cache
def document() -> bytes:
    """Returns the document."""
    return json.dumps(openapi(), ensure_ascii=False).encode()


def openapi() -> Json:
    """Returns the document as it is built."""
    said: Mapping[str, str] = json.loads((files(__package__) / "descriptions.json").read_text(encoding="utf-8"))
    schemas = _Schemas(said)
    paths = {path: {"post": _operation(method, schemas, said)} for path, method in METHODS.items()}
    schemas.made |= {"Error": _error()}
    return {
        "openapi": "3.1.0",
        "info": {"title": "readygate", "version": ENGINE_VERSION, "description": ABOUT},
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {}],
        "paths": paths | _probes(),
        "components": {
            "schemas": dict(sorted(schemas.made.items())),
            "responses": {str(status): _refused(status, text) for status, text in STATUSES.items()},
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token of a configured issuer, or an API key. Servers on loopback may need none.",
                }
            },
        },
    }


def _operation(method: MethodDescriptor, schemas: _Schemas, said: Mapping[str, str]) -> Json:
    about = said.get(method.full_name, "")
    return {
        "operationId": f"{method.containing_service.name}.{method.name}",
        "tags": [method.containing_service.name],
        "summary": about.partition(". ")[0].removesuffix("."),
        "description": about,
        "requestBody": {"required": True, "content": _content(schemas.of(method.input_type))},
        "responses": {
            "200": {
                "description": "The answer.",
                "headers": {"X-Request-Id": {"schema": {"type": "string"}, "description": "As in the log."}},
                "content": _content(schemas.of(method.output_type)),
            }
        }
        | {str(status): {"$ref": f"#/components/responses/{status}"} for status in STATUSES},
    }


class _Schemas:
    """Schemas of messages and enumerations, each made once, under its short name."""

    def __init__(self, said: Mapping[str, str]) -> None:
        self.made: Json = {}
        self._said = said

    def of(self, kind: Descriptor | EnumDescriptor) -> Json:
        """Returns a reference to the schema of a kind."""
        name = kind.full_name.removeprefix(_PREFIX)
        if name not in self.made:
            self.made[name] = {}  # a kind may hold itself
            made = self._message(kind) if isinstance(kind, Descriptor) else self._enumeration(kind)
            self.made[name] = self._told(kind.full_name, made)
        return {"$ref": f"#/components/schemas/{name}"}

    def _told(self, name: str, schema: Json) -> Json:
        return {**schema, "description": self._said[name]} if name in self._said else schema

    def _enumeration(self, kind: EnumDescriptor) -> Json:
        return {"type": "string", "enum": [value.name for value in kind.values]}

    def _message(self, kind: Descriptor) -> Json:
        fields = {field.json_name: self._told(field.full_name, self._field(field)) for field in kind.fields}
        return {"type": "object", "properties": fields, "additionalProperties": False}

    def _field(self, field: FieldDescriptor) -> Json:
        kind = field.message_type
        if kind is not None and kind.GetOptions().map_entry:
            return {"type": "object", "additionalProperties": self._single(kind.fields_by_name["value"])}
        return {"type": "array", "items": self._single(field)} if field.is_repeated else self._single(field)

    def _single(self, field: FieldDescriptor) -> Json:
        if field.message_type is not None:
            if field.message_type.full_name == _TIMESTAMP:
                return {"type": "string", "format": "date-time"}
            return self.of(field.message_type)
        if field.enum_type is not None:
            return self.of(field.enum_type)
        if field.type == field.TYPE_BYTES:
            return {"type": "string", "contentEncoding": "base64", "pattern": "^[A-Za-z0-9+/]*={0,2}$"}
        return dict(_NUMBERS[field.cpp_type])


def _content(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


def _refused(status: int, text: str) -> Json:
    headers = {"Retry-After": {"schema": {"type": "string"}, "description": "Seconds to wait."}}
    response: Json = {"description": text, "content": _content({"$ref": "#/components/schemas/Error"})}
    return response | ({"headers": headers} if status in _RETRY else {})


def _error() -> Json:
    detail = {
        "type": "object",
        "properties": {
            "type": {"type": "string", "description": "Such as google.rpc.ErrorInfo or readygate.v1.InputFaults."},
            "value": {"type": "string", "description": "The message in base64, without padding."},
            "debug": {"type": "object", "description": "The same message in JSON, with names in lower camel case."},
        },
        "required": ["type", "value"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "description": "An error as the Connect protocol has it.",
        "properties": {
            "code": {"type": "string", "enum": list(CODES)},
            "message": {"type": "string"},
            "details": {"type": "array", "items": detail},
        },
        "required": ["code", "message"],
        "additionalProperties": False,
    }


def _probes() -> Json:
    status = {"type": "object", "properties": {"status": {"type": "string"}}, "required": ["status"]}
    fine = {"200": {"description": "It is so.", "content": _content(status)}}
    away = {"503": {"description": "Calls can not be answered now.", "content": _content(status)}}
    whole = {"200": {"description": "This document.", "content": _content({"type": "object"})}}
    misdirected = {"421": {"$ref": "#/components/responses/421"}}
    probe: Json = {"tags": ["Probes"], "security": []}
    return {
        "/healthz": {
            "get": probe | {"operationId": "live", "summary": "The process runs", "responses": fine | misdirected}
        },
        "/readyz": {
            "get": probe
            | {"operationId": "ready", "summary": "Calls can be answered", "responses": fine | away | misdirected}
        },
        "/openapi.json": {
            "get": probe | {"operationId": "openapi", "summary": "This document", "responses": whole | misdirected}
        },
    }
