"""Writes the generated references anew: `python -m tests.docs.generate`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from tests.docs.api_page import api_page
from tests.docs.facts_page import facts_page
from tests.docs.rules_page import rules_page
from tests.documents import ROOT

PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "docs/reference/api.md": api_page,
    "docs/reference/facts.md": facts_page,
    "docs/reference/rules.md": rules_page,
}


def main() -> None:
    """Writes every page."""
    for name, page in PAGES.items():
        path = ROOT / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
