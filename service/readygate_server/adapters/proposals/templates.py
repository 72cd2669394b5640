"""Commented proposals to start from: what a kind of deployment implies is filled in, everything else is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Final

from readygate_server.adapters.fact_catalogue import fact_catalogue
from readygate_server.adapters.proposals.archetypes import ARCHETYPES, Archetype
from readygate_server.adapters.proposals.schema_texts import DESCRIPTIONS
from readygate_server.adapters.proposals.values import bounds_of
from readygate_server.adapters.proposals.vocabulary import UNKNOWN, FactField, Kind, fact_fields, parts_of

_SINGLES: Final = ("org", "gov", "value", "ops")
_EXAMPLES: Final = {
    "source": ("data_sources", "source-1"),
    "api": ("apis", "api-1"),
    "workflow": ("workflows", "workflow-1"),
}
_FOOTER: Final = """
# Where the facts come from. One entry per observation; `source.*` covers all facts of the group for the subject.
# evidence:
#   - facts: [source.completeness, source.validity]
#     subject: source-1
#     grade: e2_measured  # e0_claimed | e1_document | e2_measured | e3_verified
#     source_uri: https://reports.example/data-quality/source-1
#     as_of: 2026-10-01

# Facts that have no value, and why: not_applicable (needs stated_by) or not_stated.
# statements:
#   - fact: ops.site_readiness
#     kind: not_applicable
#     reason: The system has no place of use of its own.
#     stated_by: name of the accountable person
"""


def archetype(name: str) -> str:
    """Returns a commented proposal for a kind of deployment, as YAML that reads back without faults.

    Raises:
      KeyError: when there is no archetype of that name; `ARCHETYPES` holds them.
    """
    kind = ARCHETYPES[name]
    lines = chain(
        _header(name, kind),
        _group("deployment", kind, "  "),
        _assets("source", kind.source, kind),
        _assets("api", kind.api, kind),
        _assets("workflow", kind.workflow, kind),
        *(_group(group, kind, "  ") for group in _SINGLES),
    )
    return "\n".join(lines) + "\n" + _FOOTER


def _header(name: str, kind: Archetype) -> Iterator[str]:
    yield f"# {kind.title}: {kind.summary}."
    yield "#"
    yield "# A fact that is left out is unknown, and unknown never passes. To state one, take away the first '# ' of"
    yield "# its line and write the value. Leave out what you do not know; say in `evidence` where the rest comes from."
    yield f"id: {name}"
    yield f"title: {kind.title}"


def _group(group: str, kind: Archetype, indent: str) -> Iterator[str]:
    """Yields a section of facts that occur once per proposal."""
    lines = list(_facts(group, kind, indent))
    filled = any(not line.lstrip().startswith("#") for line in lines)
    yield ""
    # A section without a value is a comment as well, since an empty one would be no mapping.
    yield f"{group}:" if filled else f"# {group}:  # {DESCRIPTIONS[group]}"
    yield from lines


def _assets(scope: str, title: str, kind: Archetype) -> Iterator[str]:
    """Yields one example asset; more are written like it."""
    section, example = _EXAMPLES[scope]
    yield ""
    yield f"{section}:  # {DESCRIPTIONS[section]} Repeat the entry for each."
    yield f"  - id: {example}"
    yield f"    title: {title}"
    yield from _facts(scope, kind, "    ")
    if scope == "source":
        yield f"    # corpus:  # {DESCRIPTIONS['data_sources.corpus']}"
        yield from _facts("corpus", kind, "    #   ", mark="")


def _facts(group: str, kind: Archetype, indent: str, *, mark: str = "# ") -> Iterator[str]:
    """Yields the facts of a group: those that the kind implies with their values, the others as comments."""
    for field in fact_fields().values():
        if field.group != group or field.is_part:
            continue
        name = field.path[0]
        value = kind.implied.get(field.name)
        if field.name == "deployment.target_gate":
            yield f"{indent}target_gate: commit  # {_choices(field)}"
        elif value is not None:
            yield f"{indent}{name}: {value}  # {_meaning(field)}"
        else:
            yield f"{indent}{mark}{name}:  # {_hint(field)}"
            for part in parts_of(field.name) if field.kind is Kind.WHOLE else ():
                yield f"{indent}{mark}  {part.rpartition('.')[2]}:  # {_meaning(fact_fields()[part])}"


def _hint(field: FactField) -> str:
    """Returns what may be written for a fact, what gives it, and who owns it."""
    meaning = "" if field.kind is Kind.WHOLE else f"{_meaning(field)}; "
    if field.attribute:
        return f"{meaning}{DESCRIPTIONS[field.name]}"
    info = fact_catalogue()[field.name]
    return f"{meaning}from: {info.artefact}; owner: {info.owner_role}"


def _meaning(field: FactField) -> str:
    match field.kind:
        case Kind.NUMBER | Kind.INTEGER:
            return _numbers(field)
        case Kind.FLAG:
            return "true | false"
        case Kind.CHOICE:
            return _choices(field)
        case Kind.CHOICES:
            return f"list of {_choices(field)}"
        case Kind.IDS:
            return "list of ids of this file"
        case Kind.METRICS:
            return "list of {metric: text, limit: text}"
        case _:
            return _text(field)


def _text(field: FactField) -> str:
    bounds = bounds_of(field)
    if bounds.is_day:
        return "YYYY-MM-DD"
    return "code such as EUR" if bounds.is_currency else "text"


def _choices(field: FactField) -> str:
    return " | ".join(name for name in field.choices if name != UNKNOWN)


def _numbers(field: FactField) -> str:
    bounds = bounds_of(field)
    low, high = bounds.minimum, bounds.maximum
    unit = bounds.unit or "number"
    if low is not None and high is not None:
        return f"{unit} {low:g}..{high:g}"
    return f"{unit}, {low:g} or more" if low is not None else unit
