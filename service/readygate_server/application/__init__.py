"""Use cases, and the ports that they need filled. Imports the domain only."""
