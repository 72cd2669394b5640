"""Checks that a log only grew since a checkpoint that somebody kept: what makes rewriting it visible."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from readygate_server.adapters.log.checkpoint import Checkpoint, read_checkpoint
from readygate_server.adapters.log.findings import Step
from readygate_server.adapters.log.proof_file import check_signature
from readygate_server.adapters.log.trust import TrustedKeys
from readygate_server.domain.merkle import proves_consistency


def check_growth(
    *, kept: str, newest: str, prove: Callable[[int, int], Sequence[bytes]], trusted: TrustedKeys | None
) -> list[Step]:
    """Checks a newer checkpoint against one that was kept; `prove` asks for the hashes between two sizes.

    Raises:
      NoteError: when one of them is no checkpoint.
    """
    before, after = read_checkpoint(kept), read_checkpoint(newest)
    steps = [
        check_signature("Kept checkpoint", kept, trusted),
        check_signature("Newest checkpoint", newest, trusted),
        _growth(before, after, prove),
    ]
    steps[1].compare("origin", expected=before.origin, found=after.origin)
    return steps


def _growth(before: Checkpoint, after: Checkpoint, prove: Callable[[int, int], Sequence[bytes]]) -> Step:
    step = Step("Growth")
    if after.size < before.size:
        step.add("size", expected=f"at least {before.size} leaves", found=str(after.size))
        return step
    if before.size in (0, after.size):
        hashes: Sequence[bytes] = ()
    else:
        hashes = prove(before.size, after.size)
    if not proves_consistency(
        first=before.size,
        second=after.size,
        first_root=before.root,
        second_root=after.root,
        proof=hashes,
    ):
        expected = f"a tree that begins with the {before.size} leaves of root {before.root.hex()}"
        step.add(f"tree of {after.size} leaves", expected=expected, found="one that does not")
    step.said = f"from {before.size} to {after.size} leaves, by {len(hashes)} hashes"
    return step
