"""The style sheet that all pages share."""

from __future__ import annotations

import re

import pytest

from readygate_server.web.report.page import STYLE

SHEET = STYLE.read_text(encoding="utf-8")
TEXT = ("ink", "soft", "link", "go", "conditions", "no", "unknown")
GROUNDS = ("ground", "raised")
LINES = ("accent", "soft", "strong", "focus")


def colours(mode: str) -> dict[str, str]:
    """Returns the colours of light or dark; the first two blocks of variables are those."""
    blocks = re.findall(r":root \{(.*?)\}", SHEET, re.DOTALL)
    return dict(re.findall(r"--rg-(\w+): (#[0-9a-f]{6});", blocks[mode == "dark"]))


def luminance(colour: str) -> float:
    """Returns the relative luminance of WCAG 2."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Returns the contrast ratio of WCAG 2."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_reckoned_as_the_standard_says() -> None:
    """Black on white has 21, a colour on itself has 1."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#777777") == 1


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("name", TEXT)
def test_text_can_be_read(mode: str, ground: str, name: str) -> None:
    """Every colour of text has a contrast of at least 4.5 on every ground, in light and in dark."""
    found = colours(mode)
    assert contrast(found[name], found[ground]) >= 4.5


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("name", LINES)
def test_lines_that_mean_something_can_be_seen(mode: str, name: str) -> None:
    """Bars, arrows, frames and the focus have a contrast of at least 3."""
    found = colours(mode)
    assert contrast(found[name], found["ground"]) >= 3


def test_the_sheet_fetches_nothing() -> None:
    """It imports no sheet and names no address, and it can stand between the tags of a style element."""
    assert not re.search(r"@import|url\(|//|</|<!--|@font-face", SHEET)
