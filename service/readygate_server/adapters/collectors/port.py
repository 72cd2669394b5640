"""What a collector is: the protocol that ours and those of others fill, and the errors that they raise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, Literal, NamedTuple, Protocol, runtime_checkable

from readygate_server.domain.collected import Collected, Subject
from readygate_server.domain.errors import GateError
from readygate_server.domain.vocabulary import Scope

GROUP: Final = "readygate.collectors"
"""Group of entry points that collectors are registered under, by the name that the command line calls them."""

HEAD: Final = 65_536
"""Bytes of the start of a file that `recognises` is given."""

OptionKind = Literal["text", "integer", "number", "flag", "path"]
OptionValue = str | tuple[str, ...] | bool
"""Text for one value, a tuple for a repeatable option, a truth value for a flag. Integers and numbers arrive as text
that was checked to be one; a path arrives as given."""


class Option(NamedTuple):
    """An option of a collector: `--name` of `readygate collect KIND`, and a key of `Request.options`."""

    name: str
    """Lower case with hyphens, as on the command line; the key in `Request.options` is the same."""
    help: str
    required: bool = False
    repeatable: bool = False
    kind: OptionKind = "text"
    network: bool = False
    """True for an option that names a service to ask, such as a database: without one a run has no network."""


class Recognition(NamedTuple):
    """What a collector makes of a file at first sight."""

    kind: str
    """What the file is, for people, such as `OpenAPI 3.0 (JSON)`."""
    id: str
    """Id to propose for the asset; made into a well-formed one by whoever asks."""
    title: str = ""
    confidence: Literal["high", "low"] = "low"
    """High when the file itself says what it is; only then it is collected unasked."""
    needs: tuple[str, ...] = ()
    """Names of options that the file can not be read without, and that the file itself does not tell."""
    options: tuple[tuple[str, str], ...] = ()
    """Options that the file itself tells, by name."""
    along: tuple[Path, ...] = ()
    """Other files to be read in the same run, such as `run_results.json` beside a `manifest.json`."""
    scope: Scope | None = None
    """Whom the file is about, for a collector with several scopes."""


class Request(NamedTuple):
    """What one run of a collector is asked."""

    artefacts: tuple[Path, ...]
    """The only files that may be read, or folders with them."""
    subject: Subject
    options: Mapping[str, OptionValue] = {}
    progress: Callable[[str, int, int], None] = lambda _what, _done, _total: None
    """Told what is being done, how much is done, and of how much; 0 for a total that is not known."""

    def text(self, name: str, default: str = "") -> str:
        """Returns an option that has one value."""
        value = self.options.get(name, default)
        return value if isinstance(value, str) else default

    def texts(self, name: str) -> tuple[str, ...]:
        """Returns the values of an option that may be repeated, in the order given."""
        value = self.options.get(name, ())
        return value if isinstance(value, tuple) else (value,) if isinstance(value, str) else ()

    def flag(self, name: str) -> bool:
        """True when a flag is given."""
        return self.options.get(name) is True


@runtime_checkable
class Collector(Protocol):
    """Reads one kind of artefact. Its module imports heavy readers late, in `collect`.

    One that speaks of several kinds of assets has `scopes: tuple[Scope, ...]` besides, the usual one first; the scope
    that is asked for is that of `Request.subject`.
    """

    @property
    def name(self) -> str:
        """Name on the command line: lower-case letters, digits and hyphens; that of the entry point."""

    @property
    def version(self) -> str:
        """Version of the collector; another one wherever a value may come out otherwise."""

    @property
    def scope(self) -> Scope:
        """Whom the facts are about."""

    @property
    def options(self) -> tuple[Option, ...]:
        """Options that it understands."""

    def recognises(self, path: Path, head: bytes) -> Recognition | None:
        """Says what a file seems to be, of its name and its first `HEAD` bytes; None when it is nothing to read here.

        It is called for every file of a folder, so it is cheap, imports nothing heavy and raises nothing.
        """

    def collect(self, request: Request) -> Collected:
        """Returns the facts. A pure function of artefacts and options: no clock, no network, nothing is kept.

        Raises:
          ArtefactError: when the artefact can not be read; every fault at once where that is possible.
        """


def scopes_of(collector: Collector) -> tuple[Scope, ...]:
    """Returns the scopes that a collector speaks of."""
    scopes: tuple[Scope, ...] = getattr(collector, "scopes", (collector.scope,))
    return scopes


class ArtefactFault(NamedTuple):
    """One thing that is wrong with an artefact. No cell values, no names of people, no text of queries."""

    place: str
    """File, with line and column or a pointer into it where that is known."""
    message: str
    got: str = ""
    expected: str = ""
    way_out: str = ""
    """What to do."""

    def __str__(self) -> str:
        """Returns `place: message: got X, expected Y; way out`, without the empty parts."""
        parts = [f"got {self.got}"] if self.got else []
        parts += [f"expected {self.expected}"] if self.expected else []
        details = f": {', '.join(parts)}" if parts else ""
        return f"{self.place}: {self.message}{details}{f'; {self.way_out}' if self.way_out else ''}"


class ArtefactError(GateError):
    """An artefact can not be read, so that there are no facts."""

    def __init__(self, *faults: ArtefactFault) -> None:
        """Keeps every fault."""
        self.faults = faults
        super().__init__("\n".join(map(str, faults)))

    @classmethod
    def of(cls, faults: Iterable[ArtefactFault]) -> ArtefactError:
        """Makes the error of faults that were gathered."""
        return cls(*faults)


class ArtefactLimitError(ArtefactError):
    """An artefact is larger, deeper or more tangled than is read."""


class ReaderMissingError(ArtefactError):
    """The library that reads this kind of artefact is not installed."""

    def __init__(self, *, collector: str, module: str, extra: str) -> None:
        """Names the module that is missing and the extra that has it; an extra of another package is named in full."""
        package = extra if "[" in extra or not extra.startswith("collect") else f"readygate[server,{extra}]"
        self.extra = extra
        super().__init__(
            ArtefactFault(
                collector,
                "the library that reads this artefact is not installed",
                got=f"no module {module}",
                way_out=f'install it: pip install "{package}"',
            )
        )


class OptionError(ArtefactError):
    """An option is missing, or does not fit the artefact; the place is the option."""
