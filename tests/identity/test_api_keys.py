"""API keys, and that no secret is written anywhere."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from readygate.errors import GateError
from readygate_server.adapters.identity.api_keys import digest_of, is_key, new_key, split, without_keys
from readygate_server.adapters.identity.authenticator import FileAuthenticator
from readygate_server.application.authentication import Shown
from readygate_server.domain.errors import UnauthenticatedError
from readygate_server.domain.identity import Credential, PrincipalKind
from tests.identity.authority import uri
from tests.identity.provider import Provider
from tests.identity.serving import CI_URI, JANE, JANE_URI, Files, Guarded, refusal

WHY = "the API key is unknown, wrong or expired"


def other_secret(key: str) -> str:
    """Returns a key that differs in its last character."""
    return key[:-1] + ("A" if key[-1] != "A" else "B")


async def test_a_key_is_taken(files: Files, gate: Guarded) -> None:
    """A key leads to its service, and never to a person or a moment of signing in."""
    found = await FileAuthenticator(files.identity).principal_of(Shown(files.key.text))

    assert await gate.call(files.key.text)
    assert (found.name, found.kind, found.credential) == ("service:ci", PrincipalKind.SERVICE, Credential.API_KEY)
    assert found.signed_in_at is None


@pytest.mark.parametrize(
    "bad",
    [
        other_secret,
        lambda key: key.replace("ci-1", "ci-2"),
        lambda key: key.removesuffix(key[-8:]),
        lambda key: key + "A",
        lambda _: "rg_ci-1_",
        lambda _: "rg_ci-1",
        lambda _: "rg_",
        lambda key: "rg_ci-1_" + digest_of(split(key)[1]),
    ],
    ids=["wrong secret", "unknown id", "cut", "longer", "no secret", "no parts", "nothing", "the stored digest"],
)
async def test_a_wrong_key_is_refused(gate: Guarded, bad) -> None:  # type: ignore[no-untyped-def]
    """Whatever is wrong with a key, the answer is the same, so that nobody learns which ids there are."""
    error = await refusal(gate.call(bad(gate.files.key.text)))

    assert error.metadata["why"] == WHY
    assert await gate.call(gate.files.key.text)


async def test_a_key_ends_with_the_day_before_its_end(files: Files) -> None:
    """From midnight UTC of its day on a key is not taken; the day after would have been in time."""
    today = datetime.now(UTC).date()
    outcomes = {}
    for expires_on in (today.isoformat(), today.replace(year=today.year + 1, day=1).isoformat()):
        files.expires_on = expires_on
        files.write()
        try:
            await FileAuthenticator(files.identity).principal_of(Shown(files.key.text))
            outcomes[expires_on] = ""
        except UnauthenticatedError as error:
            outcomes[expires_on] = error.why

    assert list(outcomes.values()) == [WHY, ""]


def test_a_new_key_has_256_random_bits() -> None:
    """Keys differ, hold 43 characters of base64, and only the SHA-256 of the secret is stored."""
    first, second = new_key("ci-1"), new_key("ci-1")
    secrets = [split(each.text)[1] for each in (first, second)]

    assert len(set(secrets)) == 2
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", secret) for secret in secrets)
    assert first.digest == sha256(secrets[0].encode()).hexdigest()
    assert is_key(first.text)
    assert first.text not in repr(first)


def test_an_id_and_a_secret_are_told_apart() -> None:
    """A secret may hold underscores; an id may not."""
    assert split("rg_ci-1_a_b-c") == ("ci-1", "a_b-c")
    assert split("rg_ci-1") == ("", "")


def test_a_key_in_a_text_is_not_shown() -> None:
    """What is told of files never repeats a key."""
    key = new_key("ci-1").text

    assert without_keys(f"got '{key}', expected") == "got 'rg_…', expected"


def test_what_a_call_shows_is_not_printed() -> None:
    """Neither a token nor a certificate is in what a debugger or a log would print of a call."""
    assert "s3cret" not in repr(Shown("s3cret", "s3cret"))


async def test_no_secret_and_no_token_is_logged(gate: Guarded, idp: Provider) -> None:
    """Good and bad credentials of all kinds leave no trace of themselves, and names of people are not logged either."""
    good, bad = idp.token(auth_time=int(time.time())), idp.token(key="k9")
    key = gate.files.key.text
    authority = gate.files.authority
    shown = [good, bad, key, other_secret(key), "rg_ci-1_hunter2hunter2", "hunter2"]
    told = []
    for bearer in shown:
        try:
            await gate.call(bearer)
        except GateError as error:
            told.append(f"{error} {error.metadata}")
    await gate.call(pair=authority.client(uri(JANE_URI)))
    await gate.call(pair=authority.client(uri(CI_URI)))

    text = "".join([gate.log.getvalue(), *told])
    assert (len(gate.lines()), len(told)) == (8, 4)
    for secret in [*shown, *good.split("."), *bad.split("."), split(key)[1], gate.files.key.digest, JANE, "BEGIN"]:
        assert secret not in text


async def test_a_line_says_by_what_and_which_service(gate: Guarded, idp: Provider) -> None:
    """A log line names the kind of credential and the service; of a person only that it was one."""
    await gate.call(gate.files.key.text)
    await gate.call(idp.token())
    await refusal(gate.call())

    said = [(line["credential"], line.get("caller")) for line in gate.lines()]
    assert said == [("api_key", "service:ci"), ("oidc", "a person"), ("none", None)]
