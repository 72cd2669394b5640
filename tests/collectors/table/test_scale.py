"""Memory and time of a large table; READYGATE_TABLE_ROWS=20000000 measures one of 20 million rows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

duckdb = pytest.importorskip("duckdb", reason="the extra collect-table is not installed")

ROWS = int(os.environ.get("READYGATE_TABLE_ROWS", "200000"))
_TABLE = """
COPY (SELECT
  i AS id, 'C' || lpad((i * 7919 % {rows})::VARCHAR, 9, '0') AS code,
  CASE WHEN i % 50 <> 0 THEN i % 1000 END AS amount, (i % 97)::INTEGER AS branch, (i % 7)::TINYINT AS weekday,
  (i % 100000) / 7.0 AS price, random() AS score, (i * 31 % 1000003) / 3.0 AS tax, i % 13 AS grade, i % 2 = 0 AS paid,
  CASE WHEN i % 100 = 0 THEN 'NA' ELSE 'city ' || (i % 5000) END AS city,
  ['new', 'open', 'closed'][1 + i % 3] AS status, 'note ' || (i % 100) AS note, 'p' || (i % 20000) AS product,
  TIMESTAMP '2026-01-01' + INTERVAL (i % 20000000) SECOND AS ordered,
  TIMESTAMP '2026-01-01' + INTERVAL (i % 20000000 + 90) SECOND AS loaded,
  DATE '2026-01-01' + (i % 300)::INTEGER AS due,
  (i % 11)::SMALLINT AS boxes, (i % 1000003) AS customer, 'EUR' AS currency
  FROM range({rows}) AS rows(i)) TO '{path}' (FORMAT parquet)
"""
_RUN = """
import json, re, sys, time
from pathlib import Path
from readygate_server.adapters.collectors.port import Request
from readygate_server.adapters.collectors.table import COLLECTOR
from readygate_server.domain.collected import Subject
from readygate_server.domain.vocabulary import Scope
options = {key: tuple(value) if isinstance(value, list) else value for key, value in json.loads(sys.argv[2]).items()}
began, cpu = time.perf_counter(), time.process_time()
found = COLLECTOR.collect(Request((Path(sys.argv[1]),), Subject(Scope.SOURCE, "orders"), options))
# The peak of this program: what getrusage tells begins with what the process was before it became this one.
peak = int(re.search(r"VmHWM:\\s*([0-9]+)", Path("/proc/self/status").read_text())[1])
print(json.dumps({
  "seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu, "mib": peak / 1024,
  "facts": {fact.fact: fact.value for fact in found.facts}, "notes": found.notes}))
"""
_CONTRACT = """
kind: DataContract
apiVersion: v3.1.0
id: orders
version: 1.0.0
status: active
schema:
  - name: orders
    properties:
      - {name: amount, logicalType: integer, criticalDataElement: true, logicalTypeOptions: {minimum: 0, maximum: 999}}
      - name: city
        logicalType: string
        criticalDataElement: true
        quality: [{metric: missingValues, arguments: {missingValues: [null, NA]}, mustBe: 0}]
      - {name: status, quality: [{metric: invalidValues, arguments: {validValues: [new, open]}, mustBe: 0}]}
      - {name: code, logicalTypeOptions: {pattern: "^C[0-9]{9}$"}}
      - {name: due, logicalType: date}
"""


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of 20 columns of all kinds, with a key, missing values, and values outside their domain."""
    table = tmp_path_factory.mktemp("table") / "orders.parquet"
    duckdb.connect().execute(_TABLE.format(rows=ROWS, path=table))
    return table


@pytest.mark.timeout(600)
@pytest.mark.parametrize("key", [["id"], ["code"], ["id", "code"]])
def test_a_large_table_is_counted_exactly_within_a_gigabyte(orders: Path, tmp_path: Path, key: list[str]) -> None:
    """Exact keys, missing values and domains of a table of 20 columns take less than 1 GB, whatever its rows."""
    contract = tmp_path / "orders.odcs.yaml"
    contract.write_text(_CONTRACT)
    options = {
        "key": key,
        "contract": str(contract),
        "recorded-at": "ordered",
        "loaded-at": "loaded",
        "timezone": "UTC",
    }
    run = subprocess.run(
        [sys.executable, "-c", _RUN, orders, json.dumps(options)],
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    sys.stderr.write(
        f"\n{ROWS} rows, key {key}: {found['seconds']:.1f} s, {found['cpu']:.1f} s CPU, {found['mib']:.0f} MiB\n"
    )
    assert found["facts"]["source.uniqueness"] == 1.0
    assert found["facts"]["source.completeness"] == pytest.approx(0.98)
    assert found["facts"]["source.validity"] == pytest.approx(2 / 3, abs=1e-5)
    assert found["mib"] < 1000
