"""What `readygate check` writes: one format or several, to files and to standard output."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from readygate.v1.ruleset_pb2 import Rule, RulesetRef
from readygate_server import ENGINE_VERSION
from readygate_server.cli.exits import CommandError, Exit
from readygate_server.cli.results import Result, json_text, verdicts_text
from readygate_server.cli.streams import leave_reader
from readygate_server.cli.ways_out import unwritable
from readygate_server.cli.written import STANDARD_OUTPUT, write_whole

FORMATS: Final = ("text", "json", "sarif", "junit", "github", "gitlab", "markdown")
STEP_SUMMARY: Final = "GITHUB_STEP_SUMMARY"
RULE_URL: Final = "READYGATE_RULE_URL"
_STANDARD_OUTPUT: Final = ("", "-")
Rules = Callable[[RulesetRef], Mapping[str, Rule]]
"""Returns the rules of a ruleset by id; none where they can not be had."""


class Output(NamedTuple):
    """A format and the file that it goes to; standard output for `-` or no file."""

    format: str
    file: str


def add_outputs(parser: argparse.ArgumentParser) -> None:
    """Adds `--format` and `--marker`."""
    parser.add_argument(
        "--format",
        action="append",
        type=_output,
        metavar="FORMAT[=FILE]",
        help=f"output: {', '.join(FORMATS[:-1])} or {FORMATS[-1]} (default: text); can be repeated, with files",
    )
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="write nothing to standard output: the exit code says it, files stay"
    )
    parser.add_argument(
        "--marker",
        default="check",
        metavar="ID",
        help="name in the hidden first line of a markdown comment, by which `readygate comment` finds it again",
    )


def outputs_of(options: argparse.Namespace) -> Sequence[Output]:
    """Returns what is to be written.

    Raises:
      CommandError: when two outputs would go to one place, or links would lead nowhere.
    """
    wanted: list[Output] = options.format or [Output("text", "")]
    if options.quiet:
        wanted = [each for each in wanted if each.file not in _STANDARD_OUTPUT]
    shown = [each.format for each in wanted if each.file in _STANDARD_OUTPUT]
    if len(shown) > 1:
        raise CommandError(f"{' and '.join(shown)} can not share standard output; give one a file: {shown[-1]}=FILE")
    files = [each.file for each in wanted if each.file not in _STANDARD_OUTPUT]
    for file in files:
        if files.count(file) > 1:
            raise CommandError(f"--format names {file} twice")
    rule_url()
    return wanted


def rule_url() -> str:
    """Returns where rules are described, with `{rule}` for their ids; empty when the environment does not say.

    Raises:
      CommandError: when it is no address of a page; it becomes a link that people follow.
    """
    url = os.environ.get(RULE_URL, "")
    if url and not url.startswith(("https://", "http://")):
        raise CommandError(f"{RULE_URL}: got {url[:80]!r}, expected an address such as https://example.org/{{rule}}")
    return url


def write_outputs(
    options: argparse.Namespace, wanted: Sequence[Output], results: Sequence[Result], rules: Rules
) -> list[Exit]:
    """Writes every output, files first; one that can not be written does not stop the others.

    Returns an exit code for each that could not be written.
    """
    writing = _Writing(options, results, rules)
    failed: list[Exit] = []
    for each in sorted(wanted, key=lambda output: output.file in _STANDARD_OUTPUT):
        failed += _attempt(each.file, results, lambda each=each: writing.write(each))  # type: ignore[misc]
    summary = os.environ.get(STEP_SUMMARY, "")
    if summary and any(each.format == "github" for each in wanted):
        failed += _attempt(summary, results, lambda: writing.append_summary(Path(summary)))
    return failed


def _attempt(file: str, results: Sequence[Result], write: Callable[[], None]) -> list[Exit]:
    try:
        write()
    except (CommandError, OSError) as error:
        if isinstance(error, BrokenPipeError) and file in _STANDARD_OUTPUT:
            leave_reader()  # who reads no further, as `head`, knows the exit code all the same
            return []
        shown = STANDARD_OUTPUT if file in _STANDARD_OUTPUT else file
        said = str(error) if isinstance(error, CommandError) else unwritable(shown, error)
        sys.stderr.write(f"readygate: not written: {said}; {verdicts_text(results)}\n")
        return [Exit.BAD_INPUT]
    return []


class _Writing:
    """Makes the text of each format from the same results."""

    def __init__(self, options: argparse.Namespace, results: Sequence[Result], rules: Rules) -> None:
        self._marker: str = options.marker
        self._results = results
        self._rules = rules

    def write(self, output: Output) -> None:
        """Writes one output."""
        to_file = output.file not in _STANDARD_OUTPUT
        if output.format == "text" and not to_file:
            from readygate_server.cli.console import console

            self._print(console())
            return
        text = self._text(output.format, to_file=to_file)
        write_anywhere(output.file if to_file else "-", text.encode("utf-8", "replace"))

    def append_summary(self, path: Path) -> None:
        """Adds the summary to what the step has written of its own so far."""
        from readygate_server.adapters.outputs.markdown import SUMMARY_BYTES, markdown

        written = path.stat().st_size if path.exists() else 0
        if written < SUMMARY_BYTES // 2:
            text = markdown(self._report(), limit=SUMMARY_BYTES - written)
            with path.open("a", encoding="utf-8") as file:
                file.write(f"\n{text}" if written else text)

    def _text(self, name: str, *, to_file: bool) -> str:
        if name == "json":
            return json_text(self._results, always=to_file)
        if name == "text":
            return self._plain_text()
        # Imported by name, because a job that wants one of them should not wait for the others.
        if name == "sarif":
            from readygate_server.adapters.outputs.sarif import sarif

            return sarif(self._report(self._known_rules()))
        if name == "junit":
            from readygate_server.adapters.outputs.junit import junit

            return junit(self._report())
        return self._for_forges(name)

    def _for_forges(self, name: str) -> str:
        if name == "github":
            from readygate_server.adapters.outputs.github import github

            return github(self._report())
        if name == "gitlab":
            from readygate_server.adapters.outputs.gitlab import gitlab

            return gitlab(self._report())
        from readygate_server.adapters.outputs.markdown import markdown

        return markdown(self._report(), marker=self._marker)

    def _plain_text(self) -> str:
        import io

        from readygate_server.cli.console import plain_console

        file = io.StringIO()
        self._print(plain_console(file))
        return file.getvalue()

    def _print(self, out: Any) -> None:
        # Imported here, because drawing tables is only needed for people.
        from readygate_server.cli.report import print_report

        judged = [(result.name, result.response) for result in self._results if result.response is not None]
        for number, (name, response) in enumerate(judged):
            if number:
                out.print()
                out.rule()
            print_report(out, response.decision, name=name)

    def _known_rules(self) -> Mapping[str, Rule]:
        used = (each.response.decision.ruleset for each in self._results if each.response is not None)
        return next((self._rules(ref) for ref in used), {})

    def _report(self, rules: Mapping[str, Rule] | None = None) -> Any:
        from readygate_server.adapters.outputs.model import Judged, Report
        from readygate_server.adapters.outputs.paths import paths_from

        path_of = paths_from(str(Path.cwd()), os.environ)
        judged = [
            Judged(
                name=each.name,
                file=path_of(each.file),
                decision=None if each.response is None else each.response.decision,
                origins=each.origins,
                faults=tuple(each.faults),
                problem=each.problem,
                path_of=path_of,
            )
            for each in self._results
        ]
        return Report(judged, rules or {}, ENGINE_VERSION, rule_url())


def write_anywhere(file: str, data: bytes) -> None:
    """Writes a file as a whole or not at all; what is no plain file, such as a device or a pipe, is written into.

    Raises:
      CommandError: when it can not be written.
    """
    path = Path(file)
    if file != "-" and path.exists() and not path.is_file() and not path.is_dir():
        path.write_bytes(data)
    elif path.is_dir():
        raise CommandError(f"{file}: this is a directory")
    else:
        write_whole(str(path.resolve()) if path.is_symlink() else file, data)


def _output(text: str) -> Output:
    name, _, file = text.partition("=")
    if name not in FORMATS:
        raise argparse.ArgumentTypeError(f"got {text!r}, expected one of {', '.join(FORMATS)}, and =FILE after it")
    if text.endswith("="):
        raise argparse.ArgumentTypeError(f"got {text!r}, expected a file after the =")
    return Output(name, file)
