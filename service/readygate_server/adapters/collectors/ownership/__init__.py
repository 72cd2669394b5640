"""Collects who answers for an asset, of a Backstage catalogue (`catalog-info.yaml`) and a CODEOWNERS file.

What the files say, and which fact that is, for a data source, an API or a workflow:

| in the files | fact | when it has a value | grade |
|---|---|---|---|
| `spec.owner` of the entity; the last CODEOWNERS rule for each `--path` | `owner.person` | `(named)`, where a person \
is named: `user:NAME`, or on GitHub `@NAME` | E1 |
| a group or team there | `owner.person` | with `--team-answers` only: `group:NAME` or `team:NAME` | E1 |
| `spec.lifecycle` of the entity | `api.lifecycle.status` | `production` is active, `deprecated` is deprecated | E1 |
| | `owner.accepted`, `owner.support_hours` | never: neither file has a place for them | |

No name of a person is kept, only that one is named. A team is no person: the rules ask for somebody who can be
reached, and so a team is not stated, and told in the reason. What is left of a template, `user:guest` and words such as
`TODO` are nobody. An e-mail address may be of a person or of a mailbox, and on GitLab `@NAME` of a person or a group:
neither can be evaluated.

The entity is the one of `--entity`, or the one that is called like the asset, or the only one there is. Nothing that
these files refer to is fetched.
"""

from __future__ import annotations

from readygate_server.adapters.collectors.ownership.collector import COLLECTOR as COLLECTOR
