"""Cerbos with the same conditions: one action per rule, one resource for the deployment and one per asset."""
