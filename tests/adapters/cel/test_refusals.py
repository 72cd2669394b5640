"""What is refused when rules are loaded, and how the faults help."""

from __future__ import annotations

import pytest
from tests.adapters.cel.conditions import faults_in

from readygate_server.adapters.cel import CelCompiler, ExpressionFaultsError
from readygate_server.domain.vocabulary import Scope


def test_all_faults_of_a_text_are_reported_with_their_places() -> None:
    """Faults carry the line and column of the wrong word, several of them at once, in the order of the text."""
    faults = faults_in("deployment.acton_effect == 1 &&\n  deployment.chanel == 2 || org.trained_shares > 0.5")
    assert [(fault.line, fault.column, fault.got) for fault in faults] == [
        (1, 12, "acton_effect"),
        (2, 14, "chanel"),
        (2, 33, "trained_shares"),
    ]


def test_a_misspelt_field_gets_a_suggestion() -> None:
    """The fault names the message, its fields and the one that was probably meant."""
    (fault,) = faults_in("data_sources.all(s, s.completness > 0.3)")
    assert (fault.line, fault.column) == (1, 23)
    assert fault.message == "DataSource has no such field"
    assert fault.got == "completness"
    assert "completeness" in fault.expected
    assert fault.suggestion == "completeness"


def test_what_follows_from_a_fault_is_not_told() -> None:
    """A misspelt list that is searched is one fault, not one more for each step of the search."""
    (fault,) = faults_in("source.usess.members.exists(use, use == SourceUse.SOURCE_USE_TRAINING)", Scope.SOURCE)
    assert (fault.column, fault.got, fault.suggestion) == (8, "usess", "uses")


def test_a_misspelt_variable_gets_a_suggestion() -> None:
    """The fault points at the name, not at the dot behind it, and lists what there is."""
    (fault,) = faults_in("true && deploymnt.use_case == ''")
    assert (fault.column, fault.got, fault.suggestion) == (9, "deploymnt", "deployment")
    assert "data_sources" in fault.expected


def test_a_misspelt_enum_value_gets_a_suggestion() -> None:
    """The fault names the enum and the value that was probably meant."""
    (fault,) = faults_in("deployment.action_effect == ActionEffect.ACTION_EFFECT_DRAF")
    assert (fault.column, fault.message) == (42, "ActionEffect has no such value")
    assert fault.suggestion == "ACTION_EFFECT_DRAFT"


def test_a_variable_of_another_scope_is_refused() -> None:
    """A condition about the deployment has no `source`."""
    (fault,) = faults_in("source.written")
    assert fault.got == "source"
    assert "scope" in fault.message
    assert faults_in("source.written", Scope.API)
    assert not faults_in("source.written", Scope.SOURCE)


def test_numbers_of_different_types_are_explained() -> None:
    """Comparing a ratio with a whole number says how to write it."""
    (fault,) = faults_in("source.completeness > 1", Scope.SOURCE)
    assert fault.got == "(double, int)"
    assert "decimal point" in fault.expected


def test_a_syntax_error_has_its_place() -> None:
    """Text that is no expression is refused where it stops making sense."""
    (fault,) = faults_in("true &&\n")
    assert fault.line == 2
    assert "Syntax error" in fault.message


def test_the_error_keeps_the_text() -> None:
    """Whoever reports the faults can show the text."""
    with pytest.raises(ExpressionFaultsError) as caught:
        CelCompiler().compile("nonsense", scope=Scope.DEPLOYMENT)
    assert caught.value.text == "nonsense"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("source.owner == source.owner", "whole message"),
        ("[source].exists(s, s.written)", "whole message"),
        ("(source.written ? source.owner : source.owner).accepted", "whole message"),
        ("data_sources.map(s, s.owner).all(o, o.accepted)", "not to a message"),
        ("Deployment{use_case: 'x'}.use_case == 'x'", "no maps and no messages"),
        ("{'a': true}['a']", "no maps and no messages"),
        ("data_sources.filter(s, s.written)[0].written", "depends on the order"),
        ("source.title == 'CRM'", "even when nobody stated it"),
        ("dyn(source.written)", "switches type checks off"),
        ("data_sources.exists(source, source.written)", "a name of its own"),
        ("data_sources.all(s, apis.exists(s, s.writes))", "a name of its own"),
        ("source.authority == SourceAuthority.SOURCE_AUTHORITY_UNKNOWN", "counts as an absent fact"),
        ("source.owner.person == 'Jane'", "not who"),
        ("source.owner.person == org.accountable_owner.person", "not who"),
        ("source.owner.person in ['Jane', 'Joe']", "not who"),
        ("source.owner.person.startsWith('J')", "not who"),
        ("(source.written ? source.owner.person : '') == ''", "not who"),
        ("'Jane' in data_sources.map(s, s.owner.person)", "not who"),
    ],
)
def test_what_would_mislead_is_refused(text: str, words: str) -> None:
    """Constructs whose facts could not be told, or that read absence as a value, are faults with a reason."""
    assert any(words in fault.message for fault in faults_in(text, Scope.SOURCE))


@pytest.mark.parametrize(
    "text",
    [
        "data_sources.filter(s, s.written).all(s, s.owner.accepted)",
        "source.uses.members.map(u, u).exists(u, u == SourceUse.SOURCE_USE_TRAINING)",
        "PermittedUse.PERMITTED_USE_PROHIBITED in data_sources.map(s, s.permitted_use)",
        "SourceUse.SOURCE_USE_TRAINING in source.uses.members && size(source.uses.members) == 1",
        "(source.written ? source.authority : source.authority) == SourceAuthority.SOURCE_AUTHORITY_GOVERNED_COPY",
        "asset_ids.exists(i, i == source.id)",
        "has(source.owner.person) && source.owner.person != '' && data_sources.all(s, '' != s.owner.person)",
    ],
)
def test_what_is_sound_is_accepted(text: str) -> None:
    """The checks do not stand in the way of lists, sets and enums that are used as they should be."""
    assert faults_in(text, Scope.SOURCE) == ()
