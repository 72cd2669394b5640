"""What holds for every collector, and what runs them."""
