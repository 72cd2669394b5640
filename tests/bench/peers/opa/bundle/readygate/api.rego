# METADATA
# title: APIs
package readygate.api

import data.readygate.days

import future.keywords.or
import rego.v1

# API contract is published and true.
passing["API-01"] contains api.id if {
	limit := object.get(data.readygate.limits[input.tier], "API-01", {})
	some api in input.apis
	api.spec_valid
	input.gate == "commit" or api.contract_test_pass_rate >= 1
	not limit.typed_errors or api.error_model_coverage >= limit.typed_errors
	not limit.typed_errors_of_writes or api.writes == false or api.error_model_coverage >= limit.typed_errors_of_writes
}

# API is owned and will outlive the project.
passing["API-02"] contains api.id if {
	some api in input.apis
	api.owner.person != ""
	api.owner.support_hours != ""
	input.tier == "T1" or will_stay(api)
}

will_stay(api) if {
	limit := data.readygate.limits[input.tier]["API-02"]
	api.breaking_change_notice >= limit.notice
	api.lifecycle.status == "active" or switched_off_late(api, limit)
}

switched_off_late(api, limit) if {
	api.lifecycle.status == "deprecated"
	api.derived.sunset_days_after_go_live >= limit.sunset_days
}

# The chain of dependencies is available enough: the only one here that is asked of the deployment.
passing_deployment contains "API-03" if {
	input.gate in {"pilot", "production"}
	limit := data.readygate.limits[input.tier]["API-03"]
	input.deployment.derived.chain_availability >= limit.availability or every_api_may_fail
}

every_api_may_fail if {
	every api in input.apis { api.critical_path == false or api.degraded_mode_tested }
}

# Latency and limits carry peak load.
passing["API-04"] contains api.id if {
	input.gate in {"pilot", "production"}
	limit := data.readygate.limits[input.tier]["API-04"]
	input.tier == "T1" or input.deployment.peak_calls_per_second > 0
	some api in input.apis
	api.critical_path == false or answers_in_time
	not limit.headroom or api.rate_limit_headroom >= limit.headroom
}

answers_in_time if {
	limit := data.readygate.limits[input.tier]["API-04"]
	patience := object.get(limit.latency, object.get(input.deployment, "channel", "unknown"), limit.slowest)
	input.deployment.derived.sequential_latency_p95 <= patience
}

# Agent has its own least-privilege identity.
passing["API-05"] contains api.id if {
	input.gate in {"pilot", "production"}
	some api in input.apis
	api.agent_identity
	api.scope_excess <= 0
}

# Authorisation has been attacked and held.
passing["API-06"] contains api.id if {
	input.gate in {"pilot", "production"}
	limit := data.readygate.limits[input.tier]["API-06"]
	some api in input.apis
	api.authz_test.result == "pass"
	api.authz_test.open_high <= 0
	days.since(api.authz_test.tested_on) <= limit.tested_within
}

# Writes can be repeated and undone.
passing["API-07"] contains api.id if {
	input.gate in {"pilot", "production"}
	limit := data.readygate.limits[input.tier]["API-07"]
	some api in input.apis
	api.writes == false or can_be_repeated_and_undone(api, limit)
}

can_be_repeated_and_undone(api, limit) if {
	api.idempotent_write_coverage >= 1
	api.undo_coverage >= limit.undo or api.human_approves_writes or api.undo_coverage >= limit.undo_unless_approved
}

# There is a realistic place to rehearse.
passing["API-08"] contains api.id if {
	input.gate in {"pilot", "production"}
	input.tier in {"T2", "T3", "T4"}
	some api in input.apis
	api.sandbox == "production_like" or partial_sandbox_will_do(api)
}

partial_sandbox_will_do(api) if {
	api.sandbox == "partial"
	input.tier == "T2" or api.writes == false
}

# No brittle integration on the critical path.
passing["API-09"] contains api.id if {
	input.tier in {"T2", "T3", "T4"}
	some api in input.apis
	api.critical_path == false or api.integration_method in {"api", "event"} or ends_soon(api)
}

ends_soon(api) if {
	limit := data.readygate.limits[input.tier]["API-09"]
	days.until(api.replacement_on) <= limit.replaced_within
	api.writes == false or api.integration_method != "rpa_screen"
}

# Every agent action is traceable.
passing["API-10"] contains api.id if {
	input.gate in {"pilot", "production"}
	limit := data.readygate.limits[input.tier]["API-10"]
	some api in input.apis
	api.audit_coverage >= limit.coverage
	not limit.coverage_of_writes or api.writes == false or api.audit_coverage >= limit.coverage_of_writes
}
