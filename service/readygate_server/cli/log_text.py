"""Steps of a check of the log, as people and programs read them."""

from __future__ import annotations

import json
from collections.abc import Sequence

from readygate_server.adapters.log.findings import Step, counted


def print_text(steps: Sequence[Step]) -> None:
    """Prints each step with its faults, and a last line that sums up."""
    for number, step in enumerate(steps, start=1):
        print(f"{number}. {step.title}: {_result(step)}{f': {step.said}' if step.said else ''}")
        for fault in step.faults:
            print(f"   {fault}")
        if step.count > len(step.faults):
            print(f"   and {step.count - len(step.faults)} more")
    count, skipped = sum(step.count for step in steps), sum(not step.is_checked for step in steps)
    left_out = f"; {skipped} of {len(steps)} steps not checked" if skipped else ""
    print(f"{counted(count, 'fault') if count else 'no fault'}{left_out}")


def print_json(steps: Sequence[Step]) -> None:
    """Prints the steps for programs."""
    told = [
        {
            "step": step.title,
            "checked": step.is_checked,
            "said": step.said,
            "faults": [fault._asdict() for fault in step.faults],
            "fault_count": step.count,
        }
        for step in steps
    ]
    print(json.dumps({"sound": not any(step.count for step in steps), "steps": told}, indent=2))


def _result(step: Step) -> str:
    if step.count:
        return counted(step.count, "fault")
    return "sound" if step.is_checked else "not checked"
