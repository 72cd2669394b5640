"""What is declared about a table, by options and by a contract, found among the columns that it has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from readygate_server.adapters.collectors.port import ArtefactFault, OptionError, Request
from readygate_server.adapters.collectors.row_numbers import ROW_NUMBERS, UNNAMED
from readygate_server.adapters.collectors.table.contract import ColumnContract, Contract, Domain
from readygate_server.adapters.collectors.table.counts import Column, Presence
from readygate_server.domain.faults import suggest


class Key(NamedTuple):
    """A key that is declared, with the columns that it has here."""

    columns: tuple[Presence, ...]
    width: int
    """Columns that are declared; more than there are, where the table lacks one."""

    def is_row_number(self, *, named: bool) -> bool:
        """True for the column in which a library numbers the rows; `named` when the file has names for its columns."""
        names = {each.column.name.strip().lower() for each in self.columns}
        return bool(names & ROW_NUMBERS) or (named and UNNAMED in names)


class Reference(NamedTuple):
    """A column whose values are to be found in a column of another file."""

    column: Presence
    file: str
    key: str


class Declared(NamedTuple):
    """What is declared, as far as the table has the columns."""

    critical: tuple[Presence, ...]
    critical_absent: int
    keys: tuple[Key, ...]
    domains: tuple[tuple[Presence, Domain], ...]
    domains_absent: int
    references: tuple[Reference, ...]


def declared(request: Request, contract: Contract | None, columns: tuple[Column, ...]) -> Declared:
    """Returns what options and contract declare; options come first.

    Raises:
      OptionError: with every option that names a column that the table does not have.
    """
    finder = _Finder(request, contract, columns)
    key, critical = request.texts("key"), request.texts("critical")
    references = tuple(map(finder.reference, request.texts("reference")))
    flagged_key = tuple(filter(None, (finder.asked("--key", name) for name in key)))
    flagged = tuple(filter(None, (finder.asked("--critical", name) for name in critical)))
    if finder.faults:
        raise OptionError(*finder.faults)
    table = contract.table if contract else None
    stated = [each for each in table.columns if each.critical] if table and not critical else []
    limited = [each for each in table.columns if each.domain.says_something] if table else []
    found = tuple((place, each.domain) for each in limited if (place := finder.stated(each.names)) is not None)
    marked = tuple(place for each in stated if (place := finder.stated(each.names)) is not None)
    return Declared(
        critical=flagged or marked,
        critical_absent=len(stated) - len(marked),
        keys=(Key(flagged_key, len(key)),) if key else tuple(map(finder.key, table.keys if table else ())),
        domains=found,
        domains_absent=len(limited) - len(found),
        references=tuple(each for each in references if each is not None),
    )


class _Finder:
    """Finds columns by the names that people use for them, and gathers what is not there."""

    def __init__(self, request: Request, contract: Contract | None, columns: tuple[Column, ...]) -> None:
        self._columns = {each.name: each for each in columns}
        self._folded: dict[str, list[Column]] = {}
        for each in columns:
            self._folded.setdefault(each.name.strip().lower(), []).append(each)
        self._contracts = contract.table.columns if contract and contract.table else ()
        self.tokens = request.texts("null-token") or (() if request.flag("no-null-tokens") else None)
        self.faults: list[ArtefactFault] = []

    def stated(self, names: Iterable[str]) -> Presence | None:
        """Returns the column that has one of the names, or one that differs in capitals only."""
        for name in names:
            column = self._columns.get(name)
            alike = self._folded.get(name.strip().lower(), ())
            if column is None and len(alike) == 1:
                column = alike[0]
            if column is not None and not column.is_repeated:
                return Presence(column, self._tokens_of(column))
        return None

    def asked(self, option: str, name: str) -> Presence | None:
        """Returns the column that an option names, and notes when there is none."""
        names: tuple[str, ...] = (name, *(n for each in self._contracts if name in each.names for n in each.names))
        found = self.stated(names)
        if found is None:
            self.faults.append(self._unclear(option) if self._is_repeated(names) else self._absent(option, name))
        return found

    def _is_repeated(self, names: Iterable[str]) -> bool:
        return any(each.name in names for each in self._columns.values() if each.is_repeated)

    @staticmethod
    def _unclear(option: str) -> ArtefactFault:
        return ArtefactFault(
            option, "the table has the column more than once", way_out="give each column a name of its own"
        )

    def _absent(self, option: str, name: str) -> ArtefactFault:
        hint = suggest(name, [n for each in self._contracts for n in each.names])
        return ArtefactFault(
            option,
            "the table has no such column",
            got=f"{len(self._columns)} other columns",
            way_out=f"did you mean {hint}?"
            if hint
            else "a file without a header has column0, column1 and so on: --no-header",
        )

    def reference(self, text: str) -> Reference | None:
        """Returns a reference of `column=file:column`."""
        name, _, rest = text.partition("=")
        file, _, key = rest.rpartition(":")
        if not (name and file and key):
            fault = ArtefactFault("--reference", "a reference is not told", expected="column=file.csv:column")
            self.faults.append(fault)
            return None
        column = self.asked("--reference", name)
        return None if column is None else Reference(column, file, key)

    def key(self, names: tuple[str, ...]) -> Key:
        """Returns a key of the contract with those of its columns that are there."""
        found = (self.asked_quietly(name) for name in names)
        return Key(tuple(each for each in found if each is not None), len(names))

    def asked_quietly(self, name: str) -> Presence | None:
        """Returns a column by a name of the contract."""
        named = [each for each in self._contracts if name in each.names]
        return self.stated((name, *(n for each in named for n in each.names)))

    def _tokens_of(self, column: Column) -> tuple[str, ...] | None:
        for each in self._contracts:
            if each.null_tokens is not None and _is(each, column):
                return (*each.null_tokens, *(self.tokens or ()))
        return self.tokens


def _is(contract: ColumnContract, column: Column) -> bool:
    return column.name.strip().lower() in (name.strip().lower() for name in contract.names)
