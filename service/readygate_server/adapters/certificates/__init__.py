"""Certificates as in-toto statements in signed envelopes, the bundles that they travel in, and their check offline."""
