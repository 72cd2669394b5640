"""What people see: the verdict first, colour only on a terminal, nothing wider than the terminal."""

from __future__ import annotations

import re

import pytest

from tests.cli.command import AS_OF, EXAMPLE, Ran, check_example, on_terminal

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
COLOUR = re.compile(r"\x1b\[(?:[0-9;]*;)?(?:3[0-7]|9[0-7]|38)(?:;[0-9;]*)?m")
SECTIONS = ("Blocks (11)", "Facts to be measured (3)", "Work, in order (11 items, 2 waves)", "The way to yes")


@pytest.fixture(scope="module")
def piped() -> Ran:
    """Returns the report of the example as a pipe gets it."""
    return check_example()


@pytest.fixture(scope="module")
def shown() -> Ran:
    """Returns the report of the example as a terminal with 80 columns gets it."""
    return on_terminal("check", EXAMPLE, *AS_OF)


def test_the_verdict_comes_first(piped: Ran) -> None:
    """The first line says the verdict, the proposal, the gate, the tier and what set it."""
    assert piped.out.splitlines()[0] == "NO_GO  refund-agent at commit, tier T3 act (set by autonomy, action_effect)"


def test_sections_come_in_the_order_of_interest(piped: Ran) -> None:
    """What blocks comes before what to measure, the work and the way to yes."""
    places = [piped.out.index(f"\n{section}") for section in SECTIONS]
    assert places == sorted(places)


def test_a_blocker_says_observed_and_required(piped: Ran) -> None:
    """Each blocker shows the rule, the asset, the value that was observed and the one that is required."""
    assert re.search(
        r"DAT-03 +crm +Critical elements are complete\n +source.completeness is 0.94, required >= 0.99\n", piped.out
    )
    assert "not known: workflow.stable_weeks (>= 12)" in piped.out


def test_work_says_when_it_is_done_and_who_owns_it(piped: Ran) -> None:
    """Each item of the plan has its wave, effort, owner and exit criterion."""
    assert re.search(r"1 +2-8 +W-DAT-03\[crm\] +Repair completeness at the point of capture +Data owner\n", piped.out)
    assert "done when: 14 consecutive daily measurements at >= 0.99" in piped.out


def test_the_way_to_yes_says_what_passes_today(piped: Ran) -> None:
    """What would pass today says which facts to narrow, from what to what."""
    way = piped.out[piped.out.index("The way to yes") :]
    assert "today" in way.splitlines()[1]
    assert "deployment.autonomy_level from l4_approver to l2_collaborator" in way


def test_a_pipe_gets_plain_text(piped: Ran) -> None:
    """Piped output has no escape codes and no blanks at the ends of lines."""
    assert "\x1b" not in piped.out
    assert not re.search(r"[ \t]$", piped.out, flags=re.MULTILINE)


def test_a_pipe_gets_plain_text_whatever_is_forced(piped: Ran) -> None:
    """Colour is for terminals only, even where the environment wants to force it."""
    assert check_example(env={"FORCE_COLOR": "1", "CLICOLOR_FORCE": "1"}).out == piped.out


def test_a_terminal_gets_colour(shown: Ran) -> None:
    """On a terminal the verdict is coloured, and the exit code is the same."""
    assert shown.code == 1
    assert COLOUR.search(shown.out.splitlines()[0])


def test_no_color_is_respected() -> None:
    """With NO_COLOR a terminal gets the same text without a colour."""
    ran = on_terminal("check", EXAMPLE, *AS_OF, env={"NO_COLOR": "1"})
    assert ran.out.splitlines()[0].find("NO_GO") >= 0
    assert not COLOUR.search(ran.out)


def test_nothing_is_wider_than_the_terminal(shown: Ran) -> None:
    """Text wraps at 80 columns; only the two digests at the end stay whole, so that they can be copied."""
    wide = [line for line in ESCAPE.sub("", shown.out).splitlines() if len(line.rstrip()) > 80]
    assert len(wide) == 1
    assert wide[0].startswith("Ruleset operational-readiness 2026.1.0 sha256:")


def test_a_terminal_shows_the_same_words(piped: Ran, shown: Ran) -> None:
    """Width and colour change the layout and not what is said."""
    assert sorted(ESCAPE.sub("", shown.out).split()) == sorted(piped.out.split())


def test_a_reader_that_leaves_is_no_error() -> None:
    """Output into a reader that stops reading, as `head` does, ends without a traceback."""
    ran = _into_head()
    assert ran.out.startswith("NO_GO")
    assert ran.err == ""


def _into_head() -> Ran:
    import subprocess

    from tests.cli.command import COMMAND, environment

    process = subprocess.Popen(
        [*COMMAND, "check", str(EXAMPLE), *AS_OF, "--format", "text"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    first = process.stdout.readline()
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    return Ran(process.wait(timeout=60), first, err)
