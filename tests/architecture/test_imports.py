"""Holds the layers: the contracts of import-linter are kept."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


def test_the_import_contracts_are_kept() -> None:
    """Imports run from the command line down to the domain, and only one adapter knows the CEL engine."""
    lint = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(config_filename=sys.argv[1]))"
    result = subprocess.run(
        [sys.executable, "-c", lint, str(PYPROJECT)], capture_output=True, text=True, cwd=PYPROJECT.parent, check=False
    )

    assert result.returncode == 0, result.stdout + result.stderr
