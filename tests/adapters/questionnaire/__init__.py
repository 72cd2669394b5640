"""Tests of forms that people fill in."""
