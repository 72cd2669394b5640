"""Tests of registered assets between contract and record."""
