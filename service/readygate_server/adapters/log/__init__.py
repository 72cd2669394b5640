"""The log as others see it: signed checkpoints, proofs in files, what is kept outside, and checks without a server."""
