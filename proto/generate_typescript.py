"""Generates the TypeScript of the contract into `clients/typescript/src/gen`, and `src/v1.ts`, which exports all of it.

The compiler is the one that generates the Python; the plugin comes from npm at the version that the client's
`package.json` pins. `google/rpc/error_details.proto`, which errors carry, comes from `googleapis-common-protos`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from generate import PROTO, ROOT, generator_environment

CLIENT = ROOT / "clients" / "typescript"
TARGET = CLIENT / "src" / "gen"
EXPORTS = CLIENT / "src" / "v1.ts"
PLUGIN = ROOT / "build" / "generators-npm"
GOOGLE = ROOT / "build" / "generators-googleapis"
GOOGLE_PIN = "googleapis-common-protos==1.70.0"
DETAILS = "google/rpc/error_details.proto"
OPTIONS = "target=ts,import_extension=js"
HEADER = """// Generated from `proto/readygate/v1`; never edited by hand.

/** Messages, enums and services of the contract. */
"""


def plugin() -> Path:
    """Returns the plugin of the compiler, installed on first use and whenever the pins change."""
    pins = (CLIENT / "package.json").read_text(encoding="utf-8")
    stamp = PLUGIN / "pins.txt"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != pins:
        shutil.rmtree(PLUGIN, ignore_errors=True)
        PLUGIN.mkdir(parents=True)
        (PLUGIN / "package.json").write_text(pins, encoding="utf-8")
        quiet = ("--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--silent")
        subprocess.run(["npm", "install", *quiet], cwd=PLUGIN, check=True)
        stamp.write_text(pins, encoding="utf-8")
    return PLUGIN / "node_modules" / ".bin" / "protoc-gen-es"


def google_protos(binaries: Path) -> Path:
    """Returns where the protos of Google's error details are."""
    if not (GOOGLE / DETAILS).exists():
        pip = [
            str(binaries / "python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--target",
            str(GOOGLE),
            GOOGLE_PIN,
        ]
        subprocess.run(pip, check=True)
    return GOOGLE


def main() -> int:
    """Removes what was generated before and generates anew; does nothing, and says so, without npm or its registry."""
    if shutil.which("npm") is None:
        sys.stderr.write("npm is not on this machine: the TypeScript is not generated\n")
        return 0
    binaries = generator_environment()
    try:
        made_by, google = plugin(), google_protos(binaries)
    except subprocess.CalledProcessError as error:
        sys.stderr.write(f"{error}\nthe TypeScript is not generated: its generator can not be installed here\n")
        return 0
    protos = sorted(path.relative_to(PROTO) for path in PROTO.glob("readygate/v1/*.proto"))
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir(parents=True)
    compiler = [str(binaries / "python"), "-m", "grpc_tools.protoc", f"-I{PROTO}", f"-I{google}"]
    out = [f"--plugin=protoc-gen-es={made_by}", f"--es_out={TARGET}", f"--es_opt={OPTIONS}"]
    subprocess.run([*compiler, *out, *map(str, protos), DETAILS], check=True)
    lines = [f'export * from "./gen/{path.with_suffix("")}_pb.js";\n' for path in protos]
    EXPORTS.write_text(HEADER + "".join(lines), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
