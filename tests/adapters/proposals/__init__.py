"""Tests of proposals on their way in."""
