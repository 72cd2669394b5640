"""CODEOWNERS as GitHub and GitLab read it."""

from __future__ import annotations

import time

import pytest

from readygate_server.adapters.collectors.ownership.codeowners import MAX_RULES, read_code_owners
from readygate_server.adapters.collectors.ownership.owners import Kind, Owner, code_owner
from readygate_server.adapters.collectors.ownership.patterns import matches
from readygate_server.adapters.collectors.port import ArtefactLimitError

PERSON, JANE = Kind.PERSON, Owner(Kind.PERSON)


@pytest.mark.parametrize(
    ("pattern", "covered", "not_covered"),
    [
        ("*", "a a/b.c .github/x", ""),
        ("*.js", "x.js a/b/x.js x.js/y", "x.jsx js"),
        ("/build/logs/", "build/logs/a build/logs/a/b build/logs/", "x/build/logs/a build/logs"),
        ("docs/*", "docs/a.md", "docs/a/b.md docs x/docs/a.md"),
        ("/*", "a", "a/b"),
        ("apps/", "apps/x a/apps/x", "apps"),
        ("/docs/", "docs/x", "a/docs/x"),
        ("/scripts", "scripts scripts/a.sh", "x/scripts"),
        ("**/logs", "logs/a build/logs/a deeply/nested/logs/b", "log"),
        ("a/**/b", "a/b a/x/b a/x/y/b/c", "b a"),
        ("/a/**", "a/x a/x/y", "a b/a/x"),
        ("?.c", "a.c x/b.c", "ab.c .c"),
        ("x*y*z", "xyz xaybz", "xzy"),
        ("/", "", "a"),
    ],
)
def test_patterns_cover_what_the_hosts_say(pattern: str, covered: str, not_covered: str) -> None:
    """Each example is of the hosts' manuals, or follows from .gitignore, which they refer to."""
    assert [path for path in covered.split() if not matches(pattern, path)] == []
    assert [path for path in not_covered.split() if matches(pattern, path)] == []


def test_the_last_rule_counts() -> None:
    """A later rule takes a path from the owners of an earlier one, also when it names nobody."""
    rules = read_code_owners("* @acme/all\n/apps/ @jane  # because\n/apps/free\n", "CODEOWNERS")
    assert rules.of("apps/x") == (JANE,)
    assert rules.of("apps/free/x") == ()
    assert rules.of("README.md") == (Owner(Kind.TEAM, "team:acme/all"),)
    assert read_code_owners("/apps/ @jane\n", "CODEOWNERS").of("README.md") is None


def test_blanks_and_signs_can_be_escaped() -> None:
    """A backslash takes the meaning from a blank or a `#`; a comment after the owners is none."""
    rules = read_code_owners("# all\n\\#x\\ y/ @jane # not @acme/all\n\n", "CODEOWNERS")
    assert rules.of("#x y/a") == (JANE,)
    assert len(rules.rules) == 1


def test_lines_that_mean_nothing_on_github_are_passed_over() -> None:
    """Negation and ranges are no patterns there, and take no rule with them."""
    rules = read_code_owners("!a @jane\na[0-9] @jane\n/ @jane\n* @acme/all\n" + "x" * 20_000, "CODEOWNERS")
    assert (len(rules.rules), rules.unread, rules.gitlab) == (1, 4, False)


def test_sections_are_of_gitlab() -> None:
    """Each section has its own last rule and owners of its own for rules that name none; `!` takes paths out."""
    text = "[Docs] @acme/docs\ndocs/\n^[Code][2]\n*.md @acme/code\n!docs/free.md\n[DOCS]\ndocs/x/ @acme/manuals\n"
    rules = read_code_owners(text, "CODEOWNERS")
    assert rules.gitlab
    teams = {path: sorted(owner.team for owner in rules.of(path) or ()) for path in ("docs/a.md", "docs/free.md")}
    assert teams == {"docs/a.md": ["team:acme/code", "team:acme/docs"], "docs/free.md": ["team:acme/docs"]}
    assert [owner.team for owner in rules.of("docs/x/y") or ()] == ["team:acme/manuals"]


@pytest.mark.parametrize(
    ("word", "github", "gitlab"),
    [
        ("@jane", PERSON, Kind.UNCLEAR),
        ("@Acme/Payments", Kind.TEAM, Kind.TEAM),
        ("@acme/a/b", Kind.INVALID, Kind.TEAM),
        ("@@developer", Kind.INVALID, Kind.UNCLEAR),
        ("jane@example.com", Kind.UNCLEAR, Kind.UNCLEAR),
        ("@dependabot[bot]", Kind.INVALID, Kind.INVALID),
        ("@release-bot", Kind.NOBODY, Kind.NOBODY),
        ("@your-username", Kind.NOBODY, Kind.NOBODY),
        ("@acme/TODO", Kind.NOBODY, Kind.NOBODY),
        ("@${{values.owner}}", Kind.NOBODY, Kind.NOBODY),
        ("@<owner>", Kind.NOBODY, Kind.NOBODY),
        ("jane", Kind.INVALID, Kind.INVALID),
        ("@", Kind.INVALID, Kind.INVALID),
        ("@jane/", Kind.INVALID, Kind.INVALID),
    ],
)
def test_a_word_is_a_person_a_team_or_neither(word: str, github: Kind, gitlab: Kind) -> None:
    """Only where the host leaves no doubt it is a person; what is left of a template is nobody."""
    assert (code_owner(word, gitlab=False).kind, code_owner(word, gitlab=True).kind) == (github, gitlab)


def test_the_name_of_a_person_is_not_kept() -> None:
    """Of a person only the kind is left."""
    assert code_owner("@jane", gitlab=False) == Owner(Kind.PERSON, "")


def test_too_many_rules_are_refused() -> None:
    """A file with more rules than anybody writes ends with a limit."""
    with pytest.raises(ArtefactLimitError, match="too many rules"):
        read_code_owners("* @a\n" * (MAX_RULES + 1), "CODEOWNERS")


def test_patterns_that_would_hang_an_expression_do_not() -> None:
    """Stars upon stars take time that grows with the lengths, not with what they could match."""
    started = time.process_time()
    assert not matches("**/" * 500 + "*a" * 200 + "b", "/".join(["a" * 300] * 40))
    assert matches("/" + "**/" * 500 + "x", "a/" * 200 + "x")
    assert time.process_time() - started < 2
