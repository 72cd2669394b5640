"""Runs the command line: `python -m readygate_server`."""

from __future__ import annotations

import sys

from readygate_server.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
