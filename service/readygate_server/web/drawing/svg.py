"""Elements of SVG as text. What is inside of a drawing is escaped and made plain here, and nowhere else.

Drawings carry no styles of their own, which a page's content security policy would refuse, but classes and
presentation attributes: as they stand they are black on nothing, and a style sheet may colour them.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Final, NamedTuple

from markupsafe import Markup

from readygate_server.domain.texts import plain

_SPACE: Final = str.maketrans(dict.fromkeys("\t\n\r", " "))
_NAMESPACE: Final = "http://www.w3.org/2000/svg"
FONT: Final = "system-ui, 'Segoe UI', Roboto, 'Liberation Sans', Arial, sans-serif"
"""Fonts of the reader's own machine."""

_ALONE: Final = """
:root{color:#1b1f24;background:#fff}
@media (prefers-color-scheme:dark){:root{color:#e6e9ee;background:#14171b}}
"""
"""For a drawing that stands alone, as in a file of its own."""


class Drawing(NamedTuple):
    """A drawing of its own size, in pixels."""

    title: str
    width: float
    height: float
    svg: Markup

    @property
    def is_wide(self) -> bool:
        """True when it is printed larger on a sheet that lies on its side."""
        upright = min(PORTRAIT / self.width, _UPRIGHT / self.height)
        return min(1.0, LANDSCAPE / self.width, _LYING / self.height) > min(1.0, upright)


PORTRAIT: Final = 796.0
"""Width that can be read on the shorter side of a sheet of A4."""
LANDSCAPE: Final = 1090.0
"""Width that can be read on its longer side."""
_UPRIGHT: Final = 960.0
_LYING: Final = 680.0
"""Heights that go with the widths."""


def attribute(value: str | float) -> str:
    """Returns the value of an attribute, escaped; numbers to a tenth of a pixel, so that bytes do not wander."""
    if isinstance(value, str):
        return escape(plain(value).translate(_SPACE), quote=True)
    text = f"{value:.1f}"
    return text.removesuffix(".0") if text != "-0.0" else "0"


def element(name: str, content: str = "", /, **attributes: str | float) -> str:
    """Returns an element around content that is markup already; underscores in names of attributes become hyphens."""
    said = "".join(f' {key.rstrip("_").replace("_", "-")}="{attribute(value)}"' for key, value in attributes.items())
    return f"<{name}{said}>{content}</{name}>" if content else f"<{name}{said}/>"


def text(content: str, x: float, y: float, /, *, of: str = "", size: float = 12, **attributes: str | float) -> str:
    """Returns a line of text; `of` is its class."""
    shown = escape(plain(content).translate(_SPACE), quote=True)
    return element("text", shown, x=x, y=y, class_=of, font_size=size, **attributes) if shown else ""


def heading(content: str, x: float, y: float, /) -> str:
    """Returns a heading within a drawing."""
    return text(content, x, y, of="rg-wave", size=13, font_weight="600")


def title(content: str) -> str:
    """Returns the full text of what may be cut, which browsers show to whoever points at it."""
    return element("title", escape(plain(content).translate(_SPACE), quote=True))


def drawing(name: str, description: str, parts: Iterable[str], /, *, key: str, width: float, height: float) -> Drawing:
    """Returns a picture with a name and a description for those who do not see it; `key` begins its ids."""
    head = element("title", escape(plain(name)), id=f"{key}-title")
    head += element("desc", escape(plain(description)), id=f"{key}-desc")
    svg = element(
        "svg",
        f"{head}\n" + "\n".join(part for part in parts if part) + "\n",
        xmlns=_NAMESPACE,
        viewBox=f"0 0 {attribute(width)} {attribute(height)}",
        width=width,
        height=height,
        role="img",
        aria_labelledby=f"{key}-title {key}-desc",
        class_="rg-svg",
        font_family=FONT,
        fill="currentColor",
    )
    return Drawing(name, width, height, Markup(svg))  # noqa: S704 -- made of escaped parts


def alone(shown: Drawing) -> str:
    """Returns a drawing as a file of its own, which follows the reader's light or dark."""
    start = shown.svg.index(">") + 1
    return f"{shown.svg[:start]}<style>{_ALONE}</style>{shown.svg[start:]}\n"
