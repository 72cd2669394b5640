"""JSON is read and written as the library of protobuf reads and writes it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import given, settings
from hypothesis import strategies as st

from readygate.v1 import gate_service_pb2 as pb
from readygate.v1.proposal_pb2 import Proposal
from readygate_server.grpc_api.errors import InvalidRequestError
from readygate_server.http_api.json_reading import read_json
from readygate_server.http_api.json_writing import json_of, json_of_bytes
from readygate_server.http_api.methods import METHODS
from tests.bench.workload import workload

CLASSES = {
    kind.full_name: GetMessageClass(kind)
    for method in METHODS.values()
    for kind in (method.input_type, method.output_type)
}
_RANGES = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}


def values(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
    """Returns any values of a field."""
    if field.message_type is not None:
        return messages(field.message_type, depth - 1)
    if field.enum_type is not None:
        return st.sampled_from([value.number for value in field.enum_type.values])
    if field.cpp_type in _RANGES:
        return st.integers(*_RANGES[field.cpp_type])
    if field.type == field.TYPE_BYTES:
        return st.binary(max_size=9)
    return {
        FieldDescriptor.CPPTYPE_DOUBLE: st.floats(),
        FieldDescriptor.CPPTYPE_BOOL: st.booleans(),
        FieldDescriptor.CPPTYPE_STRING: st.text(max_size=9),
    }[field.cpp_type]


@st.composite
def messages(draw: st.DrawFn, kind: Any, depth: int = 4) -> Message:
    """Draws any message of a kind."""
    made = GetMessageClass(kind)()
    if kind.full_name == "google.protobuf.Timestamp":
        made.FromMicroseconds(draw(st.integers(0, 2**50)))  # type: ignore[attr-defined]
        return made
    fields = [field for field in kind.fields if depth or field.message_type is None]
    for field in (
        draw(st.lists(st.sampled_from(fields), max_size=5, unique_by=lambda field: field.number)) if fields else ()
    ):
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            key, value = (field.message_type.fields_by_name[name] for name in ("key", "value"))
            entries = draw(st.dictionaries(values(key, depth), values(value, depth), max_size=2))
            for name, entry in entries.items():
                if value.message_type is not None:
                    getattr(made, field.name)[name].CopyFrom(entry)
                else:
                    getattr(made, field.name)[name] = entry
        elif field.is_repeated:
            getattr(made, field.name).extend(draw(st.lists(values(field, depth), max_size=2)))
        elif field.message_type is not None:
            getattr(made, field.name).CopyFrom(draw(values(field, depth)))
        else:
            setattr(made, field.name, draw(values(field, depth)))
    return made


def any_message() -> st.SearchStrategy[Message]:
    """Returns any request or reply of any method."""
    return st.sampled_from(sorted(CLASSES)).flatmap(lambda name: messages(CLASSES[name].DESCRIPTOR))


def same(one: Any, other: Any) -> bool:
    """True for equal values of JSON, and not-a-number is equal to itself in neither of them."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


@settings(max_examples=150, deadline=None)
@given(any_message())
def test_messages_are_written_as_the_library_writes_them(message: Message) -> None:
    """Whatever a reply holds, its JSON says the same as that of the library, also when it is recalled."""
    expected = json_format.MessageToDict(message)

    assert same(json.loads(json_of(message)), expected)
    assert same(json.loads(json_of(message)), expected)
    assert same(json.loads(json_of_bytes(type(message), message.SerializeToString())), expected)


@settings(max_examples=150, deadline=None)
@given(any_message(), st.booleans())
def test_messages_are_read_as_the_library_reads_them(message: Message, original: bool) -> None:
    """Whatever a request holds, in either way to name fields, it is read as the message that it stands for."""
    text = json_format.MessageToJson(message, preserving_proto_field_name=original)
    read = read_json(text.encode(), type(message))

    assert read.SerializeToString(deterministic=True) == message.SerializeToString(deterministic=True)


def long_request(**fields: Any) -> pb.EvaluateRequest:
    """Returns a request whose proposal is long enough to be recalled."""
    request = pb.EvaluateRequest(proposal=workload(), **fields)
    request.ruleset.name = "operational-readiness"
    return request


def test_a_proposal_that_comes_again_is_read_and_written_as_it_was_the_first_time() -> None:
    """What is recalled of one request never finds its way into another, whatever else they hold."""
    asked = [long_request(as_of=f"2026-11-{day:02}") for day in range(1, 4)]
    asked[1].proposal.title = "another"
    asked[2].ClearField("proposal")
    for request in asked * 3:
        text = json_format.MessageToJson(request, indent=None)

        assert read_json(text.encode(), pb.EvaluateRequest) == request
        assert json.loads(json_of_bytes(pb.EvaluateRequest, request.SerializeToString())) == json.loads(text)


def test_a_fault_is_found_beside_a_part_that_is_recalled_and_within_it() -> None:
    """A name that stands twice is refused however often the rest was read before."""
    text = json_format.MessageToJson(long_request(), indent=None)
    part = json.dumps(json.loads(text)["proposal"])
    for _ in range(3):
        read_json(text.encode(), pb.EvaluateRequest)
    for broken, path in (
        (f'{{"proposal": {part}, "proposal": {part}}}', "proposal"),
        (f'{{"proposal": {part}, "asOf": "2026-11-01", "asOf": "2026-11-01"}}', "asOf"),
        (f'{{"proposal": {part[:-1]}, "id": "twice"}}}}', "proposal.id"),
        (f'{{"ruleset": {{"name": "a", "version": "1", "channel": "b"}}, "proposal": {part}}}', "ruleset.channel"),
    ):
        with pytest.raises(InvalidRequestError) as refused:
            read_json(broken.encode(), pb.EvaluateRequest)

        assert [fault[0] for fault in refused.value.faults] == [path]


def test_a_message_that_is_sent_in_pieces_is_written_whole() -> None:
    """Of a field that stands twice on the wire the pieces are one message."""
    pieces = pb.EvaluateRequest(proposal=Proposal(id="a")), pb.EvaluateRequest(proposal=Proposal(title="b"))
    sent = b"".join(piece.SerializeToString() for piece in pieces)

    assert json.loads(json_of_bytes(pb.EvaluateRequest, sent)) == {"proposal": {"id": "a", "title": "b"}}


NAMES = sorted(
    {field.json_name for field in pb.EvaluateRequest.DESCRIPTOR.fields} | {"id", "dataSources", "x", "value"}
)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=9,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), JUNK, max_size=4))
def test_what_the_library_refuses_is_refused_with_its_place(junk: dict[str, Any]) -> None:
    """JSON that stands for no request is refused with at least one fault; what is accepted, the library accepts."""
    text = json.dumps(junk)
    ours, theirs = (
        outcome(lambda: read_json(text.encode(), pb.EvaluateRequest)),
        outcome(lambda: json_format.Parse(text, pb.EvaluateRequest())),
    )

    # The library takes an empty list for an object, and so on; nobody has to be as lenient.
    assert ours in (theirs, None)


def outcome(read: Callable[[], Message]) -> Message | None:
    """Returns what is read, or None when it is refused."""
    try:
        return read()
    except (InvalidRequestError, json_format.ParseError):
        return None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{"x": 1}', ("x", "there is no such field", "1")),
        ('{"proposal": {"id": 5}}', ("proposal.id", "this is no text", "5")),
        ('{"proposal": {"dataSources": {}}}', ("proposal.data_sources", "this is no list", "{}")),
        ('{"proposal": {"dataSources": [null]}}', ("proposal.data_sources[0]", "null is no item of a list", "null")),
        ('{"proposal": []}', ("proposal", "this is no object", "[]")),
        ('{"view": "VIEW_WIDE"}', ("view", "there is no such name", "VIEW_WIDE")),
        ('{"view": true}', ("view", "this is no such number", "true")),
        ('{"as_of": "2026-11-01", "asOf": "2026-11-02"}',
         ("as_of", "the field is given under both of its names", "2026-11-02")),
        ('{"view": 1, "view": 2}', ("view", "the name stands there more than once", "")),
        ('{"asOf": "2026-11-01", "asOf": "2026-11-02"}', ("asOf", "the name stands there more than once", "")),
        ('{"asOf" :"\\"2:", "gate" :1, "asOf":"2026-11-02"}', ("asOf", "the name stands there more than once", "")),
        ('{"ruleset": {"version": "1", "channel": "stable"}}',
         ("ruleset.channel", "another field is given that excludes this one", "stable")),
        ('{"proposal": {"deployment": {"interactionsPerMonth": 1e400}}}',
         ("proposal.deployment.interactions_per_month", "this is no such number", "Infinity")),
        ('{"proposal": {"deployment": {"interactionsPerMonth": 9223372036854775808}}}',
         ("proposal.deployment.interactions_per_month", "this is no such number", "9223372036854775808")),
        ('{"proposal": {"dataSources": [{"completeness": 1e400}]}}',
         ("proposal.data_sources[0].completeness", "this is no such number", "Infinity")),
        ('{"proposal": {"dataSources": [{"completeness": true}]}}',
         ("proposal.data_sources[0].completeness", "this is no such number", "true")),
        ('{"asOf": "\\ud800"}', ("as_of", "this is half a character", "\\ud800")),
        ('{"a": NaN}', ("", "this is no JSON: NaN is no number in JSON", "")),
        ('{"a": ', ("", "this is no JSON: Expecting value", "line 1, column 7")),
        ("[" * 100_000, ("", "the JSON is nested too deeply", "")),
        ("[]", ("", "this is no object", "[]")),
        ("", ("", "this is no JSON: Expecting value", "line 1, column 1")),
    ],
)  # fmt: skip
def test_each_fault_has_its_place(text: str, fault: tuple[str, str, str]) -> None:
    """A fault of JSON names where it is, what is wrong and what stood there."""
    with pytest.raises(InvalidRequestError) as refused:
        read_json(text.encode(), pb.EvaluateRequest)

    assert [each[:3] for each in refused.value.faults] == [fault]


def test_all_faults_come_at_once_up_to_a_limit() -> None:
    """Faults in different places come together, and no request makes the server tell a hundred thousand."""
    text = '{"view": "NO", "proposal": {"id": 1, "apis": [{"x": 1}, 2]}, "as_of": "\\ud800"}'
    with pytest.raises(InvalidRequestError) as refused:
        read_json(text.encode(), pb.EvaluateRequest)
    with pytest.raises(InvalidRequestError) as many:
        read_json(json.dumps({f"x{number}": 1 for number in range(5_000)}).encode(), pb.EvaluateRequest)

    assert [path for path, *_ in refused.value.faults] == [
        "as_of", "proposal.apis[0].x", "proposal.apis[1]", "proposal.id", "view",
    ]  # fmt: skip
    assert len(many.value.faults) == 100


def test_bytes_that_are_no_text_are_refused() -> None:
    """JSON is in UTF-8."""
    with pytest.raises(InvalidRequestError, match="no UTF-8"):
        read_json(b'{"as_of": "\xff"}', pb.EvaluateRequest)
