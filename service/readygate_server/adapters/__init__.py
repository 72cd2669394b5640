"""Fills the ports with what the world offers: files, the expression engine, catalogues. Imports no servicers."""
