"""Webhooks: notices as CloudEvents, signed as Standard Webhooks say, and sent over HTTPS."""
