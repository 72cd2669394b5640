# METADATA
# title: Workflows
package readygate.workflow

import data.readygate.days

import future.keywords.or
import rego.v1

# The workflow has an owner and a model that is true.
passing["WFL-01"] contains workflow.id if {
	limit := data.readygate.limits[input.tier]["WFL-01"]
	some workflow in input.workflows
	workflow.owner.person != ""
	days.since(workflow.model_date) <= limit.confirmed_within
}

# There is an event log to learn from.
passing["WFL-02"] contains workflow.id if {
	limit := data.readygate.limits[input.tier]["WFL-02"]
	some workflow in input.workflows
	workflow.event_log_cases.cases >= limit.cases
	workflow.event_log_cases.weeks >= 8
}

# The workflow is stable.
passing["WFL-03"] contains workflow.id if {
	limit := data.readygate.limits[input.tier]["WFL-03"]
	some workflow in input.workflows
	workflow.stable_weeks >= limit.stable_weeks
	not limit.change_days or changes_rarely(workflow.days_since_material_change, limit)
}

changes_rarely(change, limit) if {
	change.days_since >= limit.change_days
	change.days_to_next >= limit.change_days
}

# Work is done as it is described.
passing["WFL-04"] contains workflow.id if {
	limit := data.readygate.limits[input.tier]["WFL-04"]
	some workflow in input.workflows
	workflow.conformance_fitness >= limit.fitness
	workflow.variants_for_80pct <= limit.variants
}

# Rework and exceptions are few.
passing["WFL-05"] contains workflow.id if {
	limit := data.readygate.limits[input.tier]["WFL-05"]
	some workflow in input.workflows
	workflow.rework_rate <= limit.rework
	workflow.exception_rate <= limit.exceptions
}

# The rules of the work are written down.
passing["WFL-06"] contains workflow.id if {
	limit := data.readygate.limits[input.tier]["WFL-06"]
	some workflow in input.workflows
	workflow.rule_coverage >= limit.rule_coverage
}

# Hand-off to people works.
passing["WFL-07"] contains workflow.id if {
	input.gate in {"pilot", "production"}
	limit := data.readygate.limits[input.tier]["WFL-07"]
	some workflow in input.workflows
	workflow.handoff_success.success_ratio >= limit.success
	workflow.handoff_success.rehearsals >= limit.rehearsals
}

# The workflow was redesigned around the deployment.
passing["WFL-08"] contains workflow.id if {
	input.gate in {"pilot", "production"}
	some workflow in input.workflows
	workflow.redesign_status == "approved_by_owner"
	workflow.tool_embedding in {"native", "side_panel"} or staff_do_not_use_it
}

staff_do_not_use_it if {
	input.deployment.audience
	not "staff" in input.deployment.audience
}
