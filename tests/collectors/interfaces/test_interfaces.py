"""Interface files give what their language has words for, and nothing is inferred."""

from __future__ import annotations

import builtins
import json
import time
from pathlib import Path
from typing import Any

import pytest

from readygate_server.adapters.collectors.interfaces import COLLECTOR
from readygate_server.adapters.collectors.port import (
    HEAD,
    ArtefactError,
    ArtefactLimitError,
    Collector,
    OptionError,
    ReaderMissingError,
    Request,
)
from readygate_server.domain.collected import Collected, Status, Subject
from readygate_server.domain.vocabulary import Scope

SUBJECT = Subject(Scope.API, "orders")
VALID = "api.spec_valid"
METHOD = "api.integration_method"
LIFECYCLE = "api.lifecycle.status"
IDEMPOTENT = "api.idempotent_write_coverage"
ERRORS = "api.error_model_coverage"

PROTO = """
syntax = "proto3";
package shop.v1;
import "google/protobuf/empty.proto";
service Orders {
  // Gets one.
  rpc Get(GetRequest) returns (stream Order) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Put(.shop.v1.Order) returns (google.protobuf.Empty) { option idempotency_level = IDEMPOTENT; }
}
message GetRequest { string id = 1; }
message Order {
  message Line { int32 count = 1; Kind kind = 2; }
  enum Kind { KIND_UNSPECIFIED = 0; }
  repeated Line lines = 1;
  map<string, Order.Line> by_name = 2;
  oneof state { Kind kind = 3; GetRequest request = 4; }
}
"""
GRAPHQL = '"""Root."""\ntype Query { "One." order(id: ID!): Order }\ntype Order { id: ID! }\n'
MUTATION = "type Mutation { put(input: In): Order }\ninput In { clientMutationId: String }\n"


def asyncapi(version: str = "3.0.0", **more: Any) -> dict[str, Any]:
    """Returns a sound document of version 3."""
    return {
        "asyncapi": version,
        "info": {"title": "Orders", "version": "1"},
        "channels": {"placed": {"address": "a", "messages": {"one": {"$ref": "#/components/messages/one"}}}},
        "operations": {"take": {"action": "receive", "channel": {"$ref": "#/channels/placed"}}},
        "components": {"messages": {"one": {"payload": {"type": "object"}, "correlationId": {"location": "x"}}}},
        **more,
    }


def collect(*paths: Path) -> Collected:
    """Collects from files."""
    return COLLECTOR.collect(Request(paths, SUBJECT))


def of(folder: Path, name: str, content: object) -> Collected:
    """Writes a file and collects from it."""
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return collect(path)


def answer(found: Collected, name: str) -> object:
    """Returns the value of a fact, or why there is none."""
    fact = next(each for each in found.facts if each.fact == name)
    return fact.value if fact.status is Status.STATED else fact.status


def test_it_is_a_collector() -> None:
    """It fills the port."""
    assert isinstance(COLLECTOR, Collector)


def test_a_proto_file_tells_what_it_has_options_for(tmp_path: Path) -> None:
    """Levels of idempotency are a share of the calls that have effects; errors are not in the language."""
    found = of(tmp_path, "orders.proto", PROTO)
    asked = (VALID, METHOD, IDEMPOTENT, LIFECYCLE, ERRORS)
    assert [answer(found, each) for each in asked] == [True, "api", 1.0, Status.NOT_STATED, Status.NOT_STATED]
    assert found.notes == (
        "Proto: 1 files, 1 services, 2 calls",
        "calls: 1 with a comment, 0 with google.api.http, 1 with streams, 0 deprecated, 2 with an idempotency_level",
    )
    assert found == of(tmp_path, "orders.proto", PROTO)


@pytest.mark.parametrize(
    ("change", "fact", "expected"),
    [
        (("IDEMPOTENT;", "IDEMPOTENCY_UNKNOWN;"), IDEMPOTENT, Status.NOT_STATED),
        (("= IDEMPOTENT;", "= NO_SIDE_EFFECTS;"), IDEMPOTENT, Status.NOT_APPLICABLE),
        (("service Orders {", "service Orders { option deprecated = true;"), LIFECYCLE, "deprecated"),
        (("package shop.v1;", "package shop.v1; option deprecated = true;"), LIFECYCLE, "deprecated"),
        (("IDEMPOTENT;", "IDEMPOTENT; option deprecated = true;"), LIFECYCLE, Status.NOT_EVALUABLE),
        (("string id", "Gone id"), VALID, False),
        (("stream Order", "stream Order.Kind"), VALID, False),
        (("count = 1", "count = 2"), VALID, False),
        (("message GetRequest", "message Order {} message GetRequest"), VALID, False),
        (("google.protobuf.Empty)", "protobuf.Empty)"), VALID, False),
        (("google/protobuf/empty.proto", "shop/gone.proto"), VALID, True),
        (("string id", 'Gone id = 9; } import "shop/gone.proto"; message X { string id'), VALID, Status.NOT_EVALUABLE),
    ],
)
def test_what_a_change_of_a_proto_file_does(
    tmp_path: Path, change: tuple[str, str], fact: str, expected: object
) -> None:
    """Each option and each fault shows; a name that a missing file may define leaves open whether all is valid."""
    text = PROTO.replace(*change)
    assert text != PROTO
    assert answer(of(tmp_path, "orders.proto", text), fact) == expected


def test_proto_files_of_a_folder_are_one_interface(tmp_path: Path) -> None:
    """Names are found in whichever file defines them; without a call there is no API."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "a.proto").write_text('package a; import "shop/b.proto"; message A { b.c.B b = 1; }')
    (tmp_path / "shop" / "b.proto").write_text("package b.c; message B { repeated group G = 8 { B b = 1; } }")
    found = collect(tmp_path)
    assert (answer(found, VALID), answer(found, METHOD)) == (Status.NOT_EVALUABLE, Status.NOT_STATED)
    assert len(found.artefacts) == 2
    (tmp_path / "shop" / "c.proto").write_text("package b; service S { rpc Do(c.B) returns (a.A); }")
    assert answer(collect(tmp_path), VALID) is True
    assert answer(collect(tmp_path / "shop" / "a.proto"), VALID) is Status.NOT_EVALUABLE


@pytest.mark.parametrize(
    "text", ["message A {", "message A { int32 a = ; }", "\x00\x01", "service {}", "message A { int32 }", "{}", "a: 1"]
)
def test_what_the_reader_would_forgive_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str], text: str) -> None:
    """A file that is cut off gives no facts, though the reader makes something of it; and it prints nothing."""
    with pytest.raises(ArtefactError, match=r"a\.proto:1:[0-9]+: the text is not a proto file"):
        of(tmp_path, "a.proto", text)
    assert capfd.readouterr() == ("", "")


def test_a_graphql_schema_tells_what_it_has_words_for(tmp_path: Path) -> None:
    """A schema is valid by its own rules; without mutations there is nothing to repeat."""
    found = of(tmp_path, "a.graphql", GRAPHQL)
    asked = (VALID, METHOD, IDEMPOTENT, LIFECYCLE, ERRORS)
    expected = [True, "api", Status.NOT_APPLICABLE, Status.NOT_STATED, Status.NOT_STATED]
    assert [answer(found, each) for each in asked] == expected
    assert "1 of them described" in found.notes[0]


@pytest.mark.parametrize(
    ("text", "fact", "expected"),
    [
        (GRAPHQL + MUTATION, IDEMPOTENT, Status.NOT_STATED),
        (GRAPHQL.replace("): Order", "): Order @deprecated"), LIFECYCLE, "deprecated"),
        (GRAPHQL.replace("): Order", "): Order @deprecated") + MUTATION, LIFECYCLE, Status.NOT_EVALUABLE),
        (GRAPHQL + "type Order { x: Int }", VALID, False),
        (GRAPHQL.replace("{ id: ID! }", "{ id: ID! id: Int }"), VALID, False),
        (GRAPHQL + "interface I { a: Int } type T implements I { b: Int }", VALID, False),
        (GRAPHQL.replace("): Order", "): Gone"), VALID, Status.NOT_EVALUABLE),
        (GRAPHQL.replace("{ id: ID! }", '@key(fields: "id") { id: ID! }'), VALID, Status.NOT_EVALUABLE),
        ("type Order { id: ID! }", VALID, Status.NOT_EVALUABLE),
        ("type Order { id: ID! }", METHOD, Status.NOT_STATED),
        ("extend type Query { a: Int }", VALID, Status.NOT_EVALUABLE),
    ],
)
def test_what_a_schema_says(tmp_path: Path, text: str, fact: str, expected: object) -> None:
    """A part of a schema is not wrong because the rest is not there, and not valid either."""
    assert answer(of(tmp_path, "a.graphqls", text), fact) == expected


def test_files_of_one_schema_are_read_together(tmp_path: Path) -> None:
    """What one file defines another may use."""
    (tmp_path / "a.graphql").write_text(GRAPHQL)
    (tmp_path / "b.gql").write_text("extend type Query { b: Order }")
    assert answer(collect(tmp_path), VALID) is True


@pytest.mark.parametrize("text", ["type Query {", "", "query { a }", "type Query { a: [" + "[" * 50 + "}"])
def test_what_is_no_schema_is_refused(tmp_path: Path, text: str) -> None:
    """Queries, and text that is cut off, are no schema."""
    with pytest.raises(ArtefactError, match=r"a\.graphql"):
        of(tmp_path, "a.graphql", text)


def test_an_asyncapi_document_tells_of_events(tmp_path: Path) -> None:
    """Channels make an event interface; references are followed and messages counted."""
    found = of(tmp_path, "a.json", asyncapi())
    asked = (VALID, METHOD, IDEMPOTENT, LIFECYCLE, ERRORS)
    assert [answer(found, each) for each in asked] == [True, "event", *[Status.NOT_STATED] * 3]
    assert found.notes[:2] == (
        "AsyncAPI 3.0.0: 1 channels, 1 operations, 1 messages",
        "messages: 1 with a payload, 1 with a correlation id, 0 not read",
    )


def test_version_2_has_its_operations_in_channels(tmp_path: Path) -> None:
    """Several messages of one operation all count, and so does security of an operation."""
    channels = {
        "placed": {
            "publish": {"message": {"oneOf": [{"payload": {}}, {"payload": {"type": "string"}}]}, "security": [{}]},
            "subscribe": {"message": {"$ref": "more.yaml#/m"}},
        }
    }
    found = of(tmp_path, "a.json", asyncapi("2.6.0", channels=channels, operations={}))
    assert found.notes[:3] == (
        "AsyncAPI 2.6.0: 1 channels, 2 operations, 3 messages",
        "messages: 2 with a payload, 0 with a correlation id, 1 not read",
        "security: 0 of 0 servers and 1 operations ask for some",
    )
    assert answer(found, VALID) is Status.NOT_EVALUABLE
    (tmp_path / "more.yaml").write_text("m: {payload: {type: string}}")
    assert answer(collect(tmp_path / "a.json"), VALID) is True


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (asyncapi(info={"title": "t"}), False),
        (asyncapi(info={"title": "t", "version": 1}), False),
        (asyncapi(channels=[]), False),
        (asyncapi("2.0.0", channels={"a": 1}), False),
        (asyncapi(operations={"a": {"action": "publish", "channel": {"$ref": "#/channels/placed"}}}), False),
        (asyncapi(operations={"a": {"action": "send"}}), False),
        (asyncapi(operations={"a": {"action": "send", "channel": {"$ref": "#/channels/gone"}}}), False),
        (
            asyncapi(operations={"a": {"action": "send", "channel": {"$ref": "https://example.com/a"}}}),
            Status.NOT_EVALUABLE,
        ),
        (asyncapi(channels={}, operations={}), Status.NOT_EVALUABLE),
        ({**asyncapi("1.2.0"), "topics": {"a": {"publish": {"payload": {}}}}, "servers": []}, Status.NOT_EVALUABLE),
        ({"asyncapi": "2.0.0", "info": {"title": "t", "version": "1"}}, False),
    ],
)
def test_the_structure_of_an_asyncapi_document_is_checked(tmp_path: Path, data: object, expected: object) -> None:
    """What stands where something else should makes it invalid; what was not read leaves it open."""
    assert answer(of(tmp_path, "a.json", data), VALID) == expected


@pytest.mark.parametrize("version", ["4.0.0", "", "x", {}])
def test_a_version_that_nobody_knows_is_refused(tmp_path: Path, version: object) -> None:
    """It is said which are read."""
    with pytest.raises(ArtefactError, match="this version is not read"):
        of(tmp_path, "a.json", {"asyncapi": version})


def test_files_of_several_languages_are_several_interfaces(tmp_path: Path) -> None:
    """One run reads one interface; a folder without any gives an error too."""
    with pytest.raises(OptionError, match="no file of a known kind"):
        collect(tmp_path)
    (tmp_path / "a.proto").write_text(PROTO)
    (tmp_path / "b.graphql").write_text(GRAPHQL)
    with pytest.raises(OptionError, match="one language: got graphql, proto"):
        collect(tmp_path)


@pytest.mark.parametrize(
    ("name", "module", "extra"), [("a.proto", "proto_schema_parser", "proto"), ("a.gql", "graphql", "graphql")]
)
def test_a_missing_reader_names_its_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, module: str, extra: str
) -> None:
    """What to install is said, and nothing is read."""
    known = builtins.__import__

    def without(wanted: str, *rest: Any, **named: Any) -> Any:
        if wanted == module:
            raise ImportError(wanted)
        return known(wanted, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ReaderMissingError, match=rf"pip install .*collect-{extra}"):
        of(tmp_path, name, PROTO)


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("a.proto", PROTO, "Proto high"),
        ("a.proto", "message A {}", "Proto low"),
        ("a.proto", "nothing", None),
        ("a.graphql", GRAPHQL, "GraphQL schema high"),
        ("a.graphql", "query { a }", None),
        ("a.yaml", "asyncapi: '2.6.0'\n", "AsyncAPI 2.6.0 high"),
        ("a.json", json.dumps(asyncapi()), "AsyncAPI 3.0.0 high"),
        ("a.json", json.dumps(asyncapi(), indent=2), "AsyncAPI 3.0.0 high"),
        ("a.yaml", "openapi: 3.0.0\n", None),
        ("a.txt", "asyncapi: 2.6.0\n", None),
    ],
)
def test_files_are_recognised_by_suffix_and_start(tmp_path: Path, name: str, text: str, kind: str | None) -> None:
    """Messages alone are a part of an interface, so that they are not collected unasked."""
    found = COLLECTOR.recognises(tmp_path / name, text.encode()[:HEAD])
    assert (f"{found.kind} {found.confidence}" if found else None) == kind


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.proto", "message A { " * 5_000 + "}" * 5_000),
        ("a.proto", "option x = " + "{a: " * 5_000 + "1" + "}" * 5_000 + ";"),
        ("a.proto", "message A { int32 a = 1; }" * 200_000),
        ("a.graphql", "type Query { a: " + "[" * 50_000 + "Int" + "]" * 50_000 + " }"),
        ("a.graphql", "type Query { a(b: Int = " + "[" * 50_000 + "]" * 50_000 + "): Int }"),
        ("a.graphql", "type Query {" + "a: B " * 350_000),
        ("a.yaml", "asyncapi: 3.0.0\nchannels: " + "[" * 100_000),
    ],
    ids=["messages", "options", "large", "lists", "values", "tokens", "yaml"],
)
def test_hostile_files_end_soon(tmp_path: Path, name: str, text: str) -> None:
    """Depth and size have limits, and beyond them there is a clear error."""
    started = time.process_time()
    with pytest.raises(ArtefactLimitError, match=r"too deep|too large"):
        of(tmp_path, name, text)
    assert time.process_time() - started < 30


def test_schemas_in_circles_end(tmp_path: Path) -> None:
    """Types that lead to each other, as inputs and as interfaces, are no endless walk."""
    text = (
        GRAPHQL
        + "input A { b: B! } input B { a: A! } interface I implements J { x: Int } interface J implements I { x: Int }"
    )
    assert answer(of(tmp_path, "a.graphql", text), VALID) is False
