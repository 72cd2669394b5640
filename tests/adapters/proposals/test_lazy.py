"""Properties that are computed when they are first read."""

from __future__ import annotations

from readygate_server.adapters.proposals.lazy import lazy


class _Counting:
    def __init__(self) -> None:
        self.computed = 0

    @lazy
    def value(self) -> int:
        """Says how often it was computed."""
        self.computed += 1
        return self.computed


def test_a_lazy_property_is_computed_once_and_per_instance() -> None:
    """The first reading computes, the next ones do not, and another instance has a value of its own."""
    one, other = _Counting(), _Counting()

    assert one.computed == 0
    assert (one.value, one.value, one.computed) == (1, 1, 1)
    assert (other.computed, other.value) == (0, 1)


def test_a_value_that_is_known_is_not_computed() -> None:
    """Whoever has the value already may set it."""
    known = _Counting()
    known.value = 7

    assert (known.value, known.computed) == (7, 0)


def test_the_class_has_the_property_itself() -> None:
    """Read from the class, it is the property with the description of what it computes."""
    assert isinstance(_Counting.value, lazy)
    assert _Counting.value.__doc__ == "Says how often it was computed."
