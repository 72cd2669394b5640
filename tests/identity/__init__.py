"""Tests of who may call: over real sockets, with a certificate authority and an identity provider of their own."""
