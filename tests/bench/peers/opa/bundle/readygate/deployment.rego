# METADATA
# title: The deployment itself
package readygate.deployment

import future.keywords.or
import rego.v1

# Proposal is complete enough to judge.
passing contains "DEP-01" if {
	deployment := input.deployment
	deployment.use_case != ""
	deployment.target_gate
	deployment.autonomy_level
	deployment.action_effect
	count(deployment.audience) > 0
	deployment.data_sensitivity
	deployment.decision_effect
	deployment.regulatory_class
	deployment.interactions_per_month
	deployment.peak_calls_per_second
	deployment.tolerated_harm_events
	deployment.model_supply
	count(deployment.dependencies) > 0
	deployment.derived.dependencies_without_owner == 0
	count({dependency | some dependency in deployment.dependencies} - described) == 0
}

described contains input.data_sources[_].id

described contains input.apis[_].id

described contains input.workflows[_].id

# No prohibited practice or prohibited data.
passing contains "DEP-02" if {
	input.deployment.regulatory_class != "prohibited"
	every source in input.data_sources { source.permitted_use != "prohibited" }
}

# Autonomy is earned, not assumed.
passing contains "DEP-03" if {
	input.gate == "production"
	input.tier in {"T3", "T4"}
	people_decide or supervised_long_enough
}

people_decide if input.deployment.autonomy_level in {"l1_operator", "l2_collaborator", "l3_consultant"}

people_decide if input.deployment.action_effect in {"inform", "draft"}

supervised_long_enough if {
	limit := data.readygate.limits[input.tier]["DEP-03"]
	run := input.ops.supervised_run
	run.weeks >= limit.weeks
	run.cases >= limit.cases
	run.agreement >= limit.agreement
}

# The remit is bounded by something other than the model.
passing contains "DEP-04" if {
	input.deployment.remit_bounded in data.readygate.limits[input.tier]["DEP-04"].remit
	input.gate == "commit" or input.tier == "T1" or input.deployment.remit_bounded == "enforced"
	speaks_to_staff_only or commitment_is_limited
}

speaks_to_staff_only if {
	input.deployment.action_effect in {"inform", "draft"}
	every reader in input.deployment.audience { reader == "staff" }
}

commitment_is_limited if input.deployment.commitment_limit.none_granted

commitment_is_limited if input.deployment.commitment_limit.per_interaction >= 0

# The use is the use that was validated.
passing contains "DEP-05" if {
	input.gate in {"pilot", "production"}
	input.deployment.validated_use_match in {"same", "narrower"}
}
