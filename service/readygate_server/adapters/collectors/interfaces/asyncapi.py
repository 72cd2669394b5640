"""Reads AsyncAPI 2 and 3, and counts the topics of 1."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from readygate_server.adapters.collectors.answers import Answer, not_evaluable, not_stated, owner, stated
from readygate_server.adapters.collectors.documents import shown
from readygate_server.adapters.collectors.interfaces.reading import Reading
from readygate_server.adapters.collectors.port import ArtefactError, ArtefactFault
from readygate_server.adapters.collectors.references import Lost, References, Source, Target

_VERSION: Final = re.compile(r"([123])\.[0-9]+(\.[0-9]+)?([-+].*)?", re.DOTALL)
_DIRECTIONS: Final = ("publish", "subscribe")


class _Message(NamedTuple):
    payload: bool
    correlated: bool
    unread: bool


class _Seen(NamedTuple):
    channels: int
    operations: int
    secured: int
    """Operations with security of their own."""
    messages: tuple[_Message, ...]
    wrong: tuple[str, ...]


def read_asyncapi(path: Path) -> Reading:
    """Reads a document with the files of its folder that it refers to.

    Raises:
      ArtefactError: when it can not be read, or follows no version that is.
    """
    references = References(path)
    root = references.root.data
    found = _VERSION.fullmatch(str(root.get("asyncapi"))) if isinstance(root, dict) else None
    if found is None or not isinstance(root, dict):
        said = shown(str(root.get("asyncapi", "none"))) if isinstance(root, dict) else "none"
        raise ArtefactError(
            ArtefactFault(
                references.root.artefact.uri, "this version is not read", got=said, expected="asyncapi: 2 or 3"
            )
        )
    reader = _Reader(references, root, int(found[1]))
    seen = reader.seen()
    unread: dict[Lost, int] = {}
    wrong = list(seen.wrong)
    for source, text in references.all():
        lost = references.follow(source, {"$ref": text}).lost
        if lost is not None and lost.broken:
            wrong.append(f"reference {text}")
        elif lost is not None:
            unread[lost] = unread.get(lost, 0) + 1
    info = _mapping(root.get("info"))
    return Reading(
        language="AsyncAPI",
        examined=seen.channels,
        artefacts=tuple(source.artefact for source in references.sources),
        valid=_valid(int(found[1]), seen, wrong, unread),
        integration=stated("event") if seen.channels else not_stated("the document describes no channel"),
        notes=tuple(_notes(found[0], root, seen, wrong, unread)),
        owner=owner(contact=bool(_mapping(info.get("contact")))),
    )


def _valid(version: int, seen: _Seen, wrong: list[str], unread: Mapping[Lost, int]) -> Answer:
    if wrong:
        return stated(False, "no payload was checked")
    if unread:
        return not_evaluable(
            f"nothing is wrong in what was read, but {sum(unread.values())} references were not followed"
        )
    if version == 1:
        return not_evaluable("of version 1 only topics and messages are counted")
    if not seen.channels:
        return not_evaluable("nothing is wrong, but the document describes no channel")
    return stated(True, "no payload was checked")


class _Reader:
    """Takes a document apart."""

    def __init__(self, references: References, root: Mapping[str, object], version: int) -> None:
        self._references = references
        self._root = root
        self._version = version
        self._wrong: list[str] = []

    def seen(self) -> _Seen:
        """Returns what the document holds."""
        self._kinds()
        key = "topics" if self._version == 1 else "channels"
        channels = {name: node for name, node in _mapping(self._root.get(key)).items() if not name.startswith("x-")}
        messages, operations, secured = [], 0, 0
        for name, node in channels.items():
            channel = self._followed(self._references.root, node, f"channel {shown(name)}")
            if channel is None:
                continue
            for source, operation in self._operations(channel):
                operations += 1
                secured += bool(operation.get("security"))
                messages.extend(self._messages(source, operation.get("message")))
            if self._version == 3:
                named = _mapping(_mapping(channel.node).get("messages"))
                messages.extend(self._message(channel.source, each) for each in named.values())
        if self._version == 3:
            operations, secured = self._operations_3()
        return _Seen(len(channels), operations, secured, tuple(messages), tuple(self._wrong))

    def _kinds(self) -> None:
        info = _mapping(self._root.get("info"))
        if not all(isinstance(info.get(field), str) and info[field] for field in ("title", "version")):
            self._wrong.append("info has no title or no version")
        required = {1: "topics", 2: "channels"}.get(self._version)
        for field in ("channels", "components", "operations", "servers" if self._version > 1 else "topics"):
            missing = field == required and field not in self._root
            if missing or not isinstance(self._root.get(field, {}), dict):
                self._wrong.append(f"{field} is missing" if missing else f"{field} is of another kind")

    def _followed(self, source: Source, node: object, what: str) -> Target | None:
        target = self._references.follow(source, node)
        if target.lost is None and not isinstance(target.node, dict):
            self._wrong.append(f"{what} is of another kind")
        return target if isinstance(target.node, dict) else None

    def _operations(self, channel: Target) -> Iterator[tuple[Source, Mapping[str, object]]]:
        """Yields the operations that stand in a channel, as they do before version 3."""
        for direction in _DIRECTIONS if self._version < 3 else ():
            node = _mapping(channel.node).get(direction)
            if node is not None:
                target = self._followed(channel.source, node, direction)
                if target is not None:
                    # In version 1 an operation is the message.
                    yield target.source, {"message": node} if self._version == 1 else _mapping(target.node)

    def _operations_3(self) -> tuple[int, int]:
        """Returns how many operations there are, and how many with security of their own."""
        count = secured = 0
        for name, node in _mapping(self._root.get("operations")).items():
            if name.startswith("x-"):
                continue
            count += 1
            target = self._followed(self._references.root, node, f"operation {shown(name)}")
            if target is None:
                continue
            operation = _mapping(target.node)
            secured += bool(operation.get("security"))
            channel = self._references.follow(target.source, operation.get("channel"))
            named = isinstance(channel.node, dict) or channel.lost is not None
            if operation.get("action") not in ("send", "receive") or not named:
                self._wrong.append(f"operation {shown(name)} has no channel, or no action")
        return count, secured

    def _messages(self, source: Source, node: object) -> list[_Message]:
        if node is None:
            return []
        target = self._references.follow(source, node)
        several = _mapping(target.node).get("oneOf")
        if isinstance(several, list):
            return [self._message(target.source, each) for each in several]
        return [self._message(source, node)]

    def _message(self, source: Source, node: object) -> _Message:
        target = self._references.follow(source, node)
        message = _mapping(target.node)
        payload = self._references.follow(target.source, message.get("payload"))
        lost = target.lost or payload.lost
        return _Message(
            payload=payload.node is not None,
            correlated="correlationId" in message,
            unread=lost is not None and not lost.broken,
        )


def _notes(
    version: str, root: Mapping[str, object], seen: _Seen, wrong: list[str], unread: Mapping[Lost, int]
) -> Iterator[str]:
    yield f"AsyncAPI {version}: {seen.channels} channels, {seen.operations} operations, {len(seen.messages)} messages"
    payloads, correlated = (sum(each[index] for each in seen.messages) for index in (0, 1))
    open_ = sum(each.unread for each in seen.messages)
    yield f"messages: {payloads} with a payload, {correlated} with a correlation id, {open_} not read"
    servers = [_mapping(each) for each in _mapping(root.get("servers")).values()]
    secured = sum(bool(each.get("security")) for each in servers)
    yield f"security: {secured} of {len(servers)} servers and {seen.secured} operations ask for some"
    if wrong:
        yield f"wrong by the specification: {len(wrong)}, the first: {shown(wrong[0])}"
    if unread:
        yield "references not followed: " + "; ".join(
            f"{unread[lost]}: {lost.value}" for lost in Lost if lost in unread
        )


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}
