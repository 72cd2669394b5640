"""Behaviour of the domain."""
