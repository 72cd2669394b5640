"""Fields are found as they came, and written as a message would write them."""

from __future__ import annotations

from google.protobuf.wrappers_pb2 import BytesValue
from hypothesis import given
from hypothesis import strategies as st

from readygate.v1.gate_service_pb2 import BatchEvaluateRequest, EvaluateRequest
from readygate_server.grpc_api.wire import fields_of, head_of

UNKNOWN_FIELDS = b"".join(
    [
        b"\xf8\x3f\x96\x01",  # 1023: varint 150
        b"\xf9\x3f" + b"\x01" * 8,  # 1023: 64 bits
        b"\xfd\x3f" + b"\x01" * 4,  # 1023: 32 bits
        b"\xfa\x3f\x03\x0a\x01x",  # 1023: bytes that look like an item
        b"\xfb\x3f\x0a\x01x\xfc\x3f",  # 1023: a group with a field 1 in it
    ]
)


@given(ids=st.lists(st.text(max_size=300), max_size=5))
def test_items_come_back_byte_by_byte(ids: list[str]) -> None:
    """Each item's bytes are those that it was serialised to, in order, whatever stands between them."""
    items = [EvaluateRequest(request_id=each) for each in ids]
    batch = UNKNOWN_FIELDS.join(BatchEvaluateRequest(items=[item]).SerializeToString() for item in items)
    assert [each.request_id for each in BatchEvaluateRequest.FromString(batch).items] == ids
    assert fields_of(batch, 1) == [item.SerializeToString() for item in items]


def test_an_item_that_is_written_in_an_unusual_way_stays_as_it_is() -> None:
    """An item with a field twice and an overlong length is recorded as it was sent, not as it would be written now."""
    item = b"\x0a\x01a" + b"\x0a\x81\x00b"
    batch = b"\x0a" + bytes([len(item)]) + item
    assert BatchEvaluateRequest.FromString(batch).items[0].request_id == "b"
    assert fields_of(batch, 1) == [item]


@given(content=st.binary(max_size=40_000))
def test_a_field_is_written_as_a_message_writes_it(content: bytes) -> None:
    """Head and content together are the field as it stands in a message, however long it is."""
    written = BytesValue(value=content).SerializeToString()
    assert (head_of(1, len(content)) + content if content else b"") == written
