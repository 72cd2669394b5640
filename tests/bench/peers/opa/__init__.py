"""Open Policy Agent with the same rules in Rego: a package per foundation, thresholds per tier as data."""
