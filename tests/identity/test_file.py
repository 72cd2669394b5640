"""The identity file: every fault at once with its place, no secret in any of them, and the recipes of the guide."""

# ruff: noqa: E501 -- one fault a line

from __future__ import annotations

import json
import re
import textwrap

import pytest
from jsonschema import Draft202012Validator

from readygate_server.adapters.identity.api_keys import new_key
from readygate_server.adapters.identity.directory import Directory
from readygate_server.adapters.identity.reader import read_identity
from readygate_server.adapters.rulefiles.json_schemas import json_schemas
from readygate_server.adapters.yaml_text import read_yaml
from readygate_server.application.allowance import Allowance
from readygate_server.domain.errors import UnauthenticatedError
from readygate_server.domain.faults import FaultsError
from readygate_server.domain.identity import Credential, Principal, PrincipalKind, Role
from tests.cli.command import readygate
from tests.documents import ROOT, blocks, commands, run

GUIDE = "docs/identity.md"
SOUND = """\
issuers:
  - {id: staff, issuer: https://id.example, audience: gate, jwks_uri: https://id.example/keys, signs_in_people: true}
  - {id: jobs, issuer: https://token.actions.githubusercontent.com, audience: gate, jwks_uri: https://x.example/keys}
people:
  - {name: jane, oidc: [{issuer: staff, subject: jane}], mtls: [{uri: spiffe://x/jane}]}
services:
  - {name: ci, oidc: [{issuer: jobs, claims: {repository_id: 7}}], mtls: [{dns: ci.example}]}
api_keys:
  - {id: k-1, sha256: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, principal: "service:ci", expires_on: 2027-01-01}
bindings:
  - {principals: [jane], roles: [auditor]}
limits:
  - {principals: [jane], calls_per_minute: 10}
"""
FAULTS: dict[str, tuple[str, str, str]] = {
    "unknown key": ("limits:", "limit:", "'limit' is not a known key; did you mean limits?"),
    "unknown role": ("[auditor]", "[auditr]", "item 1 is not one of the known words: got 'auditr'"),
    "HMAC": ("signs_in_people: true", "algorithms: [HS256]", "item 1 is not one of the known words: got 'HS256'"),
    "none": ("signs_in_people: true", "algorithms: [none]", "item 1 is not one of the known words: got 'none'"),
    "no algorithm": ("signs_in_people: true", "algorithms: []", "List should have at least 1 item"),
    "no keys": (", jwks_uri: https://x.example/keys", "", "the keys are in one place: got neither"),
    "keys twice": ("x.example/keys", "x.example/keys, jwks_file: k.json", "the keys are in one place: got both"),
    "keys in clear": ("https://id.example/keys", "http://id.example/keys", "can be exchanged on the way"),
    "keys in a local file": ("https://id.example/keys", "file:///etc/passwd", "can be exchanged on the way"),
    "capital letters": ("name: jane,", "name: Jane,", "'name' is malformed: got 'Jane', expected a name such as"),
    "a person as a service": ("name: jane,", 'name: "service:ci",', "'name' is malformed"),
    "the reserved name": ("name: ci,", "name: local,", "callers of a server without identities"),
    "a name twice": ("- {name: ci,", "- {name: ci}\n  - {name: ci,", "this name is there already: got ci"),
    "a certificate of two": ("dns: ci.example", "uri: spiffe://x/jane", "this name of a certificate is there already"),
    "two names in one": ("dns: ci.example", "dns: ci.example, uri: u", "an entry is one name of a certificate: got both"),
    "no name": ("{dns: ci.example}", "{}", "an entry is one name of a certificate: got neither"),
    "any token": ("issuer: staff, subject: jane", "issuer: staff", "any token of the issuer would fit"),
    "unknown issuer": ("issuer: staff, subject", "issuer: stuff, subject", "no issuer has this id: got stuff; did you mean"),
    "a person by a job": ("issuer: staff, subject", "issuer: jobs, subject", "tokens of this issuer stand for services only"),
    "names for numbers": ("repository_id: 7", "repository: bank/x", "names of repositories pass to others"),
    "a subject for numbers": ("claims: {repository_id: 7}", "subject: x", "names of repositories pass to others"),
    "an issuer twice": ("id: jobs, issuer: https://token.actions.githubusercontent.com", "id: jobs, issuer: https://id.example", "this issuer and audience is there already"),
    "a key of a person": ('"service:ci"', "jane", "a key never stands for a person"),
    "a key of nobody": ('"service:ci"', '"service:cd"', "nobody has this name: got service:cd"),
    "no such day": ("2027-01-01", "2027-02-30", "there is no such day"),
    "no end": (", expires_on: 2027-01-01", "", "'expires_on' is missing"),
    "a binding of nobody": ("{principals: [jane], roles", "{roles", "a binding is for principals or for a token: got neither"),
    "a binding of a stranger": ("{principals: [jane], roles", "{principals: [john], roles", "nobody has this name: got john"),
    "a binding without roles": ("[auditor]", "[]", "List should have at least 1 item"),
    "a limit of none": ("calls_per_minute: 10", "calls_per_minute: 0", "out of range: got 0, expected at least 1"),
    "a limit of a stranger": ("[jane], calls", "[john], calls", "nobody has this name: got john"),
}  # fmt: skip


def faults_of(text: str) -> list[str]:
    """Returns the faults of a file as they are told."""
    with pytest.raises(FaultsError) as caught:
        read_identity(text, file="identity.yaml")
    return [str(fault) for fault in caught.value.faults]


def test_the_sound_file_is_sound() -> None:
    """The file that all faults below are made in has none."""
    assert set(read_identity(SOUND, file="identity.yaml").callers) == {"jane", "service:ci"}


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_is_told_with_its_place(kind: str) -> None:
    """Each fault comes alone, with its line and column, and says what is wrong."""
    old, new, message = FAULTS[kind]
    assert old in SOUND
    text = SOUND.replace(old, new, 1)
    before = SOUND.partition(old)[0].count("\n") + 1

    (fault,) = [fault for fault in faults_of(text) if message in fault]

    place = re.match(r"identity\.yaml:(\d+):(\d+): ", fault)
    assert place, fault
    assert int(place[1]) in (before, before + 1)


def test_all_faults_come_at_once() -> None:
    """Faults of shape do not hide those of what fits together, nor the other way round."""
    text = SOUND
    for kind in ("unknown role", "keys in clear", "no such day", "a limit of a stranger", "HMAC"):
        old, new, _ = FAULTS[kind]
        text = text.replace(old, new, 1)
    found = "\n".join(faults_of(text))

    for kind in ("unknown role", "no such day", "a limit of a stranger", "HMAC"):
        assert FAULTS[kind][2] in found


def test_a_fault_of_shape_makes_no_strangers() -> None:
    """Who is named by an entry with a fault is still somebody."""
    (fault,) = faults_of(SOUND.replace("{uri: spiffe://x/jane}", "{url: spiffe://x/jane}"))

    assert "'url' is not a known key" in fault


@pytest.mark.parametrize("place", ["sha256: {}", "secret: {}", "sha256: {0}, {0}: 1", "id: {}", "principal: {}"])
def test_no_fault_shows_a_key(place: str) -> None:
    """A key that somebody pastes where its SHA-256, or anything else, belongs is not repeated."""
    key = new_key("k-1").text
    old = "sha256: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

    faults = faults_of(SOUND.replace(old, place.format(key)))

    assert faults
    assert key[8:] not in "\n".join(faults)


def test_a_secret_without_its_prefix_is_not_shown_either() -> None:
    """The secret alone in place of its SHA-256 is not repeated."""
    secret = new_key("k-1").text.removeprefix("rg_k-1_")

    faults = faults_of(SOUND.replace("a" * 64, secret))

    assert "'sha256' is malformed" in faults[0]
    assert secret not in faults[0]


@pytest.mark.parametrize("text", ["- a list", "text", "[" * 100, "{a: b", "", "a: &x [*x]", "\x00", "people: {}"])
def test_what_is_no_identity_file_is_told(text: str) -> None:
    """Anything else in the file is a fault, never an error of another kind."""
    assert faults_of(text)


def test_a_file_of_nobody_lets_nobody_in() -> None:
    """An empty mapping is a sound file, in which nobody is named."""
    assert read_identity("{}", file="identity.yaml") == Directory()


def test_the_first_limit_that_names_a_caller_holds() -> None:
    """Limits by name go before the one for everybody else, and the first before the second."""
    limits = """\
    limits:
      - {calls_per_minute: 5}
      - {principals: [jane], calls_per_minute: 7, burst: 2}
      - {principals: [jane, "service:ci"], decisions_per_day: 3}
    """
    text = SOUND[: SOUND.index("limits:")] + textwrap.dedent(limits)
    callers = read_identity(text, file="identity.yaml").callers

    assert callers["jane"].allowance == Allowance(7, 2, None)
    assert callers["service:ci"].allowance == Allowance(None, 1, 3)


def test_a_binding_gives_every_role_in_its_scope() -> None:
    """Roles of several bindings add up, each within its own scope."""
    more = "bindings:\n  - {principals: [jane], roles: [evaluator, requester], rulesets: [a], proposals: [x-*]}"
    jane = read_identity(SOUND.replace("bindings:", more), file="identity.yaml").callers["jane"]

    scopes = {(binding.role, binding.rulesets, binding.proposals) for binding in jane.bindings}
    assert scopes == {
        (Role.EVALUATOR, ("a",), ("x-*",)),
        (Role.REQUESTER, ("a",), ("x-*",)),
        (Role.AUDITOR, ("*",), ("*",)),
    }


def test_a_steward_is_bound_to_assets() -> None:
    """What a steward may register follows from the patterns of the binding; without any it is everything."""
    text = SOUND.replace(
        "[auditor]}", "[steward], assets: [source/crm-*, api/*]}\n  - {principals: [service:ci], roles: [steward]}"
    )
    callers = read_identity(text, file="identity.yaml").callers
    jane, ci = (
        Principal(name, PrincipalKind.PERSON, Credential.OIDC, callers[name].bindings)
        for name in ("jane", "service:ci")
    )

    asked = ("source/crm-eu", "source/erp", "api/orders", "workflow/refund")
    assert [jane.may(Role.STEWARD, asset=each) for each in asked] == [True, False, True, False]
    assert all(ci.may(Role.STEWARD, asset=each) for each in asked)
    assert not jane.may(Role.AUDITOR)


def recipe(name: str) -> Directory:
    """Returns what a file of the guide says."""
    (block,) = [block for block in blocks(GUIDE, "yaml") if block.file == name]
    return read_identity(block.text, file=name)


def test_the_files_of_the_guide_are_sound() -> None:
    """Every file that the guide shows is read without a fault, and is one by its schema."""
    validator = Draft202012Validator(json.loads(json_schemas()["identity.schema.json"]))
    files = blocks(GUIDE, "yaml")

    assert {block.file for block in files} == {"identity.yaml", "github.yaml", "gitlab.yaml"}
    for block in files:
        assert recipe(block.file).callers
        assert list(validator.iter_errors(read_yaml(block.text, file=block.file).data)) == []


def test_the_schema_refuses_what_the_reader_refuses() -> None:
    """An editor marks unknown keys and words as the server does."""
    validator = Draft202012Validator(json.loads((ROOT / "rules/schema/identity.schema.json").read_text("utf-8")))
    for kind in ("unknown key", "unknown role", "HMAC", "capital letters", "no end", "a limit of none"):
        old, new, _ = FAULTS[kind]
        data = read_yaml(SOUND.replace(old, new, 1), file="identity.yaml").data
        assert list(validator.iter_errors(data)), kind


GITHUB = {
    "iss": "https://token.actions.githubusercontent.com",
    "sub": "repo:bank@65/refund-agent@74:environment:production",
    "repository": "bank/refund-agent",
    "repository_id": "74",
    "repository_owner_id": "65",
    "ref": "refs/heads/main",
    "job_workflow_ref": "bank/refund-agent/.github/workflows/gate.yml@refs/heads/main",
    "environment": "production",
}
GITLAB = {
    "iss": "https://gitlab.com",
    "sub": "project_path:bank/refund-agent:ref_type:branch:ref:main",
    "namespace_id": "72",
    "project_id": "20",
    "project_path": "bank/refund-agent",
    "ref": "main",
    "ref_type": "branch",
    "ref_protected": "true",
}


@pytest.mark.parametrize(
    ("name", "issuer", "claims", "deciding"),
    [
        ("github.yaml", "github", GITHUB, ("repository_id", "ref", "job_workflow_ref", "environment")),
        ("gitlab.yaml", "gitlab", GITLAB, ("project_id", "ref", "ref_type", "ref_protected")),
    ],
    ids=["GitHub", "GitLab"],
)
def test_the_recipes_for_ci_know_their_job_and_no_other(
    name: str, issuer: str, claims: dict[str, str], deciding: tuple[str, ...]
) -> None:
    """A job with the claims of the recipe is the service; one that differs in any of them, or lacks it, is nobody."""
    directory = recipe(name)
    assert directory.of_token(issuer, claims).name == "service:refund-agent-ci"
    assert directory.of_token(issuer, claims | {"repository": "new/name", "sub": "x"}).name == "service:refund-agent-ci"

    for claim in deciding:
        others = [claims | {claim: claims[claim] + "0"}, {key: claims[key] for key in claims if key != claim}]
        for other in others:
            with pytest.raises(UnauthenticatedError):
                directory.of_token(issuer, other)
    with pytest.raises(UnauthenticatedError):
        directory.of_token("another", claims)


def test_the_command_of_the_guide_runs() -> None:
    """The command that makes a key does, as the guide shows it."""
    (line,) = commands(GUIDE)
    ran = run(line, ROOT)

    assert (ran.code, ran.err) == (0, "")
    assert "principal: service:intake" in ran.out


def test_links_of_the_guide_lead_somewhere() -> None:
    """Every file that the guide links to is there."""
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / GUIDE).read_text(encoding="utf-8")):
        assert (ROOT / "docs" / target).exists(), target


def test_the_options_of_the_guide_are_there() -> None:
    """The options that the guide shows are those of the command."""
    shown = set(re.findall(r"--[a-z-]+", blocks(GUIDE, "text")[0].text))

    assert all(option in readygate("serve", "--help").out for option in shown)
