"""Who may call: the identity file, tokens, keys and certificates."""
