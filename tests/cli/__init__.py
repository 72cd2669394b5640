"""The command line, run as people run it: another process, its output and its exit code."""
