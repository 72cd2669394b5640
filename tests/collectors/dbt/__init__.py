"""What the results of tests say, and what they only seem to say."""
