"""Tests of rule files, with real files."""
