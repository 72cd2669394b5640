"""Webhooks, from what is recorded to what a receiver gets."""
