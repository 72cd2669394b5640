"""The contract with its comments: descriptors as buf builds them from the protos."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from google.protobuf.descriptor_pb2 import DescriptorProto, EnumDescriptorProto, FileDescriptorProto, FileDescriptorSet

from tests.documents import ROOT

_FIELD, _VALUE, _METHOD = 2, 2, 2
"""Where the parts of a message, an enum and a service stand in its path; all three are the second."""
_MESSAGE, _ENUM, _SERVICE, _NESTED = 4, 5, 6, 3


@dataclass(frozen=True)
class Described:
    """The files of the contract, in the order of their names."""

    files: tuple[FileDescriptorProto, ...]
    comments: Mapping[tuple[str, tuple[int, ...]], str]
    """Comments, by file and path."""

    def comment(self, file: FileDescriptorProto, *path: int) -> str:
        """Returns a comment on one line."""
        return self.comments.get((file.name, path), "")

    def messages(self) -> Iterator[tuple[FileDescriptorProto, tuple[int, ...], str, DescriptorProto]]:
        """Yields each message with its file, path and full name; nested ones after the one that they are in."""
        for file in self.files:
            for index, message in enumerate(file.message_type):
                yield from _nested(file, (_MESSAGE, index), message.name, message)

    def fields(self, of: str) -> dict[str, str]:
        """Returns the comments of the fields of a message, by name."""
        for file, path, name, message in self.messages():
            if name == of:
                return {
                    field.name: self.comment(file, *path, _FIELD, index) for index, field in enumerate(message.field)
                }
        raise KeyError(of)

    def enum(self, of: str) -> tuple[FileDescriptorProto, tuple[int, ...], EnumDescriptorProto]:
        """Returns an enum with its file and path."""
        for file in self.files:
            for index, each in enumerate(file.enum_type):
                if each.name == of:
                    return file, (_ENUM, index), each
        raise KeyError(of)

    def values(self, of: str) -> dict[str, str]:
        """Returns the comments of the values of an enum, by name."""
        file, path, found = self.enum(of)
        return {value.name: self.comment(file, *path, _VALUE, index) for index, value in enumerate(found.value)}


def _nested(
    file: FileDescriptorProto, path: tuple[int, ...], name: str, message: DescriptorProto
) -> Iterator[tuple[FileDescriptorProto, tuple[int, ...], str, DescriptorProto]]:
    yield file, path, name, message
    for index, inner in enumerate(message.nested_type):
        if not inner.options.map_entry:
            yield from _nested(file, (*path, _NESTED, index), f"{name}.{inner.name}", inner)


@cache
def contract() -> Described:
    """Builds the descriptors."""
    beside = Path(sys.executable).with_name("buf")
    buf = str(beside) if beside.exists() else shutil.which("buf") or "buf"
    built = subprocess.run([buf, "build", "-o", "-#format=binpb"], cwd=ROOT, capture_output=True, check=True)
    described = FileDescriptorSet.FromString(built.stdout)
    ours = sorted((file for file in described.file if file.package == "readygate.v1"), key=lambda file: file.name)
    comments = {
        (file.name, tuple(location.path)): " ".join(location.leading_comments.split())
        for file in ours
        for location in file.source_code_info.location
        if location.leading_comments
    }
    return Described(tuple(ours), comments)
