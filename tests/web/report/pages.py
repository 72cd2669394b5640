"""Reads report pages again: elements, text and links, as an HTML parser finds them."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = frozenset({"meta", "br", "img", "link", "input", "hr"})


class Page(HTMLParser):
    """A page that was read; fails when elements do not close in the order in which they opened."""

    def __init__(self, text: str) -> None:
        """Reads all of a page."""
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.ids: list[str] = []
        self.words: list[str] = []
        self.faults: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == [], f"not closed: {self._open}"
        assert self.faults == []

    @property
    def tags(self) -> set[str]:
        """Names of all elements."""
        return {tag for tag, _ in self.elements}

    @property
    def text(self) -> str:
        """All text, with single spaces."""
        return " ".join(" ".join(self.words).split())

    def values(self, attribute: str) -> list[str]:
        """Returns all values of an attribute."""
        return [found[attribute] for _, found in self.elements if attribute in found]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes an element."""
        found = {name: value or "" for name, value in attrs}
        if len(found) < len(attrs):
            self.faults.append(f"{tag} says an attribute twice")
        self.elements.append((tag, found))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes an element of a drawing that has no content."""
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        """Closes an element."""
        if not self._open or self._open.pop() != tag:
            self.faults.append(f"{tag} closes what it did not open")

    def handle_data(self, data: str) -> None:
        """Notes text."""
        self.words.append(data)

    def handle_comment(self, data: str) -> None:
        """Has none."""
        self.faults.append(f"a comment: {data}")
