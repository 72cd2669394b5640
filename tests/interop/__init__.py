"""Certificates are checked by programs that are not ours."""
