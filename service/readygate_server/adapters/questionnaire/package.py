"""Looks at a workbook before any reader opens it: what it is, how large it grows, and that its XML is plain."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import IO, Final

from readygate_server.adapters.collectors.port import ArtefactError, ArtefactFault, ArtefactLimitError
from readygate_server.adapters.collectors.xml_events import MAX_DEPTH, feed, parser_for, too_deep

MAX_FILE: Final = 8 << 20
"""Bytes of the file."""
MAX_CONTENT: Final = 24 << 20
"""Bytes of all that is in it, decompressed. A form about 600 assets, the most that a proposal names, has 10 MiB."""
MAX_PARTS: Final = 2_000
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MACROS: Final = "vbaproject.bin"
_TYPES: Final = "[Content_Types].xml"
_SAVE: Final = "save it as an Excel workbook (.xlsx) without a password"


def check_package(path: Path) -> None:
    """Checks a file.

    Raises:
      ArtefactError: when it is no workbook, holds macros, or XML with a document type.
      ArtefactLimitError: when it is, or becomes, larger than is read.
    """
    place = path.name
    size = path.stat().st_size
    if size > MAX_FILE:
        raise _limit(place, "the file is too large", f"{size:,} bytes", f"at most {MAX_FILE:,} bytes")
    with path.open("rb") as file:
        start = file.read(8)
    if start == _OLE:
        raise _refused(place, "this is an old workbook, or one with a password", _SAVE)
    try:
        with zipfile.ZipFile(path) as package:
            _check_parts(package, place)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, RuntimeError, ValueError, zlib.error) as error:
        raise _refused(place, f"this is no workbook, or it is damaged ({type(error).__name__})", _SAVE) from None


def _check_parts(package: zipfile.ZipFile, place: str) -> None:
    parts = package.infolist()
    names = [part.filename.lower() for part in parts]
    if len(parts) > MAX_PARTS:
        raise _limit(place, "the file has too many parts", str(len(parts)), f"at most {MAX_PARTS}")
    if len(set(names)) < len(names):
        raise _refused(place, "a part of the file is there twice", _SAVE)
    # What a part says of its size is also all that is read of it.
    if (content := sum(part.file_size for part in parts)) > MAX_CONTENT:
        raise _limit(place, "the file swells too far", f"{content:,} bytes", f"at most {MAX_CONTENT:,} bytes")
    if _TYPES.lower() not in names:
        raise _refused(place, "this is no Excel workbook", _SAVE)
    with package.open(_TYPES) as types:
        text = types.read(MAX_CONTENT)
    if any(name.endswith(_MACROS) for name in names) or b"macroEnabled" in text or b"vbaProject" in text:
        raise _refused(place, "the workbook holds macros", "save it as a workbook without macros (.xlsx)")
    for part in parts:
        if part.filename.lower().endswith((".xml", ".rels", ".vml")):
            with package.open(part) as source:
                _check_xml(source, f"{place}!{part.filename}")


def _check_xml(source: IO[bytes], place: str) -> None:
    """Reads the XML of a part through: no document type, no depths."""
    parser = parser_for(place)
    depth = 0

    def begin(_name: str, _attributes: object) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise too_deep(place, parser.CurrentLineNumber)

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    feed(parser, source, place, lambda _: None)


def _refused(place: str, message: str, way_out: str) -> ArtefactError:
    return ArtefactError(ArtefactFault(place, message, way_out=way_out))


def _limit(place: str, message: str, got: str, expected: str) -> ArtefactLimitError:
    return ArtefactLimitError(ArtefactFault(place, message, got, expected))
