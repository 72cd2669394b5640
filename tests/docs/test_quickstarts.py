"""The quickstarts do what they say: five steps each, every command runs, every output shown is the real one."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cli.help_page import parser_of
from tests.cli.serving import served
from tests.documents import ROOT, run, steps

PAGES = sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("quickstart-*.md"))
SERVER = "127.0.0.1:7443"
LEFT_OUT = "[...]\n"
VERDICTS = ("check", "report")
NEW = re.compile(r"sha256:[0-9a-f]{64}|\b[0-9a-f]{32}\b|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
"""What is another one each time."""


@pytest.fixture
def held() -> Iterator[ExitStack]:
    """Stops at the end of a test what a page has started."""
    with ExitStack() as stack:
        yield stack


def shows(shown: str, real: str) -> bool:
    """True when the lines that are shown are there, in their order, with others only where some are left out."""
    first, *rest = NEW.sub("*", shown).split(LEFT_OUT)
    real = NEW.sub("*", real)
    if not real.startswith(first):
        return False
    place = len(first)
    for part in rest:
        found = real.find(part, place)
        if found < 0:
            return False
        place = found + len(part)
    return shown.endswith(LEFT_OUT) or place == len(real)


def test_there_is_one_for_each_caller() -> None:
    """CI, procurement, the board and operators have a page, and each page has five steps and says where to go on."""
    assert [Path(page).stem.removeprefix("quickstart-") for page in PAGES] == [
        "ci",
        "platform-team",
        "procurement",
        "review-board",
    ]
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        assert [len(lines) for lines, _ in steps(page)] == [1] * 5, page
        assert re.search(r"\nNext: \[", text), page
        assert len(text.splitlines()) <= 80, page


@pytest.mark.parametrize("page", PAGES)
def test_every_step_happens_as_shown(page: str, tmp_path: Path, held: ExitStack) -> None:
    """The steps run one after the other; a verdict has its exit code, all else ends with 0, and output is as shown."""
    shutil.copytree(ROOT / "clients/examples", tmp_path / "clients/examples")
    address = SERVER
    for (line,), shown in steps(page):
        words = shlex.split(line)[1:]
        if words[0] == "serve":
            asked = parser_of("serve").parse_args(words[1:])
            assert (asked.listen, str(asked.data_dir)) == (SERVER, "data")
            options = [each for each in ("--http", "--metrics") if each in words]
            _, address = held.enter_context(served(tmp_path, *(f"{each}=127.0.0.1:0" for each in options)))
            continue
        ran = run(line.replace(SERVER, address), tmp_path)
        assert ran.code in ({0, 1} if words[0] in VERDICTS else {0}), f"{line}\n{ran.err}"
        said = ran.out or ran.err
        assert not shown or shows(shown, said), f"{line} prints otherwise than {page} shows:\n{said}"
        if "-o" in words:
            assert (tmp_path / words[words.index("-o") + 1]).exists(), line


def test_a_line_that_is_not_printed_is_noticed() -> None:
    """What is shown has to be there, in its order, up to the end."""
    real = "one\ntwo sha256:" + "a" * 64 + "\nthree\n"

    assert shows("one\n[...]\nthree\n", real)
    assert shows("[...]\ntwo sha256:" + "b" * 64 + "\n[...]\n", real)
    for wrong in ("two\n", "one\nthree\n", "one\n", "[...]\nthree\n[...]\ntwo\n", "one\n[...]\nfour\n"):
        assert not shows(wrong, real), wrong
