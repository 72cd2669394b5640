"""Documents are held to what they describe."""
