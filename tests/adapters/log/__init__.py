"""The log as others see it."""
