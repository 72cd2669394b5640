"""Outputs for the tools of others."""
