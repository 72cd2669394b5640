"""Keys and signatures: where private keys lie, which public keys there were, and the envelopes that are signed."""
