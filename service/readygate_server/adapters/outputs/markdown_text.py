"""Texts of others in Markdown: shown as they are, never as markup, links, mentions or commands."""

from __future__ import annotations

import re
from typing import Final

from readygate_server.adapters.outputs.texts import one_line

_JOINER: Final = "\u2060"
"""Word joiner: shows nothing, and takes a word apart for whoever looks for mentions and addresses in a text."""
_MARKUP: Final = re.compile(r"([\\`*_\[\]<>#|~$])")
_ENTITY: Final = re.compile(r"&")
_REFERENCE: Final = re.compile(r"([@#!~%$])(?=[\w\"{\[])")
_ADDRESS: Final = re.compile(r"(?i)\b(https?|ftp|mailto|xmpp|www)([:.])")
_COLON: Final = re.compile(r":(?=[a-z0-9_+-]+:)")


def escaped(text: str, limit: int = 1_000) -> str:
    """Returns a text on one line in which nothing is markup; it is not to stand at the start of a line.

    GitHub and GitLab look for mentions, references, emoji and bare addresses after the markup was read, so that
    escaping alone does not hide these; a word joiner does.
    """
    line = _ADDRESS.sub(rf"\1{_JOINER}\2{_JOINER}", one_line(text, limit))
    line = _COLON.sub(f":{_JOINER}", _REFERENCE.sub(rf"\1{_JOINER}", line))
    return _ENTITY.sub("&amp;", _MARKUP.sub(r"\\\1", line))


def code(text: str, limit: int = 200) -> str:
    """Returns a text as code, whatever backticks are in it; fit for a cell of a table."""
    line = one_line(text, limit).replace("|", "\\|")
    longest = max((len(run) for run in re.findall(r"`+", line)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if line[:1] in ("`", "") or line[-1:] in ("`", "") else ""
    return f"{fence}{pad}{line}{pad}{fence}"
