# METADATA
# title: Value
package readygate.value

import future.keywords.or
import rego.v1

# The outcome is one that the business counts.
passing contains "VAL-01" if {
	input.value.outcome_metric in {
		"revenue",
		"cost_to_serve",
		"sales_cycle",
		"churn",
		"verified_resolution",
		"error_loss",
		"cycle_time",
	}
}

# There is a baseline.
passing contains "VAL-02" if {
	baseline := input.value.baseline
	baseline.level
	baseline.sample_size
	baseline.weeks >= data.readygate.limits[input.tier]["VAL-02"].weeks
}

# The target is dated and can be detected.
passing contains "VAL-03" if {
	target := input.value.target
	target.reached_on != ""
	target.weeks_to_first_movement <= data.readygate.limits[input.tier]["VAL-03"].first_movement
	abs(target.change) > target.minimum_detectable_effect
}

# The effect can be told from what would have happened anyway.
passing contains "VAL-04" if {
	input.gate in {"pilot", "production"}
	input.value.attribution_method in data.readygate.limits[input.tier]["VAL-04"].methods
}

# It pays.
passing contains "VAL-05" if {
	input.value.payback_months <= data.readygate.limits[input.tier]["VAL-05"].payback
	input.value.derived.unit_cost_ratio <= 0.8 or earns_more
	input.gate == "commit" or spending_is_capped
}

earns_more if {
	input.value.outcome_metric == "revenue"
	input.value.target.change > 0
}

spending_is_capped if {
	input.ops.spend_cap.amount_per_month
	input.ops.spend_cap.alert_share <= 0.8
}

# Somebody stops it when it does harm.
passing contains "VAL-06" if {
	input.value.alternative in {"considered", "tested"}
	guardrails := input.value.guardrails
	guardrails.stop_decider != ""
	count(guardrails.members) >= 2
	every guardrail in guardrails.members { guardrail.limit != "" }
}
