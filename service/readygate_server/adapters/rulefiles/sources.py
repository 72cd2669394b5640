"""The files of a rules directory: found, read, and told apart by the keys that they hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from pydantic import ValidationError

from readygate_server.adapters.rulefiles.schema import (
    PublishedFile,
    RuleFile,
    RulesetFile,
    RuleTestFile,
    Shape,
    TieringFile,
)
from readygate_server.adapters.rulefiles.shape_faults import shape_faults, spoilt
from readygate_server.adapters.yaml_text import Document, read_yaml
from readygate_server.adapters.yaml_text import Path as Place
from readygate_server.domain.faults import Fault, FaultsError

Texts = Mapping[str, str]
"""Texts of files by their path relative to the rules directory, with forward slashes."""

LEDGER: Final = "published.yaml"
_FACTS: Final = "facts.yaml"
_TEST: Final = "_test.yaml"
_SHAPES: Final[tuple[type[Shape], ...]] = (RuleFile, RulesetFile, TieringFile, RuleTestFile, PublishedFile)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file: its text, its data with their places, and the paths at which it does not have its shape."""

    path: str
    text: str
    document: Document
    shape: type[Shape] | None
    model: Shape | None
    spoilt: frozenset[Place]

    @property
    def data(self) -> Mapping[str, object]:
        """The mapping that the file holds; empty when it holds none."""
        return self.document.data if isinstance(self.document.data, dict) else {}

    def sound(self, *path: str | int) -> bool:
        """True when nothing at the path or below it is at fault."""
        return not any(place[: len(path)] == path for place in self.spoilt)


def read_sources(directory: Path | Texts, *, tests: bool = True) -> tuple[list[SourceFile], list[Fault]]:
    """Reads the files below a directory, or the texts that stand for one; never hidden ones, and tests if asked."""
    faults: list[Fault] = []
    texts = directory if isinstance(directory, Mapping) else _texts_below(directory, faults)
    files = []
    for path in sorted(texts):
        if path == _FACTS or not _is_rule_file(path, faults) or (path.endswith(_TEST) and not tests):
            continue
        try:
            document = read_yaml(texts[path], file=path)
        except FaultsError as error:
            faults.extend(error.faults)
            document = Document(path)
            files.append(SourceFile(path, texts[path], document, _shape_of_path(path), None, frozenset({()})))
            continue
        files.append(_shaped(path, texts[path], document, faults))
    return files, faults


def _texts_below(directory: Path, faults: list[Fault]) -> Texts:
    texts = {}
    if not directory.is_dir():
        faults.append(Fault(str(directory), 0, 0, "there is no such directory of rules"))
    for path in _files_below(directory):
        name = path.relative_to(directory).as_posix()
        try:
            texts[name] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            faults.append(Fault(name, 0, 0, "the file is not UTF-8", got=f"byte {error.object[error.start]:#04x}"))
        except OSError as error:
            faults.append(Fault(name, 0, 0, "the file can not be read", got=error.strerror or str(error)))
    return texts


def _files_below(directory: Path) -> Iterator[Path]:
    for path in directory.rglob("*.y*ml"):
        hidden = any(part.startswith(".") for part in path.relative_to(directory).parts)
        if path.is_file() and not hidden:
            yield path


def _is_rule_file(path: str, faults: list[Fault]) -> bool:
    if path.endswith(".yaml"):
        return True
    if path.endswith(".yml"):
        suggestion = path.removesuffix(".yml") + ".yaml"
        faults.append(Fault(path, 0, 0, "only files that end in .yaml are read", suggestion=suggestion))
    return False


def _shape_of_path(path: str) -> type[Shape] | None:
    """What a file that can not be read probably is, so that those who refer to it are not at fault as well."""
    name = PurePosixPath(path).name
    if path == LEDGER:
        return PublishedFile
    if name.endswith(_TEST):
        return RuleTestFile
    return RuleFile if name[:1].isupper() else None


def _shaped(path: str, text: str, document: Document, faults: list[Fault]) -> SourceFile:
    shape = _shape_of_path(path) or _shape_of_keys(document.data)
    if shape is None:
        faults.append(
            Fault(
                path,
                1,
                1,
                "this is none of the files of a ruleset",
                expected="the keys of a rule, a rule test, a ruleset, a tiering or a ledger",
            )
        )
        return SourceFile(path, text, document, None, None, frozenset({()}))
    try:
        return SourceFile(path, text, document, shape, shape.model_validate(document.data), frozenset())
    except ValidationError as error:
        faults.extend(shape_faults(document, shape, error))
        return SourceFile(path, text, document, shape, None, spoilt(error, document.data))


def _shape_of_keys(data: object) -> type[Shape] | None:
    """Returns the shape that shares most keys with the file, so that a misspelt key changes nothing."""
    if not isinstance(data, dict):
        return None
    shared = {shape: len(data.keys() & shape.model_fields.keys()) for shape in _SHAPES}
    best = max(shared, key=lambda shape: shared[shape])
    return best if shared[best] else None
