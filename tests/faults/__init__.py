"""What the record survives: cuts of power, and disks that are full."""
