"""Registered assets between the contract and what is kept of them."""
