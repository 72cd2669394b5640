"""The messages of a call to Cerbos, by the names and numbers of its API, as far as a check of resources needs them.

They stand here because the Python package of Cerbos brings an HTTP client and much else, and in a pool of their own
they are in nobody's way. The numbers are those of `cerbos.request.v1`, `cerbos.engine.v1` and `cerbos.response.v1`.
"""

from __future__ import annotations

from typing import Any, Final

from google.protobuf import descriptor_pb2, struct_pb2
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

METHOD: Final = "/cerbos.svc.v1.CerbosService/CheckResources"
EFFECT_ALLOW: Final = 1

_PACKAGE: Final = "bench.cerbos"
_VALUE: Final = "google.protobuf.Value"
# Name, number and type of each field; `[]` is repeated, `{}` a map from strings.
_MESSAGES: Final[dict[str, tuple[tuple[str, int, str], ...]]] = {
    "Principal": (("id", 1, "string"), ("roles", 3, "[]string"), ("attr", 4, "{}" + _VALUE)),
    "Resource": (("kind", 1, "string"), ("id", 3, "string"), ("attr", 4, "{}" + _VALUE)),
    "ResourceEntry": (("actions", 1, "[]string"), ("resource", 2, f"{_PACKAGE}.Resource")),
    "CheckResourcesRequest": (
        ("request_id", 1, "string"),
        ("principal", 3, f"{_PACKAGE}.Principal"),
        ("resources", 4, f"[]{_PACKAGE}.ResourceEntry"),
    ),
    "ResultResource": (("id", 1, "string"), ("kind", 2, "string")),
    "ResultEntry": (("resource", 1, f"{_PACKAGE}.ResultResource"), ("actions", 2, "{}int32")),
    "CheckResourcesResponse": (("request_id", 1, "string"), ("results", 2, f"[]{_PACKAGE}.ResultEntry")),
}
_SCALARS: Final = {"string": FieldDescriptorProto.TYPE_STRING, "int32": FieldDescriptorProto.TYPE_INT32}


def _file() -> FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(name="bench/cerbos.proto", package=_PACKAGE, syntax="proto3")
    file.dependency.append(struct_pb2.DESCRIPTOR.name)
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, kind in fields:
            _add(message, field, number, kind)
    return file


def _add(message: DescriptorProto, name: str, number: int, kind: str) -> None:
    repeated = kind.startswith(("[]", "{}"))
    label = FieldDescriptorProto.LABEL_REPEATED if repeated else FieldDescriptorProto.LABEL_OPTIONAL
    field = message.field.add(name=name, number=number, label=label)
    if kind.startswith("{}"):
        entry = message.nested_type.add(name=f"{name.title()}Entry")
        entry.options.map_entry = True
        _add(entry, "key", 1, "string")
        _add(entry, "value", 2, kind[2:])
        kind = f"{_PACKAGE}.{message.name}.{entry.name}"
    kind = kind.removeprefix("[]")
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
    else:
        field.type, field.type_name = FieldDescriptorProto.TYPE_MESSAGE, f".{kind}"


def _classes() -> dict[str, Any]:
    pool = DescriptorPool()
    for file in (FileDescriptorProto.FromString(struct_pb2.DESCRIPTOR.serialized_pb), _file()):
        pool.Add(file)
    return {name: GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")) for name in _MESSAGES}


_CLASSES: Final[dict[str, type[Message]]] = _classes()
CheckResourcesRequest: Final[Any] = _CLASSES["CheckResourcesRequest"]
CheckResourcesResponse: Final[Any] = _CLASSES["CheckResourcesResponse"]
