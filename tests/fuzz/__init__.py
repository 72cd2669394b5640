"""Input that nobody sends by mistake: whatever comes in, the gate neither breaks down nor says yes to it."""
