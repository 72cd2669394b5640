"""Generates the Python of the contract into `clients/python/readygate/v1`.

The generator decides the oldest protobuf and grpcio that the result runs on, so it is pinned here, apart from
the versions the project is tested with, and runs in an environment of its own.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

GENERATORS = ("grpcio-tools==1.78.0", "mypy-protobuf==5.0.0", "setuptools<81")
PROTO = Path(__file__).resolve().parent
ROOT = PROTO.parent
TARGET = ROOT / "clients" / "python" / "readygate" / "v1"
ENVIRONMENT = ROOT / "build" / "generators"
PACKAGE_DOCSTRING = '"""Generated from `proto/readygate/v1`; never edited by hand."""\n'


def generator_environment() -> Path:
    """Returns the bin directory of the generators' environment, made on first use and whenever pins change."""
    stamp = ENVIRONMENT / "pins.txt"
    binaries = ENVIRONMENT / "bin"
    pins = "\n".join(GENERATORS)
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != pins:
        venv.create(ENVIRONMENT, with_pip=True, clear=True)
        subprocess.run([binaries / "python", "-m", "pip", "install", "--quiet", *GENERATORS], check=True)
        stamp.write_text(pins, encoding="utf-8")
    return binaries


def main() -> int:
    """Removes what was generated before and generates anew."""
    binaries = generator_environment()
    for old in TARGET.glob("*_pb2*.py*"):
        old.unlink()
    files = sorted(PROTO.glob("readygate/v1/*.proto"))
    services = [file for file in files if "\nservice " in file.read_text(encoding="utf-8")]
    out = ROOT / "clients" / "python"
    base = [str(binaries / "python"), "-m", "grpc_tools.protoc", f"-I{PROTO}"]
    plugins = [f"--plugin=protoc-gen-{name}={binaries / f'protoc-gen-{name}'}" for name in ("mypy", "mypy_grpc")]
    subprocess.run([*base, *plugins, f"--python_out={out}", f"--mypy_out=quiet:{out}", *map(str, files)], check=True)
    subprocess.run(
        [*base, *plugins, f"--grpc_python_out={out}", f"--mypy_grpc_out=quiet:{out}", *map(str, services)],
        check=True,
    )
    (TARGET / "__init__.py").write_text(PACKAGE_DOCSTRING, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
