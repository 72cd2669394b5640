"""Rule files: their shapes, their faults, and the rulesets that are made of them."""
