"""Tests of names in the record."""
