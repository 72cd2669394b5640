"""Reads XML piece by piece with the parser that comes with Python: no document types, no entities, no network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol
from xml.parsers import expat

from readygate_server.adapters.collectors.port import ArtefactError, ArtefactFault, ArtefactLimitError

MAX_DEPTH: Final = 100
"""Levels of elements within each other."""

MAX_TOKEN: Final = 1 << 24
"""Bytes of one tag with its attributes, of one comment or of one stretch of text."""

_CHUNK: Final = 1 << 16


class Readable(Protocol):
    """What bytes come from."""

    def read(self, size: int = -1, /) -> bytes:
        """Returns up to `size` bytes; none at the end."""


def parser_for(place: str, separator: str | None = None) -> expat.XMLParserType:
    """Returns a parser that refuses what a document type could do: entities, defaults, other files.

    Attributes arrive as a list of names and values in turn, which costs less than a dictionary. With a separator names
    are those of their namespace, the separator, and the local name.
    """
    parser = expat.ParserCreate(namespace_separator=separator)
    parser.ordered_attributes = True
    parser.buffer_text = True

    def refuse(_name: str, _system: str | None, _public: str | None, _internal: bool) -> None:
        raise ArtefactError(
            ArtefactFault(
                f"{place}:{parser.CurrentLineNumber}",
                "the file has a document type, and so may hold entities",
                expected="XML without DOCTYPE",
                way_out="export it again without one",
            )
        )

    parser.StartDoctypeDeclHandler = refuse
    return parser


def feed(parser: expat.XMLParserType, source: Readable, place: str, told: Callable[[int], None]) -> None:
    """Gives the parser all bytes of a source, and tells how many it has been given.

    Raises:
      ArtefactError: when the bytes are no XML.
      ArtefactLimitError: when one piece of it is larger than is read.
    """
    given = 0
    try:
        while chunk := source.read(_CHUNK):
            parser.Parse(chunk, False)
            given += len(chunk)
            if given - parser.CurrentByteIndex > MAX_TOKEN:
                raise ArtefactLimitError(
                    ArtefactFault(place, "a single tag or text is too long", expected=f"at most {MAX_TOKEN:,} bytes")
                )
            told(given)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise _not_xml(error, place) from None
    except (LookupError, UnicodeError):
        raise ArtefactError(
            ArtefactFault(f"{place}:1", "the declared encoding can not be read", expected="UTF-8")
        ) from None


def too_deep(place: str, line: int) -> ArtefactLimitError:
    """Returns the error of elements that lie too deep."""
    return ArtefactLimitError(
        ArtefactFault(f"{place}:{line}", "elements lie too deep", expected=f"at most {MAX_DEPTH} levels")
    )


def _not_xml(error: expat.ExpatError, place: str) -> ArtefactError:
    return ArtefactError(
        ArtefactFault(
            f"{place}:{error.lineno}:{error.offset + 1}",
            "the file is not well-formed XML",
            got=expat.ErrorString(error.code) or "an error of the parser",
            way_out="export it again; a file that was cut off ends early",
        )
    )
