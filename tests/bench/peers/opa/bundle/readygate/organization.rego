# METADATA
# title: The organisation
package readygate.organization

import rego.v1

# One person is accountable.
passing contains "ORG-01" if {
	owner := input.org.accountable_owner
	owner.person != ""
	owner.budget_authority
	owner.sponsor != ""
}

# Those whom it depends on have committed themselves.
passing contains "ORG-02" if {
	input.org.dependency_commitments >= data.readygate.limits[input.tier]["ORG-02"].commitments
}

# Running it is paid for and staffed.
passing contains "ORG-03" if {
	input.org.run_funding_months >= data.readygate.limits[input.tier]["ORG-03"].months
	input.org.roles_filled >= 1
}

# Those who work with it are trained and have tried it.
passing contains "ORG-04" if {
	input.gate in {"pilot", "production"}
	input.org.trained_share >= data.readygate.limits[input.tier]["ORG-04"].trained
	input.org.frontline_testers >= 5
}

# The teams are not overloaded with change.
passing contains "ORG-05" if {
	input.gate in {"pilot", "production"}
	input.org.concurrent_changes <= 2
}

# No objection is open.
passing contains "ORG-06" if input.org.open_objections <= 0
