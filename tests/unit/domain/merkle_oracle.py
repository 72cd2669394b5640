"""The tree of RFC 6962, section 2.1, word by word: lists of entries, recursion, no nodes kept and no loops shared."""

from __future__ import annotations

import hashlib


def mth(entries: list[bytes]) -> bytes:
    """Returns the Merkle tree hash of a list."""
    if not entries:
        return hashlib.sha256().digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\0" + entries[0]).digest()
    k = _k(len(entries))
    return hashlib.sha256(b"\1" + mth(entries[:k]) + mth(entries[k:])).digest()


def path(m: int, entries: list[bytes]) -> list[bytes]:
    """Returns the audit path of entry m."""
    n = len(entries)
    if n == 1:
        return []
    k = _k(n)
    if m < k:
        return [*path(m, entries[:k]), mth(entries[k:])]
    return [*path(m - k, entries[k:]), mth(entries[:k])]


def proof(m: int, entries: list[bytes]) -> list[bytes]:
    """Returns the consistency proof between the first m entries and all of them."""
    return _subproof(m, entries, True)


def _subproof(m: int, entries: list[bytes], is_known: bool) -> list[bytes]:
    n = len(entries)
    if m == n:
        return [] if is_known else [mth(entries)]
    k = _k(n)
    if m <= k:
        return [*_subproof(m, entries[:k], is_known), mth(entries[k:])]
    return [*_subproof(m - k, entries[k:], False), mth(entries[:k])]


def _k(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k
