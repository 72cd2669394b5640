"""The exchange format of checked CEL expressions: decoded into typed trees, and encoded again.

The library hands out a checked expression as the protobuf message `cel.expr.CheckedExpr` and takes one back. Its
descriptors are built here, field by field, in a pool of their own: generated modules would need a top-level package
`cel`, which two unrelated distributions install as well. Fields that are not named here travel as unknown fields.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import FieldDescriptor

from readygate_server.adapters.cel.syntax import (
    Call,
    CheckedExpression,
    Constant,
    Ident,
    ListLiteral,
    Loop,
    Node,
    Select,
    StructLiteral,
    ValueType,
)

_URL = "type.googleapis.com/cel.expr.CheckedExpr"
_SCALARS = {
    "bool": FieldDescriptor.TYPE_BOOL,
    "int32": FieldDescriptor.TYPE_INT32,
    "int64": FieldDescriptor.TYPE_INT64,
    "uint64": FieldDescriptor.TYPE_UINT64,
    "double": FieldDescriptor.TYPE_DOUBLE,
    "string": FieldDescriptor.TYPE_STRING,
    "bytes": FieldDescriptor.TYPE_BYTES,
}
_PRIMITIVES = {1: "bool", 2: "int", 3: "uint", 4: "double", 5: "string", 6: "bytes"}
# Message: its fields, each "name number type"; "*" marks a list, "#" a map from int64, "|" a member of the oneof.
_MESSAGES = {
    "Constant": "|null_value 1 int32,|bool_value 2 bool,|int64_value 3 int64,|uint64_value 4 uint64,"
    "|double_value 5 double,|string_value 6 string,|bytes_value 7 bytes",
    "Ident": "name 1 string",
    "Select": "operand 1 Expr,field 2 string,test_only 3 bool",
    "Call": "target 1 Expr,function 2 string,*args 3 Expr",
    "CreateList": "*elements 1 Expr",
    "Entry": "id 1 int64",
    "CreateStruct": "message_name 1 string,*entries 2 Entry",
    "Comprehension": "iter_var 1 string,iter_range 2 Expr,accu_var 3 string,accu_init 4 Expr,"
    "loop_condition 5 Expr,loop_step 6 Expr,result 7 Expr,iter_var2 8 string",
    "Expr": "id 2 int64,|const_expr 3 Constant,|ident_expr 4 Ident,|select_expr 5 Select,|call_expr 6 Call,"
    "|list_expr 7 CreateList,|struct_expr 8 CreateStruct,|comprehension_expr 9 Comprehension",
    "ListType": "elem_type 1 Type",
    "Type": "|primitive 3 int32,|wrapper 4 int32,|list_type 6 ListType,|message_type 9 string",
    "Reference": "name 1 string,value 4 Constant",
    "SourceInfo": "#positions 4 int32",
    "CheckedExpr": "#reference_map 2 Reference,#type_map 3 Type,expr 4 Expr,source_info 5 SourceInfo",
}


def _file() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(name="cel/expr/checked.proto", package="cel.expr", syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for declaration in fields.split(","):
            _add_field(message, declaration)
    return file


def _add_field(message: descriptor_pb2.DescriptorProto, declaration: str) -> None:
    name, number, kind = declaration.split()
    mark, name = (name[0], name[1:]) if name[0] in "*#|" else ("", name)
    if mark == "#":
        entry = message.nested_type.add(name="".join(part.capitalize() for part in name.split("_")) + "Entry")
        entry.options.map_entry = True
        _add_field(entry, "key 1 int64")
        _add_field(entry, f"value 2 {kind}")
        kind = f"{message.name}.{entry.name}"
    field = message.field.add(
        name=name, number=int(number), label=FieldDescriptor.LABEL_REPEATED if mark in ("*", "#") else 1
    )
    if kind in _SCALARS:
        field.type = _SCALARS[kind]  # type: ignore[assignment]
    else:
        field.type, field.type_name = FieldDescriptor.TYPE_MESSAGE, f".cel.expr.{kind}"  # type: ignore[assignment]
    if mark == "|":
        if not message.oneof_decl:
            message.oneof_decl.add(name="kind")
        field.oneof_index = 0


def _load() -> Any:
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(_file().SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("cel.expr.CheckedExpr"))


_CheckedExpr = _load()


def decode(serialized: bytes) -> CheckedExpression:
    """Returns the checked expression that the library serialised."""
    wire = any_pb2.Any.FromString(serialized).value
    message = _CheckedExpr.FromString(wire)
    references = message.reference_map
    return CheckedExpression(
        root=_node(message.expr),
        types={key: _type(kind) for key, kind in message.type_map.items()},
        names={key: reference.name for key, reference in references.items() if reference.name},
        constants={key: _constant(key, ref.value) for key, ref in references.items() if ref.HasField("value")},
        positions=dict(message.source_info.positions),
        wire=wire,
    )


def encode(checked: CheckedExpression, root: Node) -> bytes:
    """Returns the form that the library reads, with `root` in place of the tree; equal input gives equal bytes."""
    message = _CheckedExpr.FromString(checked.wire)
    message.expr.Clear()
    _fill(message.expr, root)
    wrapped = any_pb2.Any(type_url=_URL, value=message.SerializeToString(deterministic=True))
    return wrapped.SerializeToString(deterministic=True)


def _constant(key: int, message: Any) -> Constant:
    kind = message.WhichOneof("kind")
    if kind is None:
        raise ValueError("a literal of a kind that rules do not use")
    return Constant(key, kind, None if kind == "null_value" else getattr(message, kind))


def _type(message: Any) -> ValueType:
    match message.WhichOneof("kind"):
        case "message_type":
            return ValueType("message", message=message.message_type)
        case "list_type":
            return ValueType("list", element=_type(message.list_type.elem_type))
        case "primitive":
            return ValueType(_PRIMITIVES.get(message.primitive, "unknown"))
        case kind:
            return ValueType(kind or "unknown")


def _node(message: Any) -> Node:
    kind = message.WhichOneof("kind")
    if kind not in _DECODERS:
        raise ValueError(f"a node of the kind {kind}")
    return _DECODERS[kind](message.id, getattr(message, kind))


def _select(key: int, message: Any) -> Select:
    return Select(key, _node(message.operand), message.field, message.test_only)


def _call(key: int, message: Any) -> Call:
    target = _node(message.target) if message.HasField("target") else None
    return Call(key, message.function, tuple(map(_node, message.args)), target)


def _loop(key: int, message: Any) -> Loop:
    return Loop(
        id=key,
        variable=message.iter_var,
        over=_node(message.iter_range),
        accumulator=message.accu_var,
        initial=_node(message.accu_init),
        condition=_node(message.loop_condition),
        step=_node(message.loop_step),
        result=_node(message.result),
        second_variable=message.iter_var2,
    )


_DECODERS: dict[str, Callable[[int, Any], Node]] = {
    "const_expr": _constant,
    "ident_expr": lambda key, message: Ident(key, message.name),
    "select_expr": _select,
    "call_expr": _call,
    "list_expr": lambda key, message: ListLiteral(key, tuple(map(_node, message.elements))),
    "struct_expr": lambda key, message: StructLiteral(key, message.message_name, not message.entries),
    "comprehension_expr": _loop,
}


def _fill(message: Any, node: Node) -> None:
    """Writes `node` into an empty message."""
    message.id = node.id
    match node:
        case Constant(kind=kind, value=value):
            setattr(message.const_expr, kind, 0 if value is None else value)
        case Ident(name=name):
            message.ident_expr.name = name
        case Select():
            message.select_expr.field = node.field
            message.select_expr.test_only = node.test_only
            _fill(message.select_expr.operand, node.operand)
        case Call():
            message.call_expr.function = node.function
            if node.target is not None:
                _fill(message.call_expr.target, node.target)
            for argument in node.args:
                _fill(message.call_expr.args.add(), argument)
        case ListLiteral(elements=elements):
            message.list_expr.SetInParent()
            for element in elements:
                _fill(message.list_expr.elements.add(), element)
        case StructLiteral(name=name):
            message.struct_expr.message_name = name
            message.struct_expr.SetInParent()
        case Loop():
            _fill_loop(message.comprehension_expr, node)


def _fill_loop(message: Any, loop: Loop) -> None:
    message.iter_var = loop.variable
    message.iter_var2 = loop.second_variable
    message.accu_var = loop.accumulator
    _fill(message.iter_range, loop.over)
    _fill(message.accu_init, loop.initial)
    _fill(message.loop_condition, loop.condition)
    _fill(message.loop_step, loop.step)
    _fill(message.result, loop.result)
