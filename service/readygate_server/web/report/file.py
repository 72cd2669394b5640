"""Reports as one HTML file that needs nothing else: no scripts, no fonts, no pictures, no style sheet beside it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from typing import Any

from markupsafe import Markup

from readygate_server.web.report.page import STYLE, environment

_SHOWN_IN_TITLE = 3
_environment = cache(environment)


def report_file(contexts: Sequence[Mapping[str, Any]], *, not_judged: Sequence[str] = ()) -> str:
    """Returns the file: reports as `report_context` gives them, and why there is none of others.

    The style sheet is named by its digest in the file's content security policy, which allows nothing else.
    """
    style = STYLE.read_text(encoding="utf-8")
    reports = [context["report"] for context in contexts]
    said = [f"{each.verdict.words}: {each.title or each.name or 'a decision'}" for each in reports]
    more = f" and {len(said) - _SHOWN_IN_TITLE} more" if len(said) > _SHOWN_IN_TITLE else ""
    return (
        _environment()
        .get_template("report/file.html")
        .render(
            reports=reports,
            title="; ".join(said[:_SHOWN_IN_TITLE]) + more,
            not_judged=not_judged,
            style=Markup(style),  # noqa: S704 -- our own file
            style_digest=b64encode(sha256(style.encode()).digest()).decode(),
            decision_href=None,
            waiver_href=None,
            finding_actions=None,
        )
        + "\n"
    )
