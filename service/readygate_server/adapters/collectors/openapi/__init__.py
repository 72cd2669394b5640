"""Collects facts about an API from its OpenAPI 3.0, 3.1 or 3.2 or Swagger 2 document, in JSON or YAML.

What a document says, and which fact that is:

| in the document | fact | when it has a value | grade |
|---|---|---|---|
| all of it, held against its own specification (`lint`) | `api.spec_valid` | false when something is wrong; true when \
nothing is and every part was read | E2 |
| responses `4xx`, `5xx` and `default` with a schema | `api.error_model_coverage` | when any operation states an error \
| E2 |
| header parameters for an idempotency key; PUT and DELETE by RFC 9110 | `api.idempotent_write_coverage` | when any \
POST or PATCH documents one, or there is none of them | E1 |
| `deprecated` of the operations | `api.lifecycle.status` | when all operations, or any that is used, are marked: \
`deprecated` | E1 |
| `x-sunset` | `api.lifecycle.sunset_on` | when every operation that is marked has one: the earliest | E1 |
| that it is such a document, with operations | `api.integration_method` | `api` | E1 |
| `info.contact` | `api.owner.person` | never: a contact is not yet a person, and names are not carried over | |

The check of validity is our own: structure, parameters, references, security, but neither examples nor the keywords of
schemas. Whoever wants these as well gives a report of Spectral with `--lint`; its errors then count too.

What a document is silent about is not stated, never 0 and never no. What stands behind a reference that was not
followed is not evaluable. `--operation` narrows all but `api.spec_valid` to the operations that the deployment uses.

Seen, but not in the catalogue, and so only in the notes: who must authenticate, rate limits, operation ids,
descriptions, answers without a type, servers without encryption. That an API keeps to its document, no document shows:
`api.contract_test_pass_rate` and `api.authz_test` need tests, and `api.rate_limit_headroom` the limit and the load.
"""

from __future__ import annotations

from typing import Final

from readygate_server.adapters.collectors.openapi.collector import OpenApiCollector

__all__ = ["COLLECTOR", "OpenApiCollector"]

COLLECTOR: Final = OpenApiCollector()
