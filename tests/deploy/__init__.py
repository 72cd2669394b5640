"""What deploys readygate agrees with readygate, and with what reads it."""
