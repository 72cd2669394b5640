"""Benchmarks: figures to report, as ratios against a yardstick of the same run. Never a test."""
