"""Behaviour of the use cases, with their ports filled by fakes."""
