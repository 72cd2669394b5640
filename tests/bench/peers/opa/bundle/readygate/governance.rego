# METADATA
# title: Governance
package readygate.governance

import data.readygate.days

import future.keywords.or
import rego.v1

# The risk was assessed and accepted by somebody who may.
passing contains "GOV-01" if {
	input.gov.inventory_id != ""
	assessment := input.gov.risk_assessment
	assessment.status == "approved"
	days.since(assessment.approved_on) <= 365
	input.tier == "T1" or assessment.approver_level in data.readygate.limits[input.tier]["GOV-01"].approvers
}

# Data protection is settled.
passing contains "GOV-02" if {
	input.gate in {"pilot", "production"}
	input.deployment.data_sensitivity in {"public", "internal"} or protection_is_settled
}

protection_is_settled if input.gov.dpia_status.status == "done"

protection_is_settled if {
	input.deployment.data_sensitivity == "personal"
	input.gov.dpia_status.status == "not_needed"
	input.gov.dpia_status.reason != ""
	input.gov.dpia_status.criteria_met < 2
}

# People can step in.
passing contains "GOV-03" if {
	input.gate in {"pilot", "production"}
	days.since(input.gov.override_test_date) <= 90
	input.deployment.decision_effect in {"none", "material"} or input.gov.human_final_decision
}

# People are told, and can object.
passing contains "GOV-04" if {
	input.gate in {"pilot", "production"}
	limit := data.readygate.limits[input.tier]["GOV-04"]
	input.gov.ai_disclosure
	input.gov.redress_route.status == "live"
	input.gov.redress_route.response_days <= limit.redress_days
}

# Vendors are assessed and bound.
passing contains "GOV-05" if input.deployment.model_supply == "self_hosted"

passing contains "GOV-05" if {
	assessment := input.gov.vendor_assessment
	assessment.status == "clear"
	days.since(assessment.assessed_on) <= 365
	input.tier == "T1" or count(input.gov.contract_terms) >= data.readygate.limits[input.tier]["GOV-05"].contract_terms
}

# Logs are kept.
passing contains "GOV-06" if {
	input.gate in {"pilot", "production"}
	input.gov.log_retention >= 180
}

# It was attacked and held.
passing contains "GOV-07" if {
	input.gate in {"pilot", "production"}
	limit := data.readygate.limits[input.tier]["GOV-07"]
	test := input.gov.adversarial_test
	test.open_critical <= 0
	days.since(test.tested_on) <= limit.tested_within
	input.tier == "T1" or test.open_high <= limit.open_high
}

# There is a legal basis.
passing contains "GOV-08" if {
	input.gov.legal_basis.status == "confirmed"
	days.since(input.gov.legal_basis.confirmed_on) <= 365
}

passing contains "GOV-08" if {
	input.gov.legal_basis.status == "not_needed"
	input.gov.legal_basis.reason != ""
}
