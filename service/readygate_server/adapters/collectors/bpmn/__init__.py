"""Collects what a process model in BPMN 2.0 documents about a workflow; its grade is E1, for a picture proves no work.

What comes from where:

| Catalogue fact | Value | Otherwise |
|---|---|---|
| `workflow.model_date` | `--confirmed-on`, for the file with this digest | not stated |
| `workflow.rule_coverage` | 1 when every decision has its rule and the model is confirmed | not evaluable |

A decision is a gateway with several ways out. It has its rule when each but the default has a condition, or when it
comes right after a business rule task. A model that lacks some says nothing of rules that stand elsewhere, so there is
no share below 1. Where there is no decision the question is not applicable.

A model names who does tasks and not who owns the process, so it gives no `workflow.owner`; and it draws hand-offs and
escalations, of which `workflow.handoff_success` wants rehearsals. These are notes, as counts: owners of tasks,
descriptions, what happens when a task fails, hand-offs between lanes. Elements of vendors and of the drawing are left
out, and no names are kept.
"""

from __future__ import annotations

from readygate_server.adapters.collectors.bpmn.collector import COLLECTOR as COLLECTOR
