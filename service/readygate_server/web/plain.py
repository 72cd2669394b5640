"""What templates print: text shows what it holds."""

from __future__ import annotations

from markupsafe import Markup

from readygate_server.domain.texts import plain


def finalize(value: object) -> object:
    """Makes what a template prints plain; drawings, which are markup already, stay as they are."""
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value
