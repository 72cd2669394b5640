"""Fields that each version has, and of what kind their values are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from readygate_server.adapters.collectors.openapi.versions import Version

Kinds = Mapping[str, type]

_TEXT: Final = ("description", "summary")
_ITEM: Final[Kinds] = {"$ref": str, "parameters": list}
_ITEM_3: Final[Kinds] = {**_ITEM, **dict.fromkeys(_TEXT, str), "servers": list}
_OPERATION: Final[Kinds] = {
    **dict.fromkeys(_TEXT, str),
    "deprecated": bool,
    "externalDocs": dict,
    "operationId": str,
    "parameters": list,
    "responses": dict,
    "security": list,
    "tags": list,
}
_OPERATION_2: Final[Kinds] = {**_OPERATION, "consumes": list, "produces": list, "schemes": list}
_OPERATION_3: Final[Kinds] = {**_OPERATION, "callbacks": dict, "requestBody": dict, "servers": list}
_ROOT: Final[Kinds] = {"externalDocs": dict, "info": dict, "paths": dict, "security": list, "tags": list}
_ROOT_2: Final[Kinds] = {
    **_ROOT,
    "basePath": str,
    "consumes": list,
    "definitions": dict,
    "host": str,
    "parameters": dict,
    "produces": list,
    "responses": dict,
    "schemes": list,
    "securityDefinitions": dict,
    "swagger": object,
}
_ROOT_3: Final[Kinds] = {**_ROOT, "components": dict, "openapi": object, "servers": list}
_ROOT_31: Final[Kinds] = {**_ROOT_3, "jsonSchemaDialect": str, "webhooks": dict}
_RESPONSE_2: Final[Kinds] = {"description": str, "examples": dict, "headers": dict, "schema": dict}
_RESPONSE_3: Final[Kinds] = {"content": dict, "description": str, "headers": dict, "links": dict}


class Fields(NamedTuple):
    """Fields by the part of a document that has them."""

    root: Kinds
    item: Kinds
    operation: Kinds
    response: Kinds


def fields_of(version: Version) -> Fields:
    """Returns the fields that a version has."""
    methods = dict.fromkeys(version.methods, dict)
    if version.swagger:
        return Fields(_ROOT_2, {**_ITEM, **methods}, _OPERATION_2, _RESPONSE_2)
    item = {**_ITEM_3, **methods}
    if version.name == "3.0":
        return Fields(_ROOT_3, item, _OPERATION_3, _RESPONSE_3)
    if version.additional:
        later = {**_ROOT_31, "$self": str}
        return Fields(later, {**item, "additionalOperations": dict}, _OPERATION_3, {**_RESPONSE_3, "summary": str})
    return Fields(_ROOT_31, item, _OPERATION_3, _RESPONSE_3)


def fits(node: object, kinds: Kinds) -> bool:
    """True when a value is a mapping with no other fields than these and extensions, each of its kind."""
    if not isinstance(node, dict):
        return False
    return all(isinstance(value, kinds[key]) if key in kinds else key.startswith("x-") for key, value in node.items())
