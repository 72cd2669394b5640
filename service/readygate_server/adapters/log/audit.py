"""Checks a whole log without its server: from the bytes of every entry to every root that was ever signed.

The log is read once, in pieces, so that its length costs time and no memory. While a server writes, what it adds is
left for the next time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from readygate_server.adapters.log.audit_decisions import DecisionCheck
from readygate_server.adapters.log.audit_entries import EntryCheck
from readygate_server.adapters.log.findings import Step, counted
from readygate_server.adapters.log.note import NoteError
from readygate_server.adapters.log.record_copy import Leaf, RecordCopy
from readygate_server.adapters.log.trust import TrustedKeys
from readygate_server.domain.merkle import NodeId, extend, frontier, root_of
from readygate_server.domain.record import TreeHead

_PIECE: Final = 512
Progress = Callable[[int, int], None]
"""Is told how many leaves of how many are checked."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A checkpoint that was kept outside, and where."""

    name: str
    head: TreeHead
    is_inside: bool = False
    """True when it lies in the data directory itself."""


class TreeCheck:
    """Puts the tree together from its leaves, and holds what is stored of it against that."""

    def __init__(self, copy: RecordCopy) -> None:
        """Takes the tables."""
        self._copy = copy
        self._edge: dict[NodeId, bytes] = {}
        self._count = 0
        self.size = 0
        self.step = Step("Tree")

    def take(self, leaves: Sequence[Leaf]) -> Mapping[NodeId, bytes]:
        """Takes the next leaves in; returns what the roots of all sizes up to them are made of."""
        end = self.size + len(leaves)
        fresh = extend(self.size, [leaf.hash for leaf in leaves], self._edge)
        self._compare(fresh, end)
        nodes = {**self._edge, **fresh}
        self._edge = {node: nodes[node] for node in frontier(end)}
        self.size = end
        return nodes

    def finish(self) -> None:
        """Says what was checked, and looks for nodes that belong to no tree."""
        beyond = self._copy.beyond()
        for level, index in beyond.nodes:
            if (index + 1) << level > max(self.size, beyond.leaves):
                self.step.add(_node(level, index), expected="nothing, as there are no such leaves", found="a node")
        self.step.said = f"{self._count} inner nodes over {self.size} leaves, each against what is below it"

    def _compare(self, fresh: Mapping[NodeId, bytes], end: int) -> None:
        ranges = [(level, self.size >> level, end >> level) for level in range(1, end.bit_length())]
        stored = self._copy.nodes([each for each in ranges if each[1] < each[2]])
        for (level, index), hashed in fresh.items():
            if level:
                self._count += 1
                self.step.compare(_node(level, index), expected=hashed, found=stored.get((level, index)))


def _node(level: int, index: int) -> str:
    return f"node {index} of level {level}, over leaves {index << level} to {((index + 1) << level) - 1}"


class CheckpointCheck:
    """Holds every signed root against the tree, and every signature against the keys."""

    def __init__(self, copy: RecordCopy, trusted: TrustedKeys | None) -> None:
        """Takes the tables, and the keys when there are any."""
        self._copy = copy
        self._trusted = trusted
        self._count = self._by_revoked = 0
        self._newest: TreeHead | None = None
        self.step = Step("Checkpoints")
        self.signatures = Step("Signatures", is_checked=trusted is not None)

    def look(self, start: int, end: int, nodes: Mapping[NodeId, bytes]) -> None:
        """Checks the checkpoints of sizes above the start, up to the end."""
        for head in self._copy.checkpoints(start, end):
            self._count += 1
            self._newest = head
            where = f"checkpoint of {head.size} leaves"
            self.step.compare(f"{where}, root", expected=head.root, found=root_of(head.size, nodes))
            self.look_at_note(where, head)

    def look_at_note(self, where: str, head: TreeHead) -> None:
        """Checks what a note says, and who signed it."""
        if self._trusted is None:
            return
        try:
            said = self._trusted.open(head.note)
        except NoteError as error:
            if not self._trusted.is_by_revoked(head.note):
                self.signatures.add(where, expected="a checkpoint of a trusted key", found=str(error))
                return
            self._by_revoked += 1
        else:
            found = f"{said.size} leaves and root {said.root.hex()}"
            self.signatures.compare(
                f"{where}, note", expected=f"{head.size} leaves and root {head.root.hex()}", found=found
            )

    def finish(self, size: int) -> None:
        """Says what was checked, and whether the newest checkpoint covers every leaf."""
        covered = self._newest.size if self._newest else 0
        if covered != size:
            self.step.add("newest checkpoint", expected=f"one of {size} leaves", found=f"one of {covered}")
        beyond = self._copy.beyond()
        if beyond.newest_checkpoint > max(size, beyond.leaves):
            where = f"checkpoint of {beyond.newest_checkpoint} leaves"
            self.step.add(where, expected=f"{beyond.newest_checkpoint} leaves", found=str(beyond.leaves))
        self.step.said = (
            f"{counted(self._count, 'signed root')} against the tree of that size; the newest covers {covered} leaves"
        )
        if self._trusted is None:
            self.signatures.said = "no key is known; give --key FILE"
            return
        if self._newest is not None and self._by_revoked and self._trusted.is_by_revoked(self._newest.note):
            self.signatures.add("newest checkpoint", expected="a key that is trusted", found="one that was revoked")
        revoked = f"; {self._by_revoked} by a key that was revoked since" if self._by_revoked else ""
        self.signatures.said = (
            f"{counted(self._count, 'checkpoint')} against {counted(len(self._trusted.keys), 'trusted key')}{revoked}"
        )


class KeptCheck:
    """Holds the log against checkpoints that were kept outside of it."""

    def __init__(self, kept: Sequence[Kept]) -> None:
        """Takes what was kept."""
        self._ahead = sorted(kept, key=lambda each: each.head.size, reverse=True)
        self._count = len(kept)
        self._are_inside = all(each.is_inside for each in kept)
        self.step = Step("Kept outside", is_checked=bool(kept))

    def look(self, end: int, nodes: Mapping[NodeId, bytes]) -> None:
        """Checks what was kept of sizes up to the end, and not looked at before."""
        while self._ahead and self._ahead[-1].head.size <= end:
            each = self._ahead.pop()
            where = f"{each.name}, checkpoint of {each.head.size} leaves, root"
            self.step.compare(where, expected=each.head.root, found=root_of(each.head.size, nodes))

    def finish(self, size: int) -> None:
        """Says what was checked; what was kept of a larger tree shows that leaves are gone."""
        for each in self._ahead:
            self.step.add(each.name, expected=f"at least {each.head.size} leaves", found=str(size))
        self.step.said = f"{counted(self._count, 'checkpoint')} against the tree of that size"
        if self._are_inside:
            self.step.said += "; they lie beside the record, and whoever rewrites that can rewrite them"
        if not self._count:
            self.step.said = "no checkpoint was given: a log rewritten as a whole would not be noticed"


def audit(
    copy: RecordCopy,
    *,
    trusted: TrustedKeys | None,
    kept: Sequence[Kept],
    progress: Progress = lambda *_: None,
    piece: int = _PIECE,
) -> list[Step]:
    """Checks everything; raises UnreadableError when the record can not be read."""
    size, waiting = copy.counts()
    entries, tree, decisions = EntryCheck(copy, waiting), TreeCheck(copy), DecisionCheck(copy)
    checkpoints, outside = CheckpointCheck(copy, trusted), KeptCheck(kept)
    while tree.size < size:
        leaves = entries.whole(tree.size, copy.leaves(tree.size, min(size, tree.size + piece)))
        if not leaves:
            break
        start = tree.size
        nodes = tree.take(leaves)
        decisions.look(entries.look(leaves))
        checkpoints.look(start, tree.size, nodes)
        outside.look(tree.size, nodes)
        progress(tree.size, size)
    for each in kept:
        checkpoints.look_at_note(f"{each.name}, checkpoint of {each.head.size} leaves", each.head)
    entries.finish(tree.size)
    tree.finish()
    checkpoints.finish(tree.size)
    decisions.finish(tree.size)
    outside.finish(tree.size)
    return [entries.step, tree.step, checkpoints.step, checkpoints.signatures, decisions.step, outside.step]
