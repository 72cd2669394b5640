"""Names of persons: which fields hold them, and what the gate sees in their place.

A rule may ask whether somebody is named, and nothing else. So a decision is the same after a name was erased, and no
name ever leaves in an answer.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Final

from google.protobuf.descriptor import FieldDescriptor

from readygate_server.adapters.proposals.vocabulary import fact_fields
from readygate_server.domain.facts import FactValue

NAMED: Final = "(named)"
"""What the gate sees of a name: that there is one."""
_PERSON: Final = "person:"


def holds_name(field: FieldDescriptor) -> bool:
    """True for a field that the contract marks as holding the name of a person."""
    marked: bool = field.GetOptions().debug_redact
    return marked


@cache
def personal_facts() -> frozenset[str]:
    """Returns the names of the facts, and of the parts of facts, that hold the name of a person."""
    return frozenset(name for name, field in fact_fields().items() if holds_name(field.leaf))


def same_name(name: str) -> str:
    """Returns the form in which two spellings of one name are equal: case, width and spaces do not count.

    A caller who signs in as `person:jane` and an owner called `jane` are one person.
    """
    plain = " ".join(unicodedata.normalize("NFKC", name).casefold().split())
    return plain.removeprefix(_PERSON).lstrip()


def shown(fact: str, value: FactValue) -> FactValue:
    """Returns a value as the gate may see and show it: of a name, that there is one."""
    return NAMED if value and fact in personal_facts() else value
