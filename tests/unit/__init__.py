"""Behaviour of single parts, without files, wire or expression engine."""
