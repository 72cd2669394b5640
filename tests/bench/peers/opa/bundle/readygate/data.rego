# METADATA
# title: Data sources
package readygate.data

import data.readygate.days

import future.keywords.or
import rego.v1

# Every source has an owner and a declared authority.
passing["DAT-01"] contains source.id if {
	some source in input.data_sources
	source.owner.person != ""
	source.owner.accepted
	source.authority in {"system_of_record", "governed_copy"}
	input.tier in {"T1", "T2"} or holds_no_state(source) or only_system_of_record(source)
}

holds_no_state(source) if {
	source.written == false
	source.uses
	not "customer_state" in source.uses
	not "action_state" in source.uses
}

only_system_of_record(source) if {
	source.derived.systems_of_record <= data.readygate.limits[input.tier]["DAT-01"].systems_of_record
}

# Data contract is active and machine-checked.
passing["DAT-02"] contains source.id if {
	input.gate in {"pilot", "production"}
	limit := data.readygate.limits[input.tier]["DAT-02"]
	some source in input.data_sources
	source.contract_status == "active"
	source.schema_change_notice >= limit.notice
	not limit.pass_rate or source.contract_check_pass_rate >= limit.pass_rate
}

# Data is complete in critical elements.
passing["DAT-03"] contains source.id if {
	limit := data.readygate.limits[input.tier]["DAT-03"]
	some source in input.data_sources
	source.completeness >= limit.completeness
}

# Data is valid, unique and joined up.
passing["DAT-04"] contains source.id if {
	limit := data.readygate.limits[input.tier]["DAT-04"]
	some source in input.data_sources
	source.validity >= limit.validity
	source.uniqueness >= limit.uniqueness
	source.referential_integrity >= limit.references
}

# Systems agree with each other.
passing["DAT-05"] contains source.id if {
	some source in input.data_sources
	input.tier == "T1" or source.held_elsewhere == false or agrees(source)
	source.written == false or has_no_shadow(source)
}

agrees(source) if source.cross_system_consistency >= data.readygate.limits[input.tier]["DAT-05"].agreement

has_no_shadow(source) if {
	source.authority != "shadow_copy"
	source.derived.shadow_copies == 0
}

# Data is accurate.
passing["DAT-06"] contains source.id if {
	input.gate in {"pilot", "production"}
	limit := data.readygate.limits[input.tier]["DAT-06"]
	some source in input.data_sources
	source.derived.accuracy_lower95 >= limit.accuracy
	source.accuracy.sample_size >= limit.sample
}

# Data is fresh enough for the decision. A tolerance that nobody declared never passes, so that what it is held to
# instead need not be looked at.
passing["DAT-07"] contains source.id if {
	some source in input.data_sources
	source.freshness_lag_p95 <= source.max_staleness
}

# Data is reached through a governed path.
passing["DAT-08"] contains source.id if {
	some source in input.data_sources
	source.access_method in {"api", "governed_query", "event_stream"} or file_will_do(source) or is_not_read(source)
}

file_will_do(source) if {
	source.access_method == "batch_file"
	input.tier in {"T1", "T2"}
}

file_will_do(source) if {
	source.access_method == "batch_file"
	source.uses
	not "action_state" in source.uses
}

is_not_read(source) if {
	every use in source.uses { use in {"training", "evaluation"} }
}

# Pipelines are reliable and someone notices failures.
passing["DAT-09"] contains source.id if {
	input.gate in {"pilot", "production"}
	limit := data.readygate.limits[input.tier]["DAT-09"]
	some source in input.data_sources
	source.pipeline_success_rate >= limit.success_rate
	source.time_to_detect <= limit.hours_to_detect
}

# Data is classified, masked and allowed for this use.
passing["DAT-10"] contains source.id if {
	limit := data.readygate.limits[input.tier]["DAT-10"]
	some source in input.data_sources
	source.permitted_use == "approved_for_ai"
	source.classification_coverage >= limit.classified
	input.deployment.data_sensitivity in {"public", "internal"} or source.masking_coverage >= 1
}

# Knowledge base covers, agrees and is current.
passing["DAT-11"] contains source.id if {
	some source in input.data_sources
	source.uses
	not "knowledge" in source.uses
}

passing["DAT-11"] contains source.id if {
	limit := data.readygate.limits[input.tier]["DAT-11"]
	some source in input.data_sources
	corpus := source.corpus
	corpus.intent_coverage >= limit.coverage
	corpus.stale_share <= limit.stale
	input.tier == "T1" or corpus.conflict_count <= limit.conflicts
	input.gate == "commit" or corpus.retrieval_recall >= limit.recall
}

# The data represent the people, sites and conditions of use.
passing["DAT-12"] contains source.id if {
	input.gate in {"pilot", "production"}
	input.tier in {"T2", "T3", "T4"}
	some source in input.data_sources
	teaches_nothing(source) or represents(source)
}

teaches_nothing(source) if {
	source.uses
	not "training" in source.uses
	not "evaluation" in source.uses
}

represents(source) if {
	source.representativeness.status in {"gaps_accepted", "adequate"}
	input.tier == "T2" or input.deployment.decision_effect == "none" or adequate_lately(source.representativeness)
}

adequate_lately(representativeness) if {
	representativeness.status == "adequate"
	days.since(representativeness.checked_on) <= data.readygate.limits[input.tier]["DAT-12"].checked_within
}

# The label or proxy measures what the decision is about.
passing["DAT-13"] contains source.id if {
	limit := data.readygate.limits[input.tier]["DAT-13"]
	not limit.some_source or input.deployment.decision_effect == "none" or some_source_is_validated
	some source in input.data_sources
	source.target_validity.status in limit.target
}

some_source_is_validated if {
	some source in input.data_sources
	source.target_validity.status == data.readygate.limits[input.tier]["DAT-13"].some_source
}
