"""What outputs are made of: what became of each file, and what is known about the rules that were asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from readygate.v1.decision_pb2 import Decision
from readygate.v1.ruleset_pb2 import Rule
from readygate_server.adapters.proposals.origins import Origin, Origins
from readygate_server.domain.faults import Fault
from readygate_server.domain.texts import clean


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one file: a decision, or why there is none."""

    name: str
    """Id of the proposal; the file where it was not judged."""
    file: str
    """Path for the tools that read the output, relative to what they look at; empty for standard input."""
    decision: Decision | None = None
    origins: Origins | None = None
    faults: Sequence[Fault] = ()
    """What is wrong with the proposal."""
    problem: str = ""
    """Why there is no verdict, when there is none."""
    path_of: Callable[[str], str] = clean
    """Gives the path for tools of a file that origins and faults name."""

    def place(self, subject: str, fact: str) -> Origin:
        """Returns where a fact stands, or else the nearest part of the proposal."""
        if self.origins is None:
            return Origin(self.file, 1, 1)
        file, line, column = self.origins.of(subject, fact)
        return Origin(clean(self.path_of(file)), line, column)

    def fault_place(self, fault: Fault) -> Origin:
        """Returns where a fault stands."""
        return Origin(clean(self.path_of(fault.file)), max(fault.line, 1), max(fault.column, 1))


@dataclass(frozen=True, slots=True)
class Report:
    """What became of all files, with what their rulesets say about the rules."""

    results: Sequence[Judged]
    rules: Mapping[str, Rule] = field(default_factory=dict)
    """Rules by id; empty when they could not be had."""
    version: str = ""
    """Version of readygate that writes."""
    help_url: str = ""
    """Address of the page about a rule, with `{rule}` where its id goes; empty when there is none."""

    def help_of(self, rule_id: str) -> str:
        """Returns the address of the page about a rule."""
        return self.help_url.replace("{rule}", rule_id)
