"""Reads a BPMN file into elements, within limits."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Final, NamedTuple

from readygate_server.adapters.collectors.port import ArtefactError, ArtefactFault, ArtefactLimitError
from readygate_server.adapters.collectors.xml_events import MAX_DEPTH, feed, parser_for, too_deep

MODEL: Final = "http://www.omg.org/spec/BPMN/20100524/MODEL"
MAX_ELEMENTS: Final = 100_000
_BETWEEN: Final = "\n"
"""Stands between namespace and name; neither can hold it."""


class Element(NamedTuple):
    """An element of a BPMN model; those of vendors and of the drawing are left out, with all that is in them."""

    name: str
    """Without its namespace, which is that of BPMN."""
    attributes: dict[str, str]
    """By local name: of BPMN itself, and of vendors who say who does a task."""
    children: list[Element]
    texts: list[str]

    @property
    def text(self) -> str:
        """Returns its own text."""
        return "".join(self.texts).strip()

    def all(self) -> Iterator[Element]:
        """Yields the element and all in it, in the order of the file."""
        waiting = [self]
        while waiting:
            element = waiting.pop()
            yield element
            waiting.extend(reversed(element.children))

    def named(self, *names: str) -> list[Element]:
        """Returns its children of these names."""
        return [child for child in self.children if child.name in names]


def read_bpmn(data: bytes, place: str) -> Element:
    """Returns the definitions of a file.

    Raises:
      ArtefactError: when it is no BPMN 2.0.
      ArtefactLimitError: when it is larger or deeper than is read.
    """
    parser = parser_for(place, _BETWEEN)
    root = Element("", {}, [], [])
    path: list[Element | None] = [root]
    count = 0

    def start(tag: str, attributes: list[str]) -> None:
        nonlocal count
        count += 1
        if count > MAX_ELEMENTS:
            raise ArtefactLimitError(
                ArtefactFault(place, "the model has too many elements", expected=f"at most {MAX_ELEMENTS:,}")
            )
        if len(path) > MAX_DEPTH:
            raise too_deep(place, parser.CurrentLineNumber)
        namespace, _, name = tag.rpartition(_BETWEEN)
        above = path[-1]
        if above is None or namespace != MODEL or name == "extensionElements":
            path.append(None)
            return
        given = dict(zip(attributes[::2], attributes[1::2], strict=True))
        element = Element(name, {key.rpartition(_BETWEEN)[2]: value for key, value in given.items()}, [], [])
        above.children.append(element)
        path.append(element)

    def text(data: str) -> None:
        if (element := path[-1]) is not None:
            element.texts.append(data)

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _tag: path.pop()
    parser.CharacterDataHandler = text
    feed(parser, io.BytesIO(data), place, lambda _: None)
    if [child.name for child in root.children] != ["definitions"]:
        raise ArtefactError(
            ArtefactFault(f"{place}:1", "the file is no BPMN 2.0", expected=f"<definitions> of {MODEL}")
        )
    return root.children[0]
