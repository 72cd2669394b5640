"""What the gate decides and how. Pure: standard library only, no I/O, no clock."""
