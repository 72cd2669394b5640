"""Reads the schema definition language of GraphQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from readygate_server.adapters.collectors.answers import Answer, not_evaluable, not_stated, stated
from readygate_server.adapters.collectors.artefacts import read_whole
from readygate_server.adapters.collectors.documents import decoded, shown
from readygate_server.adapters.collectors.interfaces.reading import Reading, lifecycle_of
from readygate_server.adapters.collectors.port import (
    ArtefactError,
    ArtefactFault,
    ArtefactLimitError,
    ReaderMissingError,
)
from readygate_server.domain.collected import Artefact, Status

if TYPE_CHECKING:
    from graphql import DefinitionNode, DocumentNode, GraphQLError, GraphQLSchema

MAX_TOKENS: Final = 1_000_000
_PART: Final = ("Unknown directive", "Query root type must be provided", "Unknown type", "Cannot extend type")
"""What is wrong with a part of a schema only because the other parts are not there."""


class _Fields(NamedTuple):
    types: int
    fields: int
    described: int
    deprecated: int
    roots: int
    """Fields of the types for queries, mutations and subscriptions."""
    roots_deprecated: int
    mutations: int
    with_client_id: int


def read_graphql(paths: Sequence[Path]) -> Reading:
    """Reads the files of one schema together.

    Raises:
      ArtefactError: when a file is not such a schema.
      ReaderMissingError: when graphql-core is not installed.
    """
    try:
        import graphql
    except ImportError:
        raise ReaderMissingError(collector="interfaces", module="graphql", extra="collect-graphql") from None
    artefacts: list[Artefact] = []
    definitions: list[DefinitionNode] = []
    for path in paths:
        artefact, content = read_whole(path)
        artefacts.append(artefact)
        definitions.extend(_parsed(decoded(content, artefact.uri), artefact.uri).definitions)
    document = graphql.DocumentNode(definitions=tuple(definitions))
    errors, schema = _checked(document, artefacts[0].uri)
    fields = _fields(schema) if schema is not None else None
    return Reading(
        language="GraphQL",
        examined=fields.roots if fields else 0,
        artefacts=tuple(artefacts),
        valid=_valid(errors, fields),
        integration=_integration(fields),
        notes=tuple(_notes(errors, fields)),
        lifecycle=_lifecycle(fields),
        idempotent=_idempotent(fields),
        parameters=(("reader", f"graphql-core {version('graphql-core')}"),),
    )


def _parsed(text: str, place: str) -> DocumentNode:
    from graphql import GraphQLSyntaxError, parse
    from graphql.language import ExecutableDefinitionNode

    try:
        document = parse(text, no_location=True, max_tokens=MAX_TOKENS)
    except GraphQLSyntaxError as error:
        if "Parsing aborted" in error.message:  # so ends every limit of the reader
            expected = f"at most {MAX_TOKENS:,} tokens, and lists in lists only so deep"
            fault = ArtefactFault(place, "the file is too large or too deep", expected=expected)
            raise ArtefactLimitError(fault) from None
        where = f"{place}:{error.locations[0].line}:{error.locations[0].column}" if error.locations else place
        raise ArtefactError(
            ArtefactFault(where, "the text is not a GraphQL schema", got=shown(error.message))
        ) from None
    except RecursionError:
        raise ArtefactLimitError(ArtefactFault(place, "the nesting is too deep")) from None
    if any(isinstance(each, ExecutableDefinitionNode) for each in document.definitions):
        raise ArtefactError(ArtefactFault(place, "the file holds queries", expected="a schema"))
    return document


def _checked(document: DocumentNode, place: str) -> tuple[list[str], GraphQLSchema | None]:
    """Returns what is wrong, and the schema if one can be made of the document."""
    from graphql import build_ast_schema, validate_schema
    from graphql.validation.validate import validate_sdl

    try:
        errors: list[GraphQLError] = list(validate_sdl(document))
        schema = build_ast_schema(document, assume_valid_sdl=True)
        errors.extend(validate_schema(schema))
    except RecursionError:
        raise ArtefactLimitError(ArtefactFault(place, "the nesting is too deep")) from None
    except (TypeError, KeyError, ValueError, AssertionError):  # a schema whose types do not fit is not built
        return [each.message for each in errors] or ["Unknown type"], None
    return [each.message for each in errors], schema


def _valid(errors: list[str], fields: _Fields | None) -> Answer:
    if any(not each.startswith(_PART) for each in errors):
        return stated(False)
    if errors:
        return not_evaluable(f"{len(errors)} names are not defined in what was read; name all files of the schema")
    if fields is None or not fields.roots:
        return not_evaluable("nothing is wrong, but the schema has no query")
    return stated(True)


def _integration(fields: _Fields | None) -> Answer:
    return stated("api") if fields and fields.roots else not_stated("the schema has no query, mutation or subscription")


def _lifecycle(fields: _Fields | None) -> Answer:
    if not fields or not fields.roots:
        return not_stated("the schema has no query, mutation or subscription")
    return lifecycle_of(fields.roots_deprecated, fields.roots, "queries, mutations and subscriptions")


def _idempotent(fields: _Fields | None) -> Answer:
    if fields and fields.roots and not fields.mutations:
        return Answer(Status.NOT_APPLICABLE, reason="the schema has no mutation")
    return not_stated("a schema has no word for whether a mutation may be repeated; clientMutationId only comes back")


def _fields(schema: GraphQLSchema) -> _Fields:
    from graphql import GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType

    types = [each for name, each in schema.type_map.items() if not name.startswith("__")]
    owners = [each for each in types if isinstance(each, GraphQLObjectType | GraphQLInterfaceType)]
    inputs = {
        each.name for each in types if isinstance(each, GraphQLInputObjectType) and "clientMutationId" in each.fields
    }
    fields = [field for each in owners for field in each.fields.values()]
    mutations = list(schema.mutation_type.fields.values()) if schema.mutation_type else []
    top = [each for each in (schema.query_type, schema.mutation_type, schema.subscription_type) if each]
    roots = [field for each in top for field in each.fields.values()]
    named = [{str(argument.type).rstrip("!") for argument in field.args.values()} for field in mutations]
    return _Fields(
        types=len(types),
        fields=len(fields),
        described=sum(bool(field.description) for field in fields),
        deprecated=sum(field.deprecation_reason is not None for field in fields),
        roots=len(roots),
        roots_deprecated=sum(field.deprecation_reason is not None for field in roots),
        mutations=len(mutations),
        with_client_id=sum(not inputs.isdisjoint(each) for each in named),
    )


def _notes(errors: list[str], fields: _Fields | None) -> Iterator[str]:
    if fields:
        yield (
            f"GraphQL: {fields.types} types, {fields.fields} fields, {fields.described} of them described and "
            f"{fields.deprecated} deprecated"
        )
        yield f"mutations: {fields.mutations}, {fields.with_client_id} of them with a clientMutationId"
    if errors:
        yield f"wrong by the specification: {len(errors)}, the first: {shown(errors[0])}"
