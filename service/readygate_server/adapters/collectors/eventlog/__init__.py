"""Collects facts about a workflow from its event log: XES, also compressed, CSV or Parquet.

What comes from where:

| Catalogue fact | Value | Not evaluable when |
|---|---|---|
| `workflow.event_log_cases.cases` | cases with an event that can be used | more than 5 % of events can not be used |
| `workflow.event_log_cases.weeks` | full weeks from first to last event | dates are placeholders |
| `workflow.variants_for_80pct` | commonest variants that cover 80 % of cases | each case has its own; days only |
| `workflow.rework_rate` | share of cases that repeat an activity | as before; states instead of work |
| `workflow.exception_rate` | share of cases with an `--exception-activity` | not stated unless declared |
| `workflow.stable_weeks` | last weeks without a signal on control charts | no `--end-activity`, under 12 weeks |

Each also when nothing can be used. A log alone gives no `workflow.conformance_fitness`, which takes the agreed model,
and none of the facts that documents give. Throughput, drift beside what chance gives, ties and how work is shared out
are notes: no rule asks for them.

What an activity is and which steps of its life cycle count changes every number, so both are parameters of each fact.
A timestamp without timezone is refused unless `--timezone` says where it was written. Resources are counted, and their
names are never kept; nor are the attributes of the log itself, which list people in some exports.

XES and CSV are read with what comes with Python: its parser sees every timestamp as written, and so which of them say
no timezone, where the fastest reader for XES takes these for UTC. Parquet takes DuckDB: extra `collect-eventlog`.
"""

from __future__ import annotations

from readygate_server.adapters.collectors.eventlog.collector import COLLECTOR as COLLECTOR
