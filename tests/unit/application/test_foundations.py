"""Registering assets and reading them, over everything in memory."""

from __future__ import annotations

import asyncio

import pytest

from readygate_server.application.foundation_ports import Claim, NewRevision
from readygate_server.domain.errors import (
    EtagMismatchError,
    NotFoundError,
    PermissionDeniedError,
    RequestIdReusedError,
)
from readygate_server.domain.foundations import AssetKey
from readygate_server.domain.identity import Binding, Role
from readygate_server.domain.record import Stamp
from readygate_server.domain.vocabulary import Scope
from tests.fake_foundations import CRM, AssetWorld, FakeFoundationBook, offer
from tests.fake_waivers import person

ADA = person("ada", Role.STEWARD)
READER = person("grace", Role.EVALUATOR)


async def test_a_revision_after_the_other() -> None:
    """What differs from the newest revision is the next one, also when an older one says it; what does not is none."""
    world = AssetWorld()

    made = [await world.foundations.register(ADA, offer(text)) for text in (b"a", b"b", b"b", b"a")]

    assert [(each.view.number, each.is_new) for each in made] == [(1, True), (2, True), (2, False), (3, True)]
    assert [each.view.registered_by for each in made] == ["ada"] * 4
    page = await world.foundations.revisions(READER, CRM, below=0, size=2)
    assert ([each.number for each in page.views], page.has_more) == ([3, 2], True)


async def test_an_id_stands_for_its_answer() -> None:
    """The same request again has the revision that it had, new or not; another under its id is refused."""
    world = AssetWorld()
    first = await world.foundations.register(ADA, offer(b"a"), request_id="r-1")
    same = await world.foundations.register(ADA, offer(b"a"), request_id="r-2")
    await world.foundations.register(ADA, offer(b"b"))

    assert await world.foundations.register(ADA, offer(b"a"), request_id="r-1") == first
    assert await world.foundations.register(ADA, offer(b"a"), request_id="r-2") == same
    assert (first.is_new, same.is_new) == (True, False)
    with pytest.raises(RequestIdReusedError):
        await world.foundations.register(ADA, offer(b"c"), request_id="r-1")
    other = await world.foundations.register(person("alan", Role.STEWARD), offer(b"c"), request_id="r-1")
    assert other.view.number == 3


async def test_what_was_seen_is_what_is_replaced() -> None:
    """Who says which revision is the newest is refused when it is another, unless it says the same already."""
    world = AssetWorld()
    with pytest.raises(EtagMismatchError):
        await world.foundations.register(ADA, offer(b"a"), newest=1)
    await world.foundations.register(ADA, offer(b"a"), newest=0)
    with pytest.raises(EtagMismatchError):
        await world.foundations.register(ADA, offer(b"b"), newest=0)

    again = await world.foundations.register(ADA, offer(b"a"), newest=0)

    assert (again.view.number, again.is_new) == (1, False)


@pytest.mark.parametrize(
    ("binding", "may"),
    [
        (Binding(Role.STEWARD), True),
        (Binding(Role.STEWARD, assets=("source/c*",)), True),
        (Binding(Role.STEWARD, assets=("api/*", "source/erp")), False),
        *((Binding(role), False) for role in Role if role is not Role.STEWARD),
    ],
    ids=lambda value: f"{value.role.value} {value.assets[0]}" if isinstance(value, Binding) else "",
)
async def test_a_steward_registers_what_is_theirs(binding: Binding, may: bool) -> None:
    """No other role does, and an asset beyond the binding is refused by its name."""
    world, who = AssetWorld(), person("ada", bindings=(binding,))
    if may:
        assert (await world.foundations.register(who, offer())).is_new
        return
    with pytest.raises(PermissionDeniedError, match="the role steward is needed"):
        await world.foundations.register(who, offer())
    assert not world.book.filed


@pytest.mark.parametrize("role", Role)
async def test_readers_have_a_role_for_it(role: Role) -> None:
    """Who evaluates, registers or audits may look; nobody else."""
    world, who = AssetWorld(), person("grace", role)
    await world.foundations.register(ADA, offer())
    looks = (
        lambda: world.foundations.get(who, CRM),
        lambda: world.foundations.page(who, None, after=("", ""), size=9),
        lambda: world.foundations.revisions(who, CRM, below=0, size=9),
    )
    for look in looks:
        if role in (Role.EVALUATOR, Role.STEWARD, Role.AUDITOR):
            assert await look()
        else:
            with pytest.raises(PermissionDeniedError):
                await look()


async def test_what_is_not_there_is_not_found() -> None:
    """An asset, a revision and the revisions of an asset that nobody registered."""
    world = AssetWorld()
    await world.foundations.register(ADA, offer())
    erp = AssetKey(Scope.SOURCE, "erp")
    for look in (
        world.foundations.get(READER, erp),
        world.foundations.get(READER, CRM, 2),
        world.foundations.revisions(READER, erp, below=0, size=9),
    ):
        with pytest.raises(NotFoundError):
            await look


async def test_who_is_always_late_gives_up() -> None:
    """A book in which somebody else is faster every time does not keep a caller for good."""

    class Busy(FakeFoundationBook):
        tries = 0

        async def append(self, revision: NewRevision, claim: Claim | None) -> Stamp:
            """Is late."""
            del claim
            self.tries += 1
            raise EtagMismatchError("asset", str(revision.key))

    world = AssetWorld(Busy())
    with pytest.raises(EtagMismatchError):
        await world.foundations.register(ADA, offer())
    assert world.book.tries == 8


async def test_an_erased_steward_is_nobody() -> None:
    """The revision stays, and says no name."""
    world = AssetWorld()
    await world.foundations.register(ADA, offer())
    world.vault.erase("ada")

    assert (await world.foundations.get(READER, CRM)).registered_by == ""


async def test_many_at_once_wait_for_each_other() -> None:
    """Of forty that register one asset at the same time all have their revision, and none is told to try again."""
    foundations = AssetWorld().foundations

    made = await asyncio.gather(*(foundations.register(ADA, offer(f"{each}".encode())) for each in range(40)))

    assert sorted(each.view.number for each in made) == list(range(1, 41))
