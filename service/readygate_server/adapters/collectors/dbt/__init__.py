"""Collects facts about a data source from the results of tests: dbt, Great Expectations, datacontract-cli.

What comes from where:

| Catalogue fact | dbt | Great Expectations, datacontract-cli |
|---|---|---|
| `source.contract_check_pass_rate` | tests that passed by those that ran, 30 days | the same |
| `source.completeness` | `not_null` of each critical column, clean | by the counts of the result, or clean |
| `source.uniqueness` | every `unique` test clean, and its columns `not_null` | the same; 1 or not evaluable |
| `source.validity` | every `accepted_values` clean | least share, by the counts of the result |
| `source.referential_integrity` | every `relationships` clean | not asked by these |
| `source.freshness_lag_p95` | looks of each of 14 days | not stated |

A test that ran has passed, failed, warned or erred; `success` is the word for a test that was only compiled. Manifest
and newest run must be of one invocation. Tests of packages are theirs. dbt says how many rows break a test and never of
how many, so a test that fails leaves its fact without a value: the pass rate has the failure.

A share of runs that succeeded is not made of files: a run that crashed leaves none. Contracts that dbt enforces are
about columns and types, not a contract between teams, and are told in the notes only, as are descriptions and owners.
"""

from __future__ import annotations

from readygate_server.adapters.collectors.dbt.collector import COLLECTOR as COLLECTOR
