"""Collects facts about a data source from its table, and from the contract that declares what the table is to be.

What comes from where:

| Catalogue fact | From | Value |
|---|---|---|
| `source.completeness` | critical columns, null tokens | least share of values that are there, over these columns |
| `source.uniqueness` | declared keys | different whole keys by rows; the least over the keys |
| `source.validity` | types and domains of a contract | least share of present values that keep them, over columns |
| `source.referential_integrity` | `--reference` | least share of references that lead to a row of the other file |
| `source.freshness_lag_p95` | two columns of moments | p95 of arrival minus event, rows of the last 14 days, minutes |
| `source.contract_status` | contract, grade E1 | its status |
| `source.classification_coverage` | contract, grade E1 | fields with a classification, by fields of the table |

ODCS counts `nullValues` (null, or nothing between two delimiters) and `missingValues` (also blanks, not-a-number, and
the tokens declared); completeness is of the latter and both are in the notes. Where nobody declared what stands for
nothing and a column holds `NA` or `null`, completeness is not evaluable: the same table read by two libraries is then
complete to 58 % or to 100 %. Keys, critical columns and references are never guessed.

A contract's promises (latency, time to detect) are not measurements and give no fact. Whether values are true, whether
the file is the table in production, and whether it may be used, no table says.
"""

from __future__ import annotations

from readygate_server.adapters.collectors.table.collector import COLLECTOR as COLLECTOR
