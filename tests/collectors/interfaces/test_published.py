"""Published interface files give the numbers that another program gave, or the difference is explained here."""

from __future__ import annotations

import pytest
from tests.collectors.inputs import artefact, folders

from readygate_server.adapters.collectors.interfaces import COLLECTOR
from readygate_server.adapters.collectors.port import HEAD, Request
from readygate_server.domain.collected import Collected, Status, Subject
from readygate_server.domain.vocabulary import Scope

SUBJECT = Subject(Scope.API, "events")


def collected(kind: str, ending: str) -> Collected:
    """Recognises and collects a published file."""
    path = artefact(kind, ending).path
    recognised = COLLECTOR.recognises(path, path.read_bytes()[:HEAD])
    assert recognised is not None
    assert recognised.confidence == "high"
    return COLLECTOR.collect(Request((path,), SUBJECT))


def answers(found: Collected) -> dict[str, object]:
    """Returns values by fact, or why there are none."""
    return {each.fact: each.value if each.status is Status.STATED else each.status for each in found.facts}


@pytest.mark.parametrize(
    ("ending", "notes", "valid"),
    [
        (
            "streetlights-kafka-asyncapi.yml",
            (
                "AsyncAPI 3.1.0: 4 channels, 4 operations, 4 messages",
                "messages: 4 with a payload, 0 with a correlation id, 0 not read",
                "security: 2 of 2 servers and 0 operations ask for some",
            ),
            True,
        ),
        (
            "streetlights-operation-security-asyncapi.yml",
            (
                "AsyncAPI 3.1.0: 4 channels, 4 operations, 4 messages",
                "messages: 4 with a payload, 0 with a correlation id, 0 not read",
                "security: 2 of 2 servers and 3 operations ask for some",
            ),
            True,
        ),
        (
            "slack_events_api_async_v1.json",
            (
                "AsyncAPI 1.2.0: 66 channels, 66 operations, 66 messages",
                "messages: 66 with a payload, 0 with a correlation id, 0 not read",
                "security: 0 of 0 servers and 0 operations ask for some",
            ),
            Status.NOT_EVALUABLE,
        ),
    ],
)
def test_asyncapi_documents_are_counted(ending: str, notes: tuple[str, ...], valid: object) -> None:
    """The numbers are those that the text has: nobody else's are given. Of version 1 there is no check."""
    found = collected("asyncapi", ending)
    assert found.notes == notes
    facts = answers(found)
    assert (facts["api.spec_valid"], facts["api.integration_method"]) == (valid, "event")


def test_the_schema_of_github() -> None:
    """1,628 types, 142 deprecated fields and 247 of 247 mutations with a clientMutationId, as another program counted.

    That one counted 7,648 fields with those of inputs; without them they are 6,318. The schema defines two fields twice
    and deprecates others against the interface that they come from, so that it is not valid by its own rules.
    """
    found = collected("graphql", "schema.graphql")
    assert found.notes[:2] == (
        "GraphQL: 1628 types, 6318 fields, 6310 of them described and 142 deprecated",
        "mutations: 247, 247 of them with a clientMutationId",
    )
    assert answers(found)["api.spec_valid"] is False
    assert answers(found)["api.lifecycle.status"] is Status.NOT_EVALUABLE


def test_the_calls_of_temporal() -> None:
    """64 files with 2 services and 134 calls, all with a comment and 105 with google.api.http, as published."""
    roots = [folder / "temporal" for folder in folders() if (folder / "temporal" / "temporal").is_dir()]
    if not roots:
        pytest.skip("temporalio/api is in no folder that is named")
    found = COLLECTOR.collect(Request((roots[0],), SUBJECT))
    assert found.notes[0] == "Proto: 64 files, 2 services, 134 calls"
    assert found.notes[1].startswith("calls: 134 with a comment, 105 with google.api.http, 0 with streams")
    assert answers(found)["api.spec_valid"] is True
