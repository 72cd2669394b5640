"""The commands: what each is for, which module has it, and how the help of all of them shows them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

_WIDTH: Final = 79


class Command(NamedTuple):
    """A command: the module that has it, and the line that the help of all shows."""

    module: str
    text: str


GROUPS: Final[Mapping[str, Mapping[str, Command]]] = {
    "judge a deployment": {
        "init": Command("init", "write a commented proposal to start from"),
        "check": Command("check", "judge proposals: go or no-go, with the blocking work"),
        "report": Command("report_page", "write decisions as one HTML file, with the plan drawn"),
        "export": Command("export", "write the work list as CSV, XLSX, for Jira, ServiceNow or OSCAL"),
        "request": Command("request", "write a proposal as the JSON that a server takes over HTTP"),
        "comment": Command("comment", "put a report on a pull or merge request"),
    },
    "find out what is missing": {
        "facts": Command("facts", "list the facts that a deployment needs at a gate"),
        "questionnaire": Command("questionnaire", "ask for facts in a form (XLSX or YAML), and read the answers"),
        "collect": Command("collect", "read artefacts, write the facts that they give"),
        "evidence": Command("evidence", "show what each fact rests on"),
    },
    "rules": {
        "rules": Command("rules", "look at rulesets, check, test and compare them"),
    },
    "ask a server that keeps a record": {
        "decisions": Command("decisions", "look at recorded decisions, watch them, and replay them"),
        "certificate": Command("certificate", "get a certificate of a go, or check one offline"),
        "waivers": Command("waivers", "ask for exceptions to rules, approve them and take them back"),
        "assets": Command("assets", "register data sources, APIs and workflows once for all proposals"),
        "log": Command("log", "check the log of records, and get proofs from it"),
    },
    "run a server": {
        "serve": Command("serve", "serve the gate over gRPC and HTTP"),
        "keys": Command("keys", "make, rotate, list and publish the keys that sign"),
        "api-keys": Command("api_keys", "make keys of services for the identity file"),
        "webhooks": Command("webhooks", "see who is told what happens, and try again what they did not get"),
        "names": Command("upkeep", "erase the name of a person from the record, and change the names' key"),
        "retention": Command("upkeep", "drop requests and answers that are old"),
        "backup": Command("backup", "copy the record, while the server runs"),
        "restore": Command("backup", "put a copy into a data directory that has none"),
        "fork": Command("backup", "go on with a log that has lost entries for good, under a new name"),
    },
    "beside": {
        "completion": Command("completion", "write what completes these commands in a shell"),
    },
}
"""Commands by what somebody wants, in the order in which they are wanted."""

COMMANDS: Final[Mapping[str, Command]] = {name: command for group in GROUPS.values() for name, command in group.items()}


def overview() -> str:
    """Returns all commands in their groups, a line or two for each."""
    return "\n".join(_lines()).strip()


def _lines() -> Iterator[str]:
    longest = max(map(len, COMMANDS))
    for title, group in GROUPS.items():
        yield ""
        yield f"{title}:"
        for name, command in group.items():
            yield from textwrap.wrap(
                command.text, _WIDTH, initial_indent=f"  {name:{longest}}  ", subsequent_indent=" " * (longest + 4)
            )
