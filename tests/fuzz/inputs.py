"""The inputs of a run: each is made from its number alone, so that one that is reported can be made again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

from tests.fuzz import papers, seeds, texts, wire
from tests.fuzz.kept_seeds import kept_requests, named_requests
from tests.fuzz.oversize import oversize

Content = bytes | str | Mapping[str, str]
USUAL_SECONDS: Final = 1.0
LARGE_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class Input:
    """One input: what takes it, what it holds, whether a yes would be wrong, and the seconds that it may take."""

    number: int
    target: str
    content: Content
    method: str = ""
    may_go: bool = False
    seconds: float = USUAL_SECONDS


def make_input(number: int) -> Input:
    """Returns the input of a number."""
    random = Random(number)  # noqa: S311 -- it has to be the same each time
    return _MAKERS[number % len(_MAKERS)](number, random)


def _request(number: int, random: Random) -> Input:
    request, other = random.choice(seeds.requests()), random.choice(seeds.requests())
    data = request.sample.data
    chance = random.random()
    if chance < 0.7:
        data = wire.damaged_field(random, request.sample)
    if chance > 0.6:
        data = wire.damaged_bytes(random, data, other.sample.data)
    if chance > 0.999:
        data = random.randbytes(random.randrange(2_000))
    # Bytes of a proposal that passes may come into one that does not.
    return Input(number, "request", data, request.method, may_go=request.may_go or other.may_go)


def _oversize(number: int, random: Random) -> Input:
    method, data = oversize(random)
    return Input(number, "request", data, method, seconds=LARGE_SECONDS)


def _proposal(number: int, random: Random) -> Input:
    text = texts.damaged_text(random, random.choice(seeds.proposals()))
    return Input(number, "proposal", texts.encoded(random, text))


def _bomb(number: int, random: Random) -> Input:
    return Input(number, "proposal", texts.encoded(random, texts.bomb(random)), seconds=LARGE_SECONDS)


def _override(number: int, random: Random) -> Input:
    fact, _ = random.choice(seeds.overrides())
    text = f"{fact}={random.choice(texts.VALUES)}"
    if random.random() < 0.3:
        text = texts.damaged_text(random, text)
    return Input(number, "override", text)


def _rules(number: int, random: Random) -> Input:
    directory = dict(random.choice(seeds.rule_directories()))
    name = random.choice(sorted(directory))
    directory[name] = texts.damaged_text(random, directory[name])
    if random.random() < 0.05:
        directory[random.choice(("", "..", "a/b", "data/", "x.yml", "published.yaml", "A-1_test.yaml"))] = "a: 1"
    return Input(number, "rules", directory)


def _kept(number: int, random: Random) -> Input:
    request, other = random.choice(kept_requests()), random.choice(kept_requests())
    data = request.sample.data
    chance = random.random()
    if chance < 0.8:
        data = wire.damaged_field(random, request.sample)
    if 0.7 < chance < 0.95:
        data = wire.damaged_bytes(random, data, other.sample.data)
    return Input(number, "kept", data, request.method)


def _names(number: int, random: Random) -> Input:
    sample = random.choice(named_requests())
    data = wire.damaged_field(random, sample)
    if random.random() < 0.2:
        data = wire.damaged_bytes(random, data, sample.data)
    return Input(number, "names", data)


def _paper(number: int, random: Random) -> Input:
    paper = random.choice(papers.PAPERS)
    content, may_hold = paper.make(random)
    return Input(number, paper.target, content, may_go=may_hold, seconds=LARGE_SECONDS)


# Of 1,000 inputs: what is cheap and comes from outside is most of them.
_MAKERS: Final[tuple[Callable[[int, Random], Input], ...]] = (
    *[_request] * 420,
    *[_oversize] * 3,
    *[_proposal] * 50,
    *[_bomb] * 5,
    *[_override] * 60,
    *[_rules] * 8,
    *[_kept] * 110,
    *[_names] * 80,
    *[_paper] * 264,
)
