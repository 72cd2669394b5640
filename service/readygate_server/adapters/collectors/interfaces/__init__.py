"""Collects facts about an API from its interface files: `.proto`, GraphQL schemas and AsyncAPI documents.

Each language tells less than OpenAPI does. What it has no word for is not stated; nothing is inferred:

| fact | `.proto` | GraphQL | AsyncAPI | grade |
|---|---|---|---|---|
| `api.spec_valid` | names and numbers of fields; not evaluable while imported files are missing | the schema's own \
rules; not evaluable while definitions are missing | structure, references; not evaluable while parts are not read, \
and of version 1 | E2 |
| `api.integration_method` | `api` when a call is defined | `api` when there is a query, mutation or subscription | \
`event` when there is a channel | E1 |
| `api.lifecycle.status` | option `deprecated` of all calls, their services or files | `@deprecated` of all queries, \
mutations and subscriptions | no word | E1 |
| `api.idempotent_write_coverage` | `idempotency_level`, when every call states one | no word for it; not applicable \
without mutations | no word | E1 |
| `api.error_model_coverage` | no word: details of gRPC errors are not declared | no word: errors travel beside the \
data | no word | |
| `api.owner.person` | no place | no place | never: `info.contact` is no person yet | |

Seen, but in no fact of the catalogue, and so only in the notes: comments and descriptions, streams, payloads, \
correlation ids, security of servers and operations.
"""

from __future__ import annotations

from typing import Final

from readygate_server.adapters.collectors.interfaces.collector import InterfacesCollector

__all__ = ["COLLECTOR", "InterfacesCollector"]

COLLECTOR: Final = InterfacesCollector()
