"""Facts follow from the events of a log; what it can not answer is not evaluable, never 0."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.collectors.eventlog.logs import (
    CASES,
    EXCEPTIONS,
    REWORK,
    STABLE,
    USABLE,
    VARIANTS,
    WEEKS,
    Event,
    at,
    cases,
    collected,
    events,
    fact,
    note,
    values,
    write_csv,
    write_parquet,
    write_xes,
)

from readygate_server.adapters.collectors.port import OptionError
from readygate_server.domain.collected import Status
from readygate_server.domain.vocabulary import Grade

WEEK = 168.0


def test_a_log_gives_cases_weeks_variants_and_rework(tmp_path: Path) -> None:
    """Ten cases over nine weeks, of which eight follow two paths and three repeat a step."""
    log = cases(*["abc"] * 5, *["abbc"] * 3, "ac", "ca", apart=WEEK)
    found = collected(write_csv(tmp_path / "log.csv", log))
    assert [fact(found, name).value for name in (CASES, WEEKS, VARIANTS, REWORK)] == [10, 9, 2, 0.3]
    assert {each.grade for each in found.facts} == {Grade.E2}
    assert fact(found, REWORK).as_of == datetime(2026, 3, 9, 10, tzinfo=UTC)


@pytest.mark.parametrize("shapes", [["ab"] * 4 + ["ba"], ["ab"] * 39 + ["ba"] * 10 + ["aab"]])
def test_eighty_percent_is_reached_exactly(tmp_path: Path, shapes: list[str]) -> None:
    """Four of five cases are 80 %, 39 of 50 are not."""
    value = fact(collected(write_csv(tmp_path / "log.csv", cases(*shapes))), VARIANTS).value
    assert value == (1 if len(shapes) == 5 else 2)


def test_csv_parquet_and_xes_of_one_log_say_the_same(tmp_path: Path) -> None:
    """The format changes nothing, nor does compression, nor the order of rows of different cases."""
    pytest.importorskip("duckdb", reason="the extra collect-eventlog is not installed")
    chance = random.Random(7)  # noqa: S311
    log = [
        event._replace(resource=chance.choice("xyz"), step=chance.choice(["start", "complete"]))
        for place in range(120)
        for event in events(f"c{place}", "".join(chance.choices("abcd", k=5)), place * 20.0)
    ]
    by_time = sorted(log, key=lambda event: event.timestamp)
    told = {"end_activity": ("a", "b", "c", "d"), "exception_activity": ("d",)}
    found = [
        collected(path, **told)
        for path in (
            write_csv(tmp_path / "log.csv", log),
            write_csv(tmp_path / "mixed.csv", by_time),
            write_xes(tmp_path / "log.xes", log),
            write_xes(tmp_path / "log.xes.gz", log),
            write_parquet(tmp_path / "log.parquet", log),
            write_parquet(tmp_path / "text.parquet", log, "VARCHAR"),
        )
    ]
    assert sum(each.status is Status.STATED for each in found[0].facts) >= 5
    assert all(values(each) == values(found[0]) for each in found)
    assert all(
        [note[note.index(" ") :] for note in each.notes] == [n[n.index(" ") :] for n in found[0].notes]
        for each in found
    )


def test_the_same_log_gives_the_same_twice(tmp_path: Path) -> None:
    """Chance has a fixed seed."""
    path = write_csv(tmp_path / "log.csv", cases(*["abc", "acb", "abbc"] * 40))
    assert "random splits" in note(collected(path), "Jensen-Shannon")
    assert collected(path) == collected(path)


def test_start_and_end_of_an_activity_are_no_rework(tmp_path: Path) -> None:
    """Of a log with starts and completions, completions count unless something else is asked for."""
    log = [
        event
        for case in ("c1", "c2", "c3")
        for place, activity in enumerate("abcdef" if case != "c3" else "abcdefa")
        for event in (
            Event(case, activity, at(place), "start"),
            Event(case, activity, at(place + 0.5), "COMPLETE"),
        )
    ]
    path = write_xes(tmp_path / "log.xes", log)
    assert fact(collected(path), REWORK).value == pytest.approx(1 / 3, abs=1e-6)
    assert dict(fact(collected(path), REWORK).parameters)["lifecycle"] == "complete"
    everything = fact(collected(path, lifecycle="all"), REWORK)
    assert (everything.value, dict(everything.parameters)["lifecycle"]) == (1.0, "all")


def test_a_classifier_of_the_log_says_what_an_activity_is(tmp_path: Path) -> None:
    """Start and completion are two activities where the classifier joins name and step; others are refused."""
    log = [Event(case, "a", at(hour), step) for case in "xyz" for hour, step in enumerate(["start", "complete"])]
    head = '<classifier name="Both of them" keys="concept:name \'lifecycle:transition\'"/>'
    path = write_xes(tmp_path / "log.xes", log, head)
    joined = fact(collected(path, classifier="Both of them"), REWORK)
    assert (joined.value, dict(joined.parameters)["lifecycle"]) == (0.0, "all")
    with pytest.raises(OptionError, match="declares no classifier"):
        collected(path, classifier="another")


def test_states_are_not_work(tmp_path: Path) -> None:
    """Few activities that nearly all cases repeat are states; several columns together tell the work in them."""
    log = [
        Event(f"c{case}", state, at(place), resource=detail)
        for case in range(20)
        for place, (state, detail) in enumerate(zip(["open", "wait", "open", "done"], "pqrs", strict=True))
    ]
    path = write_csv(tmp_path / "log.csv", [*log, *events("other", "a")])
    refused = fact(collected(path), REWORK)
    assert (refused.status, refused.value) == (Status.NOT_EVALUABLE, None)
    assert "states rather than work" in refused.reason
    told = collected(write_csv(tmp_path / "more.csv", log), activity=("concept:name", "org:resource"))
    assert fact(told, REWORK).value == 0.0


def test_steps_that_no_standard_knows_are_states(tmp_path: Path) -> None:
    """Where no step of the life cycle is a completion, repeated names are not taken for rework."""
    log = [Event(f"c{case}", "a", at(hour), step) for case in range(9) for hour, step in enumerate(["held", "freed"])]
    path = write_xes(tmp_path / "log.xes", [*log, *(Event("z", name, at(0), "held") for name in "bcdefg")])
    assert "holds states" in fact(collected(path), REWORK).reason


def test_one_case_per_variant_has_no_shares(tmp_path: Path) -> None:
    """A log in which no two cases are alike was sampled, or is too short: it has cases and weeks, and no shares."""
    log = cases(*("ab" + "c" * place for place in range(30)), apart=50)
    found = collected(write_csv(tmp_path / "log.csv", log), end_activity=("b", "c"), exception_activity=("c",))
    assert (fact(found, CASES).value, fact(found, WEEKS).value) == (30, 8)
    for name in (VARIANTS, REWORK, EXCEPTIONS, STABLE):
        assert fact(found, name).status is Status.NOT_EVALUABLE
        assert "variant of its own" in fact(found, name).reason


def test_placeholder_dates_say_no_time(tmp_path: Path) -> None:
    """Dates of 1970 leave weeks, stability and the age of the log open; the order of events still counts."""
    log = [event._replace(timestamp=f"1970-01-01{event.timestamp[10:]}") for event in cases(*["ab"] * 6, "aa")]
    found = collected(write_csv(tmp_path / "log.csv", log), end_activity=("b",))
    assert (fact(found, CASES).value, fact(found, VARIANTS).value) == (7, 1)
    for name in (WEEKS, STABLE):
        assert "placeholders" in fact(found, name).reason
    assert {each.as_of for each in found.facts} == {None}
    assert "placeholders" in note(found, "dates")


@pytest.mark.parametrize("stray", ["1944-06-06T00:00:00Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_few_placeholders_are_left_out_and_counted(tmp_path: Path, stray: str) -> None:
    """One slip in a long log neither stretches it over decades nor makes it unusable."""
    log = [*cases(*["abc"] * 40, apart=50), Event("c1", "b", stray)]
    found = collected(write_csv(tmp_path / "log.csv", log))
    assert fact(found, WEEKS).value == 11
    assert fact(found, WEEKS).coverage.skipped == 1
    assert fact(found, REWORK).value == 0.0


def test_a_case_far_from_all_others_does_not_stretch_the_log(tmp_path: Path) -> None:
    """A plausible date years away is not what the log spans."""
    log = [*cases(*["ab"] * 2000), *events("early", "ab", -24.0 * 3650)]
    found = collected(write_csv(tmp_path / "log.csv", log))
    assert fact(found, WEEKS).value == 11
    assert "1 cases begin or end far" in note(found, "events from")


def test_days_alone_give_no_order(tmp_path: Path) -> None:
    """Where timestamps say days only and the order within a day matters, there is no number of variants."""
    log = [
        Event(f"c{case}", activity, f"2026-03-{1 + case % 9:02}T00:00:00+01:00")
        for case in range(20)
        for activity in ("ab" if case % 2 else "ba")
    ]
    found = collected(write_csv(tmp_path / "log.csv", log))
    assert fact(found, VARIANTS).status is Status.NOT_EVALUABLE
    assert "2 variants in the order of the file and 1 in that of names" in fact(found, VARIANTS).reason
    assert "days only" in note(found, "timestamps")


def test_the_same_time_in_the_order_of_the_file(tmp_path: Path) -> None:
    """Ties are kept in the order of the file where times are told to the second, and counted."""
    log = [Event(f"c{case}", activity, at(case)) for case in range(9) for activity in ("ab" if case % 2 else "ba")]
    found = collected(write_csv(tmp_path / "log.csv", log))
    assert fact(found, VARIANTS).value == 2
    assert "9 of 18 events have the time of another" in note(found, "of names")


def test_events_out_of_order_are_put_in_order(tmp_path: Path) -> None:
    """The file may have a case backwards."""
    log = [event for place in range(4) for event in events(f"c{place}", "abc", place)[::-1]]
    found = collected(write_csv(tmp_path / "log.csv", [*log, *events("other", "abc")]))
    assert fact(found, VARIANTS).value == 1
    assert "8 events stand in the file after a later one" in note(found, "put in order")


def test_more_than_a_twentieth_unusable_answers_nothing(tmp_path: Path) -> None:
    """What is missing may be what matters, so that nothing is said of the rest."""
    log = cases(*["ab"] * 10)
    few = [*log, Event("c1", "", at(1))]
    many = [*few, Event("c2", "a", "soon"), Event("", "a", at(1))]
    good = fact(collected(write_csv(tmp_path / "few.csv", few)), CASES)
    assert (good.value, good.coverage.skipped, good.coverage.why) == (10, 1, ("1 events without activity",))
    for each in collected(write_csv(tmp_path / "many.csv", many)).facts:
        if each.fact == USABLE:
            assert each.value == pytest.approx(20 / 23, abs=1e-6)
        elif each.fact != EXCEPTIONS:
            assert each.status is Status.NOT_EVALUABLE
            assert "3 of 23 events can not be used" in each.reason


def test_exceptions_are_those_that_are_named(tmp_path: Path) -> None:
    """Without names the rate is not stated; a name that never occurs is a slip and gives no 0."""
    path = write_csv(tmp_path / "log.csv", cases(*["ab"] * 7, *["axb"] * 3))
    assert fact(collected(path), EXCEPTIONS).status is Status.NOT_STATED
    assert fact(collected(path, exception_activity=("x",)), EXCEPTIONS).value == 0.3
    refused = fact(collected(path, exception_activity=("x", "z")), EXCEPTIONS)
    assert (refused.status, refused.value) == (Status.NOT_EVALUABLE, None)
    assert refused.reason == "1 of 2 activities named with --exception-activity never occur in the log"


def _weekly(weeks: int, busy: tuple[int, ...] = (), slow: tuple[int, ...] = (), grown: int = 99) -> list[Event]:
    """Returns a log of about ten cases a week that take about a day; busy weeks have 40, slow ones take five.

    From the week `grown` on there are four more a week.
    """
    log = []
    for week in range(weeks):
        for place in range(40 if week in busy else 9 + week % 3 + 4 * (week >= grown)):
            begin = week * WEEK + place * 2
            log += [
                Event(f"{week}-{place}", "open", at(begin)),
                *([Event(f"{week}-{place}", "check", at(begin + 1))] if place % 2 else []),
                Event(f"{week}-{place}", "close", at(begin + (120 if week in slow else 24) + place % 5)),
            ]
    return log


@pytest.mark.parametrize(
    ("busy", "slow", "stable"), [((), (), 18), ((9,), (), 9), ((), (9,), 9), ((4,), (12,), 6), ((18,), (), 0)]
)
def test_stable_weeks_are_those_since_the_last_signal(
    tmp_path: Path, busy: tuple[int, ...], slow: tuple[int, ...], stable: int
) -> None:
    """A week with many cases, or with slow ones, begins the count anew; weeks cut by the log's ends don't count."""
    path = write_csv(tmp_path / "log.csv", _weekly(20, busy, slow))
    found = fact(collected(path, end_activity=("close",)), STABLE)
    assert found.value == stable
    assert found.as_of == datetime(2026, 5, 18, tzinfo=UTC)


def test_a_lasting_shift_is_a_signal(tmp_path: Path) -> None:
    """Eight weeks in a row on one side of the mean are one, although each of them lies within the limits."""
    path = write_csv(tmp_path / "log.csv", _weekly(20, grown=10))
    assert fact(collected(path, end_activity=("close",)), STABLE).value == 0


def test_stable_weeks_want_an_end_and_enough_weeks(tmp_path: Path) -> None:
    """A log does not say whether cases ended; and a dozen weeks make a chart, fewer don't."""
    enough, few = write_csv(tmp_path / "a.csv", _weekly(14)), write_csv(tmp_path / "b.csv", _weekly(13))
    assert "--end-activity" in fact(collected(enough), STABLE).reason
    assert fact(collected(enough, end_activity=("close",)), STABLE).value == 12
    assert "11 full weeks" in fact(collected(few, end_activity=("close",)), STABLE).reason
    assert "never occur" in fact(collected(enough, end_activity=("clsoe",)), STABLE).reason
    assert "no case ends with" in fact(collected(enough, end_activity=("open",)), STABLE).reason


def test_few_cases_a_week_never_cross_a_limit(tmp_path: Path) -> None:
    """A chart on which nothing can be seen says nothing."""
    path = write_csv(tmp_path / "log.csv", cases(*["ab"] * 40, apart=WEEK / 2))
    assert "too few for a control chart" in fact(collected(path, end_activity=("b",)), STABLE).reason


def test_open_cases_count_for_volume_only(tmp_path: Path) -> None:
    """Cases without an end are skipped for cycle time, and counted as skipped."""
    log = [event for event in _weekly(20) if (event.case, event.activity) != ("3-1", "close")]
    found = fact(collected(write_csv(tmp_path / "log.csv", log), end_activity=("close",)), STABLE)
    assert found.value == 18
    assert found.coverage.skipped == 1


def test_drift_stands_beside_what_chance_gives(tmp_path: Path) -> None:
    """A changed way of working is farther apart than random splits; an unchanged one is not."""
    chance = random.Random(3)  # noqa: S311
    mixed = ["".join(chance.choices("abc", k=4)) for _ in range(120)]
    same = note(collected(write_csv(tmp_path / "same.csv", cases(*mixed))), "Jensen-Shannon")
    moved = note(collected(write_csv(tmp_path / "moved.csv", cases(*["abc"] * 60, *["acb"] * 60))), "Jensen-Shannon")
    assert same.endswith("is not shown to have moved")
    assert moved.endswith("the way of working moved")


def test_people_are_counted_and_not_named(tmp_path: Path) -> None:
    """Neither names of people nor of activities leave the log, wherever they stand in it."""
    log = [event._replace(resource=f"Ms Quill {number % 3}") for number, event in enumerate(cases(*["ab"] * 8))]
    head = '<string key="owner" value="Mr Inkwell"><int key="Ms Quill 1" value="3"/></string>'
    found = collected(write_xes(tmp_path / "log.xes", log, head), end_activity=("b",), exception_activity=("b",))
    assert "3 resources" in note(found, "resources")
    assert "Quill" not in repr(found)
    assert "Inkwell" not in repr(found)
    assert "'b'" not in repr(found)


def test_traces_with_one_name_are_cases_of_their_own(tmp_path: Path) -> None:
    """A trace of XES is a case; that an export to a table would lose it is said."""
    text = write_xes(tmp_path / "a.xes", cases("ab", "ab", "ba")).read_text().replace('"c1"', '"c0"')
    (tmp_path / "b.xes").write_text(text)
    found = collected(tmp_path / "b.xes")
    assert fact(found, CASES).value == 3
    assert "1 cases have the name of another" in note(found, "name of another")


def test_only_attributes_of_the_event_itself_count(tmp_path: Path) -> None:
    """An attribute within another, or of the trace, is not that of the event."""
    log = cases("ab", "ab", "ba")
    text = write_xes(tmp_path / "a.xes", log).read_text()
    nested = text.replace(
        '<event><string key="concept:name"',
        '<event><list key="x"><string key="concept:name" value="no"/></list><string key="concept:name"',
    ).replace('value="a"/>', 'value="a"><string key="concept:name" value="no"/></string>')
    (tmp_path / "b.xes").write_text(nested)
    assert nested.count('"no"') == 9
    assert values(collected(tmp_path / "b.xes")) == values(collected(tmp_path / "a.xes"))


def test_namespace_prefixes_and_order_of_attributes_are_free(tmp_path: Path) -> None:
    """XES may name its elements with a prefix, and say the value before the key."""
    text = write_xes(tmp_path / "a.xes", cases("ab", "ab", "ba")).read_text()
    told = text.replace("<?xml", "\x00").replace("</", "</x:").replace("<", "<x:").replace("<x:/x:", "</x:")
    told = told.replace("\x00", "<?xml").replace('key="concept:name" value="a"', 'value="a" key="concept:name"')
    told = told.replace("<x:log ", '<x:log xmlns:x="http://www.xes-standard.org/" ')
    (tmp_path / "b.xes").write_text(told)
    assert values(collected(tmp_path / "b.xes")) == values(collected(tmp_path / "a.xes"))


def test_an_attribute_without_value_says_nothing(tmp_path: Path) -> None:
    """Whatever else it has, and however the event's other attributes are written."""
    text = write_xes(tmp_path / "a.xes", cases(*["ab"] * 30)).read_text()
    odd = '<trace><event>{}<date key="time:timestamp" value="2026-01-05T10:00:00Z"/></event></trace></log>'
    for each in ('<string key="concept:name" id="7"/>', '<string key="concept:name"/>', '<string value="a" id="7"/>'):
        (tmp_path / "b.xes").write_text(text.replace("</log>", odd.format(each)))
        assert fact(collected(tmp_path / "b.xes"), CASES).coverage.why == ("1 events without activity",)
