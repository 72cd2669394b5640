"""Tests of files with evidence, and of joining them to proposals."""
