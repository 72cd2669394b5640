"""Writes the comments of the contract, by what they are about, to where the server makes its OpenAPI document of them.

Descriptors at run time have no comments, so they are taken along: `python proto/describe.py`, when a comment changes.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "service" / "readygate_server" / "http_api" / "descriptions.json"
_MESSAGES, _ENUMS, _SERVICES = 4, 5, 6  # numbers of fields in FileDescriptorProto; below, in what these hold
_FIELDS, _NESTED, _NESTED_ENUMS, _VALUES, _METHODS = 2, 3, 4, 2, 2


def described() -> Mapping[str, str]:
    """Returns comments by full names, sorted."""
    built = subprocess.run(["buf", "build", "-o", "-#format=binpb"], cwd=ROOT, capture_output=True, check=True)
    found: dict[str, str] = {}
    for file in FileDescriptorSet.FromString(built.stdout).file:
        if file.package.startswith("readygate."):
            found |= dict(_comments(file))
    return dict(sorted(found.items()))


def _comments(file: FileDescriptorProto) -> Iterator[tuple[str, str]]:
    said = {tuple(each.path): each.leading_comments for each in file.source_code_info.location}
    for path, name in _names(file):
        if comment := " ".join(said.get(tuple(path), "").split()):
            yield f"{file.package}.{name}", comment


def _names(file: FileDescriptorProto) -> Iterator[tuple[Sequence[int], str]]:
    for index, message in enumerate(file.message_type):
        yield from _in_message([_MESSAGES, index], message.name, message)
    for index, enum in enumerate(file.enum_type):
        yield from _in_list([_ENUMS, index], enum.name, _VALUES, enum.value)
    for index, service in enumerate(file.service):
        yield from _in_list([_SERVICES, index], service.name, _METHODS, service.method)


def _in_message(path: list[int], name: str, message: Any) -> Iterator[tuple[Sequence[int], str]]:
    yield from _in_list(path, name, _FIELDS, message.field)
    for index, nested in enumerate(message.nested_type):
        yield from _in_message([*path, _NESTED, index], f"{name}.{nested.name}", nested)
    for index, enum in enumerate(message.enum_type):
        yield from _in_list([*path, _NESTED_ENUMS, index], f"{name}.{enum.name}", _VALUES, enum.value)


def _in_list(path: list[int], name: str, number: int, items: Any) -> Iterator[tuple[Sequence[int], str]]:
    yield path, name
    for index, item in enumerate(items):
        yield [*path, number, index], f"{name}.{item.name}"


def text() -> str:
    """Returns the file as it should be."""
    return json.dumps(described(), indent=0, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
