"""Tests of the calls over HTTP."""
