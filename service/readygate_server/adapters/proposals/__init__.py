"""Proposals on their way in: read, checked, normalised, flattened for the evaluator, and digested."""
