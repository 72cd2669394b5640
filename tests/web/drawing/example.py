"""Keeps the pictures of `docs/report.md`: `python -m tests.web.drawing.example` draws them anew."""

from __future__ import annotations

from pathlib import Path

from readygate_server.web.drawing.graph import graph
from readygate_server.web.drawing.svg import alone
from readygate_server.web.drawing.timeline import timeline
from tests.builders import AS_OF, gate_under_test
from tests.cli.command import EXAMPLE

PICTURES = Path(__file__).parents[3] / "docs/pictures"


def pictures() -> dict[str, str]:
    """Returns the drawings of the example's plan, by the names of their files."""
    plan = gate_under_test().evaluate_file(EXAMPLE, as_of=AS_OF).plan
    drawn = {"refund-agent-graph.svg": graph(plan, key="example")[0]}
    drawn["refund-agent-timeline.svg"] = timeline(plan, key="example")[0]
    return {name: alone(shown) for name, shown in drawn.items()}


def main() -> None:
    """Draws them anew."""
    PICTURES.mkdir(exist_ok=True)
    for name, text in pictures().items():
        (PICTURES / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
