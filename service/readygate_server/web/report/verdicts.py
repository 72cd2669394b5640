"""The verdict for people: its word, its mark, what it means, and what set the tier."""

from __future__ import annotations

from typing import NamedTuple

from readygate.v1 import decision_pb2 as pb
from readygate_server.adapters.words import gate_name, tier_word, verdict_name


class _Said(NamedTuple):
    kind: str
    mark: str
    words: str
    means: str


_SAID = {
    pb.VERDICT_GO: _Said("go", "✔", "GO", "Nothing that is due at this gate fails."),
    pb.VERDICT_GO_WITH_CONDITIONS: _Said(
        "conditions",
        "!",
        "GO with conditions",
        "Nothing blocks. Each condition has to be met by the next gate.",
    ),
    pb.VERDICT_NO_GO: _Said(
        "no", "✖", "NO GO", "At least one rule that must hold fails. What blocks, and the work that closes it, follows."
    ),
    pb.VERDICT_UNDETERMINED: _Said(
        "unknown",
        "?",
        "UNDETERMINED",
        "Only unknown facts are in the way: measure them and ask again. Until then it is to be treated as a no.",
    ),
}


class Axis(NamedTuple):
    """One axis of the tier."""

    name: str
    tier: str
    decides: bool
    missing: tuple[str, ...]


class VerdictView(NamedTuple):
    """The answer and the tier that it was judged at."""

    kind: str
    """One of go, conditions, no, unknown: for the style sheet."""
    mark: str
    words: str
    name: str
    means: str
    gate: str
    tier: str
    tier_is_floor: bool
    set_by: tuple[str, ...]
    axes: tuple[Axis, ...]

    @property
    def is_yes(self) -> bool:
        """True when the deployment may go ahead."""
        return self.kind in ("go", "conditions")


def verdict_view(decision: pb.Decision) -> VerdictView:
    """Returns the verdict; one that this version does not know is shown as a no."""
    said = _SAID.get(decision.verdict, _Said("no", "✖", "NO ANSWER", "This version does not know the verdict: a no."))
    return VerdictView(
        said.kind,
        said.mark,
        said.words,
        verdict_word(decision.verdict),
        said.means,
        gate_name(decision.gate),
        tier_word(decision.tier.tier),
        decision.tier.is_floor,
        tuple(map(axis_word, decision.tier.set_by)),
        tuple(_axis(each, decision.tier) for each in decision.tier.axes),
    )


def _axis(axis: pb.AxisTier, tier: pb.TierAssignment) -> Axis:
    return Axis(axis_word(axis.axis), tier_word(axis.tier), axis.axis in tier.set_by, tuple(axis.missing_facts))


def axis_word(axis: str) -> str:
    """Returns the name of an axis as words, such as `action effect`."""
    return axis.replace("_", " ")


def verdict_word(verdict: int) -> str:
    """Returns a verdict as words, such as `GO with conditions`."""
    said = _SAID.get(verdict)  # type: ignore[call-overload]  # any number
    return said.words if said else verdict_name(verdict)


def verdict_kind(verdict: int) -> str:
    """Returns one of go, conditions, no, unknown."""
    said = _SAID.get(verdict)  # type: ignore[call-overload]  # any number
    return said.kind if said else "no"
