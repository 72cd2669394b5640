"""What is kept, and for how long."""

from __future__ import annotations

from readygate_server.domain.memory import Memory

GENERATION = 3


def test_what_is_kept_is_recalled() -> None:
    """An entry is found under its key, and nothing under another."""
    memory: Memory[str] = Memory(GENERATION)
    memory.keep("one", "entry")

    assert (memory.recall("one"), memory.recall("two")) == ("entry", None)


def test_what_is_not_asked_for_is_forgotten() -> None:
    """An entry goes once two generations were filled without anybody asking for it."""
    memory: Memory[int] = Memory(GENERATION)
    for number in range(2 * GENERATION + 1):
        memory.keep(number, number)

    assert memory.recall(0) is None
    assert memory.recall(2 * GENERATION) == 2 * GENERATION


def test_what_is_asked_for_stays() -> None:
    """An entry that is asked for now and then outlives any number of others."""
    memory: Memory[str] = Memory(GENERATION)
    memory.keep("often", "entry")
    for number in range(100 * GENERATION):
        memory.keep(number, "other")
        assert memory.recall("often") == "entry"


def test_memory_is_bounded() -> None:
    """However much is kept, there are never more than two generations."""
    memory: Memory[int] = Memory(GENERATION)
    for number in range(100):
        memory.keep(number, number)
        memory.recall(number // 2)
        assert len(memory) <= 2 * GENERATION
