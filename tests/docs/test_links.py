"""Every relative link in a document leads to a file that is there, and to a heading or place in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.documents import ROOT

DOCUMENTS = sorted(
    str(path.relative_to(ROOT))
    for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("clients/**/*.md"))
    if "node_modules" not in path.parts
)
_LINK = re.compile(r"\]\((?!<?https?:|mailto:)([^)\s]*)\)")
_CODE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_PLACE = re.compile(r'<a id="([^"]+)">')


def links(document: str) -> list[tuple[str, str]]:
    """Returns the relative links of a document: the file, empty for itself, and the place in it."""
    text = _CODE.sub("", (ROOT / document).read_text(encoding="utf-8"))
    return [(target.partition("#")[0], target.partition("#")[2]) for target in _LINK.findall(text)]


def places(path: Path) -> set[str]:
    """Returns what can be linked to in a document: its headings as the platforms name them, and its own anchors."""
    text = _CODE.sub("", path.read_text(encoding="utf-8"))
    headings = {
        re.sub(r"[^\w\- ]", "", re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()).replace(" ", "-")
        for heading in _HEADING.findall(text)
    }
    return headings | set(_PLACE.findall(text))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    """Files and places that a document links to are there."""
    for target, place in links(document):
        path = (ROOT / document).parent / target if target else ROOT / document
        assert path.exists(), f"{document} links to {target}"
        if place and path.suffix == ".md":
            assert place in places(path), f"{document} links to {target}#{place}"


def test_every_guide_can_be_found() -> None:
    """The index of the documentation links to every guide, and every link counts."""
    listed = {target for target, _ in links("docs/README.md")}
    guides = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}

    assert guides <= listed, f"docs/README.md does not list {sorted(guides - listed)}"
    assert len(links("docs/README.md")) > 30
