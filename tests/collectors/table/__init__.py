"""What the collector of tables counts, refuses and leaves open."""
