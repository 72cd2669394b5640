"""Decisions as they have to come out, as data."""
