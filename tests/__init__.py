"""Tests of readygate, one folder per kind: what a test may touch is said by the folder it is in."""
