"""Tests of the files that work lists are written as."""
