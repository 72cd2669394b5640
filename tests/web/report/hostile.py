"""Messages whose every text says something that a page must not do."""

from __future__ import annotations

from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

ATTACKS: Final = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</style></title></textarea><svg onload=alert(1)>",
    "]]><evil/>",
    "<!--",
    "&lt;b&gt;&amp;",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "=1+1",
)
HIDDEN: Final = "\u202e\u2066\u200e\u200b\ufeff\x00\x08\x1b\x7f\x85\ufffe\U000e0041"
"""Characters that turn the direction of writing, hide, or are no characters of a page."""
DEEPEST: Final = 6


def poisoned(message: Message, text: str, *, depth: int = 0) -> int:
    """Sets every text of a message, and of all within it, and returns how many there were."""
    count = 0
    for described in message.DESCRIPTOR.fields:
        field: Any = described
        if field.type == FieldDescriptor.TYPE_STRING:
            _set(message, field, text)
            count += 1
        elif field.type == FieldDescriptor.TYPE_MESSAGE and depth < DEEPEST:
            if field.message_type.full_name == "google.protobuf.Timestamp":
                _below(message, field).FromJsonString("2026-10-20T00:00:00Z")
            else:
                count += poisoned(_below(message, field), text, depth=depth + 1)
        elif field.type == FieldDescriptor.TYPE_ENUM:
            _set(message, field, _last(field))
        elif field.type in (FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_INT64, FieldDescriptor.TYPE_DOUBLE):
            _set(message, field, 1)
        elif field.type == FieldDescriptor.TYPE_BOOL:
            _set(message, field, True)
    return count


def _last(field: Any) -> int:
    return max(int(each.number) for each in field.enum_type.values)


def _set(message: Message, field: Any, value: Any) -> None:
    if field.is_repeated:
        getattr(message, field.name).append(value)
    elif field.containing_oneof is None or message.WhichOneof(field.containing_oneof.name) != "text":
        setattr(message, field.name, value)


def _below(message: Message, field: Any) -> Any:
    held = getattr(message, field.name)
    if field.is_repeated:
        return held.add()
    held.SetInParent()
    return held
