"""Collectors read the artefacts that teams have, and say what facts these give and how each came about."""
