"""Who owns a fact and what would give it, from the fact catalogue."""

from __future__ import annotations

from collections.abc import Mapping

from readygate_server.adapters.fact_catalogue import FactCatalogue
from readygate_server.domain.backing import FactClass
from readygate_server.domain.derived import DERIVED
from readygate_server.domain.facts import parent_of


class CatalogueDirectory:
    """Answers about facts and their parts; derived facts answer by their first input."""

    def __init__(self, catalogue: FactCatalogue) -> None:
        """Takes the catalogue that ships with the rules."""
        self._catalogue = catalogue
        self.classes: Mapping[str, FactClass] = {
            fact.name: FactClass(fact.evidence_class, fact.tool_exists) for fact in catalogue
        }

    def owner_role(self, fact: str) -> str:
        """Returns the role that normally owns a fact; empty for a description attribute."""
        found = self._catalogue.find(_stated(fact))
        return found.owner_role if found else ""

    def artefact(self, fact: str) -> str:
        """Returns the artefact that would give a fact; descriptions come from the proposal itself."""
        found = self._catalogue.find(_stated(fact))
        return found.artefact if found else "project proposal"

    def collectors(self, fact: str) -> tuple[str, ...]:
        """Returns the names of the collectors that read a fact, or any input of a derived one, from artefacts."""
        names = DERIVED[fact].inputs if fact in DERIVED else (fact,)
        known = [found for name in names if (found := self._catalogue.find(parent_of(name))) is not None]
        return tuple(dict.fromkeys(each for found in known for each in found.collectors))

    def range(self, fact: str) -> str:
        """Returns what a fact may be; empty for a description attribute."""
        found = self._catalogue.find(_stated(fact))
        return found.range if found else ""

    def unit(self, fact: str) -> str:
        """Returns the unit of a fact or of a part of one; empty when it has none."""
        return DERIVED[fact].unit if fact in DERIVED else self._catalogue.limits(fact).unit


def _stated(fact: str) -> str:
    derived = DERIVED.get(fact)
    return parent_of(derived.inputs[0] if derived else fact)
