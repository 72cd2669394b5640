"""Reads drawings again: boxes, arrows and bars, as an XML parser finds them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree import ElementTree as ET

from readygate_server.web.drawing.boxes import HEIGHT, WIDTH
from readygate_server.web.drawing.svg import Drawing

_SVG = "{http://www.w3.org/2000/svg}"
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


class Box(NamedTuple):
    """A box of an item, with the full text that it shows when pointed at."""

    title: str
    x: float
    y: float
    is_critical: bool

    def touches(self, other: Box) -> bool:
        """True when two boxes share some of their area."""
        return abs(self.x - other.x) < WIDTH and abs(self.y - other.y) < HEIGHT


class Arrow(NamedTuple):
    """Where an arrow starts and where its line ends."""

    start: tuple[float, float]
    end: tuple[float, float]
    is_critical: bool


def parsed(drawing: Drawing) -> ET.Element:
    """Returns the picture as XML; fails when it is not well formed."""
    return ET.fromstring(str(drawing.svg))  # noqa: S314 -- what we drew ourselves


def boxes(drawing: Drawing) -> list[Box]:
    """Returns the boxes of items."""
    return [_box(group) for group in _groups(parsed(drawing), "rg-box")]


def arrows(drawing: Drawing) -> list[Arrow]:
    """Returns the arrows between items; that of the key is none."""
    root = parsed(drawing)
    of_key = {id(each) for key in _groups(root, "rg-key") for each in key.iter()}
    return [_arrow(group) for group in _groups(root, "rg-arrow") if id(group) not in of_key]


def texts(drawing: Drawing, of: str) -> list[str]:
    """Returns the lines of text of a class."""
    return [each.text or "" for each in parsed(drawing).iter(f"{_SVG}text") if each.get("class") == of]


def _groups(root: ET.Element, name: str) -> Iterator[ET.Element]:
    return (each for each in root.iter(f"{_SVG}g") if name in each.get("class", "").split())


def _box(group: ET.Element) -> Box:
    title = group.find(f"{_SVG}title")
    frame = next(each for each in group.iter() if each.get("class") == "rg-frame")
    assert title is not None
    x, y = (frame.get("x"), frame.get("y")) if frame.tag == f"{_SVG}rect" else _numbers(frame.get("d", ""))[:2]
    return Box(title.text or "", float(x or 0), float(y or 0), "rg-critical" in group.get("class", ""))


def _arrow(group: ET.Element) -> Arrow:
    line = next(each for each in group.iter() if each.get("class") == "rg-line")
    numbers = _numbers(line.get("d", ""))
    is_critical = "rg-critical" in group.get("class", "")
    return Arrow((numbers[0], numbers[1]), (numbers[-2], numbers[-1]), is_critical)


def _numbers(text: str) -> list[float]:
    return [float(each) for each in _NUMBER.findall(text)]
