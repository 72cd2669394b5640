# METADATA
# title: Operations
package readygate.operations

import data.readygate.days

import future.keywords.or
import rego.v1

# There is an evaluation set of real cases.
passing contains "OPS-01" if {
	input.gate in {"pilot", "production"}
	limit := data.readygate.limits[input.tier]["OPS-01"]
	input.ops.eval_set_size >= limit.size
	input.ops.eval_production_share >= 0.7
	input.ops.grader_agreement >= limit.agreement
}

# The system passes it.
passing contains "OPS-02" if {
	input.gate in {"pilot", "production"}
	input.ops.eval_pass_lower95 >= data.readygate.limits[input.tier]["OPS-02"].pass_lower95
	input.ops.eval_critical_failures <= 0
	input.ops.slice_gap <= 0.05
	input.gate == "pilot" or input.ops.derived.harm_event_margin >= 0
}

# Every change is tested, and versions are fixed.
passing contains "OPS-03" if {
	input.gate == "production"
	input.ops.regression_gate
	input.ops.version_pinned
}

# It can be rolled back.
passing contains "OPS-04" if {
	input.gate in {"pilot", "production"}
	rollback := input.ops.rollback_minutes
	days.since(rollback.tested_on) <= 90
	input.tier == "T1" or rollback.minutes <= data.readygate.limits[input.tier]["OPS-04"].minutes
}

# Work goes on without it.
passing contains "OPS-05" if {
	input.gate == "production"
	input.ops.fallback_capacity >= data.readygate.limits[input.tier]["OPS-05"].fallback
}

# It is watched, and incidents are rehearsed.
passing contains "OPS-06" if {
	input.gate == "production"
	is_watched
}

passing contains "OPS-06" if {
	input.gate == "pilot"
	input.tier in {"T3", "T4"}
	is_watched
}

is_watched if {
	input.ops.monitoring_coverage >= 1
	days.since(input.ops.incident_exercise) <= 180
}

# There are enough reviewers.
passing contains "OPS-07" if {
	input.gate in {"pilot", "production"}
	input.ops.review_capacity >= 1.2
	input.deployment.interactions_per_month
}

# The next review has a date.
passing contains "OPS-08" if {
	input.gate == "production"
	days.until(input.ops.next_review) <= 92
}

# It was validated where it is used.
passing contains "OPS-09" if {
	input.gate == "production"
	input.tier in {"T2", "T3", "T4"}
	input.ops.acceptance_threshold == "preset_met"
	input.ops.local_validation.status == "this_site"
	input.ops.local_validation.independent
}

# The sites are ready.
passing contains "OPS-10" if {
	input.gate in {"pilot", "production"}
	input.ops.site_readiness >= data.readygate.limits[input.tier]["OPS-10"].site_readiness
}
