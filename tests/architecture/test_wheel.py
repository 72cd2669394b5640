"""Holds what is declared about the distribution to what it imports."""

from __future__ import annotations

import ast
import re
import sys
from importlib import metadata
from pathlib import Path

from tests.architecture.packages import PACKAGES, modules

OURS = frozenset({"readygate", "readygate_server"})

LATE = ("collect-eventlog", "collect-graphql", "collect-proto", "collect-table", "completion", "postgres")
"""Extras whose modules are imported only by what cannot do without."""
BY_OTHERS = {"python-multipart"}
"""What a library imports for us: Starlette reads forms with it, and does not ask for it itself."""


def _imported(files: list[Path]) -> set[str]:
    names: set[str] = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module)
    tops = {name.partition(".")[0] for name in names} - {"google"}
    tops |= {".".join(name.split(".")[:2]) for name in names if name.startswith("google.")}
    return tops - set(sys.stdlib_module_names) - OURS


def _declared(extra: str) -> set[str]:
    """Returns the distributions required with an extra, or with none."""
    wanted = f'extra == "{extra}"' if extra else None
    found = set()
    for line in metadata.requires("readygate") or []:
        requirement, _, marker = line.partition(";")
        if marker.strip().replace("'", '"') == (wanted or ""):
            found.add(_normal(re.split(r"[<>=!~ \[]", requirement)[0]))
    return found


def _distributions(modules_of: set[str]) -> set[str]:
    by_module = dict(metadata.packages_distributions())
    # Two distributions share the namespace `google`, and pydantic pins its core exactly.
    by_module |= {"google.protobuf": ["protobuf"], "google.rpc": ["googleapis-common-protos"]}
    by_module["pydantic_core"] = ["pydantic"]
    return {_normal(by_module[module][0]) for module in modules_of}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_client_imports_only_what_it_declares() -> None:
    """A caller who installs readygate without extras can import all of the client."""
    client = _distributions(_imported(sorted(PACKAGES[0].rglob("*.py"))))

    assert client <= _declared("")


def test_the_service_imports_only_what_it_declares() -> None:
    """The extra `server` brings what the service imports but for single features, and nothing that it does not."""
    service = _distributions(_imported([file for file in modules() if file.is_relative_to(PACKAGES[1])]))
    late = set().union(*(_declared(extra) for extra in LATE))

    assert service <= _declared("") | _declared("server") | late
    assert _declared("server") - BY_OTHERS <= service
