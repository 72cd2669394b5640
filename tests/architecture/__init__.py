"""Tests of how the project is built: layers, sizes, names, what ships."""
