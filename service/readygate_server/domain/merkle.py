"""The Merkle tree of RFC 6962 over SHA-256: roots, what a store has to keep of a tree, proofs, and their check.

A node is the hash of a complete subtree and never changes once it is there. It is named by its level, 0 for leaves,
and its index within the level, so that a store needs one table of them. A tree of any size is put together from the
nodes that `frontier` names, and a proof from those that `inclusion_nodes` or `consistency_nodes` name: about as many
as the tree is high, whatever its size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

NodeId = tuple[int, int]
"""Level and index."""

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()
_LEAF: Final = b"\x00"
_NODE: Final = b"\x01"
_Span = tuple[NodeId, ...]
"""Nodes that cover neighbouring leaves, left to right; together they give one hash of a proof."""


def leaf_hash(entry: bytes) -> bytes:
    """Returns the hash of an entry as a leaf."""
    return sha256(_LEAF + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Returns the hash over two subtrees."""
    return sha256(_NODE + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Returns the root over hashes of leaves, straight from the definition; for what fits into memory."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    left = _split(len(leaves))
    return node_hash(root(leaves[:left]), root(leaves[left:]))


def frontier(size: int) -> tuple[NodeId, ...]:
    """Names the complete subtrees that a tree consists of, from left to right: all that an append reads."""
    return _cover(0, size)


def extend(size: int, leaves: Sequence[bytes], nodes: Mapping[NodeId, bytes]) -> dict[NodeId, bytes]:
    """Returns the nodes that hashes of leaves add to a tree, the leaves among them.

    Of `nodes` only the frontier of the tree is read; KeyError when one of these is missing.
    """
    fresh: dict[NodeId, bytes] = {}
    for index, leaf in enumerate(leaves, start=size):
        level, hashed = 0, leaf
        fresh[level, index] = hashed
        while index & 1:
            left = level, index - 1
            hashed = node_hash(fresh[left] if left in fresh else nodes[left], hashed)
            level, index = level + 1, index >> 1  # noqa: PLW2901 -- climbs from the leaf
            fresh[level, index] = hashed
    return fresh


def root_of(size: int, nodes: Mapping[NodeId, bytes]) -> bytes:
    """Returns the root of a tree from its frontier; KeyError when a node of it is missing."""
    return _fold(frontier(size), nodes) if size else EMPTY_ROOT


def inclusion_nodes(index: int, size: int) -> frozenset[NodeId]:
    """Names the nodes that the inclusion proof of a leaf needs; ValueError when the tree has no such leaf."""
    return frozenset(node for span in _inclusion(index, size) for node in span)


def inclusion_proof(index: int, size: int, nodes: Mapping[NodeId, bytes]) -> tuple[bytes, ...]:
    """Returns the hashes from a leaf's sibling up; ValueError when the tree has no such leaf."""
    return tuple(_fold(span, nodes) for span in _inclusion(index, size))


def consistency_nodes(first: int, second: int) -> frozenset[NodeId]:
    """Names the nodes that a consistency proof needs; ValueError when the first tree is the larger one."""
    return frozenset(node for span in _consistency(first, second) for node in span)


def consistency_proof(first: int, second: int, nodes: Mapping[NodeId, bytes]) -> tuple[bytes, ...]:
    """Returns the proof that a tree is the beginning of another; ValueError when the first one is the larger."""
    return tuple(_fold(span, nodes) for span in _consistency(first, second))


def proves_inclusion(*, leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """True when a proof leads from the hash of a leaf at an index to the root of a tree of a size."""
    if not 0 <= index < size or not _are_hashes(leaf, root, *proof):
        return False
    node, last, hashed = index, size - 1, leaf
    for sibling in proof:
        if not last:
            return False
        if node & 1 or node == last:
            hashed = node_hash(sibling, hashed)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            hashed = node_hash(hashed, sibling)
        node, last = node >> 1, last >> 1
    return not last and hashed == root


def proves_consistency(
    *, first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]
) -> bool:
    """True when a proof shows that the tree of the first size and root is the beginning of the second one."""
    if not 0 <= first <= second or not _are_hashes(first_root, second_root, *proof):
        return False
    if first == second:
        return not proof and first_root == second_root and (first > 0 or first_root == EMPTY_ROOT)
    if not first:
        return not proof and first_root == EMPTY_ROOT
    return _leads_to_both(first, second, first_root, second_root, proof)


def _leads_to_both(first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """Walks up from the right edge of the first tree and builds both roots on the way."""
    # A complete first tree is a node of the second one, and then its root is not repeated in the proof.
    hashes = [first_root, *proof] if not first & (first - 1) else list(proof)
    if not hashes:
        return False
    node, last = first - 1, second - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    of_first = of_second = hashes[0]
    for sibling in hashes[1:]:
        if not last:
            return False
        if node & 1 or node == last:
            of_first, of_second = node_hash(sibling, of_first), node_hash(sibling, of_second)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            of_second = node_hash(of_second, sibling)
        node, last = node >> 1, last >> 1
    return not last and of_first == first_root and of_second == second_root


def _split(size: int) -> int:
    """Returns the largest power of two below a size of at least two."""
    return 1 << ((size - 1).bit_length() - 1)


def _cover(start: int, end: int) -> _Span:
    """Names the complete subtrees over leaves of a subtree that starts at `start`, from left to right."""
    found: list[NodeId] = []
    while start < end:
        level = (end - start).bit_length() - 1
        found.append((level, start >> level))
        start += 1 << level
    return tuple(found)


def _fold(span: _Span, nodes: Mapping[NodeId, bytes]) -> bytes:
    hashed = nodes[span[-1]]
    for node in reversed(span[:-1]):
        hashed = node_hash(nodes[node], hashed)
    return hashed


def _inclusion(index: int, size: int) -> list[_Span]:
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}; expected 0 to {size - 1}")
    spans: list[_Span] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            spans.append(_cover(middle, end))
            end = middle
        else:
            spans.append(_cover(start, middle))
            start = middle
    return spans[::-1]


def _consistency(first: int, second: int) -> list[_Span]:
    if not 0 <= first <= second:
        raise ValueError(f"a tree of {first} leaves is not the beginning of one of {second}")
    if not first or first == second:
        return []
    spans: list[_Span] = []
    start, end = 0, second
    while end != first:
        middle = start + _split(end - start)
        if first <= middle:
            spans.append(_cover(middle, end))
            end = middle
        else:
            spans.append(_cover(start, middle))
            start = middle
    if start:
        spans.append(_cover(start, end))
    return spans[::-1]


def _are_hashes(*hashes: bytes) -> bool:
    return all(len(each) == HASH_BYTES for each in hashes)
