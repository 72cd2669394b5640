# METADATA
# title: Readiness of an AI deployment
# description: >-
#   One query tells everything: data.readygate.decision says whether anything stands against the proposal, which rules
#   were asked, and who passes each of them. A rule that is not asked at the gate and the tier stands against nothing.
#   Facts that are absent fail. What follows from several facts (sums, products, bounds) the caller has worked out
#   already and says under `derived`.
package readygate

import rego.v1

# METADATA
# entrypoint: true
decision := {
	"allow": allow,
	"asked": asked,
	"deployment": passing,
	"source": data.readygate.data.passing,
	"api": data.readygate.api.passing,
	"workflow": data.readygate.workflow.passing,
}

# Rules about the deployment as a whole, by foundation.
passing := {
	"deployment": data.readygate.deployment.passing,
	"api": data.readygate.api.passing_deployment,
	"organization": data.readygate.organization.passing,
	"governance": data.readygate.governance.passing,
	"value": data.readygate.value.passing,
	"operations": data.readygate.operations.passing,
}

asked := data.readygate.rules_asked[input.gate][input.tier]

default allow := false

# Whoever passes a rule was asked it, so that it is enough to count.
allow if {
	sum([count(rules) | some rules in passing]) == count(asked.deployment)
	everyone_passes(data.readygate.data.passing, asked.source, input.data_sources)
	everyone_passes(data.readygate.api.passing, asked.api, input.apis)
	everyone_passes(data.readygate.workflow.passing, asked.workflow, input.workflows)
}

everyone_passes(passing, asked, subjects) if {
	sum([count(who) | some who in passing]) == count(asked) * count(subjects)
}
