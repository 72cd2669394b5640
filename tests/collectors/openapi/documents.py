"""Descriptions of APIs that are published, by the ends of their names in the index of inputs."""

from __future__ import annotations

from typing import Final

DOCUMENTS: Final = (
    "api.github.com.json",
    "stripe.com.json",
    "ec2.json",
    "CheckoutService.json",
    "slack_web_openapi_v2.json",
    "petstore.yaml",
    "petstore-expanded.yaml",
    "uspto.yaml",
)
