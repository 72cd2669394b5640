"""Small artefacts of every kind, written by hand, with texts that must not get into a result."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from readygate_server.adapters.collectors.contract import Case
from readygate_server.adapters.collectors.port import OptionValue
from readygate_server.domain.vocabulary import Scope


class Sample(NamedTuple):
    """Artefacts of one collector: files by name, and how they are collected."""

    files: Mapping[str, str]
    artefacts: tuple[str, ...]
    scope: Scope
    options: Mapping[str, OptionValue] = {}
    states: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    recognised: bool = True

    def in_folder(self, folder: Path) -> Case:
        """Writes the files and returns the case of the contract."""
        for name, text in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return Case(folder, self.artefacts, self.scope, self.options, self.states, self.secrets, self.recognised)


OPENAPI = """\
openapi: 3.0.3
info: {title: Orders, version: "1.0", contact: {name: Jane Roe, email: jane.roe@example.com}}
servers: [{url: https://orders.example}]
components:
  securitySchemes: {key: {type: apiKey, in: header, name: X-Key}}
  schemas: {Order: {type: object, properties: {id: {type: string, example: secret-4711}}}}
security: [{key: []}]
paths:
  /orders/{id}:
    get:
      operationId: getOrder
      summary: Returns an order.
      parameters: [{name: id, in: path, required: true, description: Which., schema: {type: string}}]
      responses:
        "200": {description: The order., content: {application/json: {schema: {$ref: "#/components/schemas/Order"}}}}
        "404": {description: None., content: {application/problem+json: {schema: {type: object}}}}
"""

MANIFEST = """\
{"metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json", "dbt_version": "1.10.0",
  "generated_at": "2026-10-01T08:00:00Z", "invocation_id": "11111111-2222-3333-4444-555555555555",
  "project_name": "shop", "adapter_type": "duckdb"},
 "nodes": {
  "model.shop.customers": {"unique_id": "model.shop.customers", "resource_type": "model", "package_name": "shop",
    "name": "customers", "description": "One row each.", "columns": {"id": {"name": "id", "description": "Key."}},
    "compiled_code": "select secret_column from vault", "config": {"meta": {"owner": "Jane Roe"}}},
  "test.shop.unique_customers_id.1": {"unique_id": "test.shop.unique_customers_id.1", "resource_type": "test",
    "package_name": "shop", "name": "unique_customers_id", "column_name": "id",
    "attached_node": "model.shop.customers", "test_metadata": {"name": "unique", "kwargs": {"column_name": "id"}},
    "depends_on": {"nodes": ["model.shop.customers"]}}},
 "sources": {}, "exposures": {}, "disabled": {}}
"""

RUN_RESULTS = """\
{"metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/run-results/v6.json", "dbt_version": "1.10.0",
  "generated_at": "2026-10-01T08:00:05Z", "invocation_id": "11111111-2222-3333-4444-555555555555"},
 "args": {"which": "test"}, "elapsed_time": 1.0,
 "results": [{"unique_id": "test.shop.unique_customers_id.1", "status": "pass", "failures": 0,
   "compiled_code": "select secret_column from vault", "message": null, "execution_time": 0.1}]}
"""

BPMN = """\
<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="urn:x" exporter="by hand">
  <process id="returns" name="Returns" isExecutable="false">
    <laneSet id="lanes"><lane id="l" name="Jane Roe"><flowNodeRef>check</flowNodeRef></lane></laneSet>
    <startEvent id="start"/>
    <sequenceFlow id="f1" sourceRef="start" targetRef="check"/>
    <userTask id="check" name="Check the parcel"><documentation>Open it.</documentation></userTask>
    <sequenceFlow id="f2" sourceRef="check" targetRef="end"/>
    <endEvent id="end"/>
  </process>
</definitions>
"""

LOG = "case,activity,when,who\n" + "".join(
    f"{case},{activity},2026-0{1 + case % 9}-{1 + case:02d}T0{hour}:15:0{case % 10}Z,Jane Roe\n"
    for case in range(20)
    for hour, activity in enumerate(("receive", "check", "secret-step", "refund"))
)

CATALOGUE = """\
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: orders, title: Orders}
spec: {type: openapi, lifecycle: production, owner: group:default/checkout, definition: "openapi: 3.0.3"}
"""

PROTO = """\
syntax = "proto3";
package shop.v1;

// Knows orders.
service Orders {
  // Returns an order. Ask Jane Roe.
  rpc GetOrder(GetOrderRequest) returns (GetOrderResponse);
}

// Asks for an order.
message GetOrderRequest { string id = 1; }
// The order.
message GetOrderResponse { string id = 1; }
"""

SAMPLES: Mapping[str, Sample] = {
    "bpmn": Sample({"returns.bpmn": BPMN}, ("returns.bpmn",), Scope.WORKFLOW, secrets=("Jane Roe",)),
    "dbt": Sample(
        {"target/manifest.json": MANIFEST, "target/run_results.json": RUN_RESULTS},
        ("target/manifest.json", "target/run_results.json"),
        Scope.SOURCE,
        states=("source.contract_check_pass_rate",),
        secrets=("Jane Roe", "secret_column"),
    ),
    "eventlog": Sample(
        *({"returns.csv": LOG}, ("returns.csv",), Scope.WORKFLOW),
        {"case": "case", "activity": ("activity",), "timestamp": "when"},
        states=("workflow.event_log_cases.cases",),
        secrets=("Jane Roe", "secret-step"),
        recognised=False,  # a CSV does not say that it is a log
    ),
    "interfaces": Sample({"orders.proto": PROTO}, ("orders.proto",), Scope.API, secrets=("Jane Roe",)),
    "openapi": Sample(
        *({"orders.yaml": OPENAPI}, ("orders.yaml",), Scope.API),
        states=("api.spec_valid", "api.error_model_coverage"),
        secrets=("Jane Roe", "jane.roe", "secret-4711"),
    ),
    "ownership": Sample(*({"catalog-info.yaml": CATALOGUE}, ("catalog-info.yaml",), Scope.API), secrets=("Jane Roe",)),
    "table": Sample(
        *({"customers.csv": "id,name,city\n1,Jane Roe,Bern\n2,,Rome\n"}, ("customers.csv",), Scope.SOURCE),
        {"key": ("id",), "critical": ("name",)},
        states=("source.completeness", "source.uniqueness"),
        secrets=("Jane Roe", "Bern", "Rome"),
    ),
}
"""One sample for each collector that ships."""
