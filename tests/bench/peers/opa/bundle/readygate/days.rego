# METADATA
# title: Days
# description: Days are written as 2026-11-01; the day of the decision is input.as_of.
package readygate.days

import rego.v1

since(day) := age if {
	age := (today - time.parse_ns("2006-01-02", day)) / day_ns
	age >= 0
}

until(day) := left if {
	left := (time.parse_ns("2006-01-02", day) - today) / day_ns
	left > 0
}

today := time.parse_ns("2006-01-02", input.as_of)

day_ns := ((24 * 60) * 60) * 1000000000
