"""Tokens of identity providers: what is taken, and every kind that is not."""

from __future__ import annotations

import time
from collections.abc import Callable

import grpc
import pytest

from readygate_server.adapters.identity.authenticator import FileAuthenticator
from readygate_server.adapters.identity.tokens import LEEWAY_SECONDS
from readygate_server.application.authentication import Shown
from readygate_server.domain.errors import UnauthenticatedError
from readygate_server.domain.identity import Credential, PrincipalKind, Role
from tests.identity.authority import put, uri
from tests.identity.provider import AUDIENCE, ISSUER, Provider, claims_of, forged, tampered
from tests.identity.serving import JANE, JANE_URI, Files, Guarded, refusal

LATE = LEEWAY_SECONDS + 5
BAD: dict[str, tuple[Callable[[Provider], str], str]] = {
    "expired": (lambda idp: idp.token(exp=int(time.time()) - LATE), "the token is expired"),
    "wrong audience": (lambda idp: idp.token(aud="another"), "the token is for another audience"),
    "wrong issuer": (lambda idp: idp.token(iss="https://evil.example"), "the token is of an unknown issuer"),
    "without exp": (lambda idp: idp.token(without="exp"), "the token lacks one of exp, iat, iss, aud and sub"),
    "alg none": (
        lambda idp: forged({"alg": "none", "kid": "k1"}, claims_of(idp.token()), None),
        "the token is signed with an algorithm that is not allowed",
    ),
    "HS256 with the public key": (
        lambda idp: forged({"alg": "HS256", "kid": "k1"}, claims_of(idp.token()), idp.public_pem()),
        "the token is signed with an algorithm that is not allowed",
    ),
    "unknown kid": (lambda idp: idp.token(key="k9"), "the token is signed with an unknown key"),
    "not valid yet": (lambda idp: idp.token(nbf=int(time.time()) + LATE), "the token is not valid yet"),
    "issued in the future": (lambda idp: idp.token(iat=int(time.time()) + LATE), "the token is not valid yet"),
    "tampered": (lambda idp: tampered(idp.token(sub="john"), sub="jane"), "the signature of the token does not match"),
    "another algorithm": (
        lambda idp: idp.token(alg="RS512"),
        "the token is signed with an algorithm that is not allowed",
    ),
    "of nobody": (lambda idp: idp.token(sub="john"), "nobody known has this token"),
    "no token": (lambda _: "x.y.z", "the token is malformed"),
    "no key id": (
        lambda idp: forged({"alg": "RS256"}, claims_of(idp.token()), b"secret"),
        "the token is malformed",
    ),
}


async def principal(files: Files, bearer: str) -> object:
    """Returns whom a token leads to, without a server."""
    return await FileAuthenticator(files.identity).principal_of(Shown(bearer))


async def test_a_sound_token_is_taken(gate: Guarded, idp: Provider) -> None:
    """The token from which every bad one below is made opens the door."""
    assert await gate.call(idp.token())
    assert await gate.call(idp.token(aud=["another", AUDIENCE]))


@pytest.mark.parametrize("kind", BAD)
async def test_a_bad_token_is_refused(gate: Guarded, idp: Provider, kind: str) -> None:
    """Every kind of bad token ends with UNAUTHENTICATED and says what is wrong; a sound one on the side passes."""
    make, why = BAD[kind]

    error = await refusal(gate.call(make(idp)))

    assert (error.code, error.reason) == (grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED")
    assert error.metadata["why"] == why
    assert await gate.call(idp.token())


@pytest.mark.parametrize("kind", ["expired", "not valid yet"])
async def test_clocks_may_be_a_little_apart(files: Files, idp: Provider, kind: str) -> None:
    """A token that is bad by less than the leeway is taken, so that the refusals above hang on the moment."""
    now = int(time.time())
    almost = {"expired": idp.token(exp=now - LEEWAY_SECONDS + 10), "not valid yet": idp.token(nbf=now + 20)}

    assert await principal(files, almost[kind])


@pytest.mark.parametrize(
    "headers",
    [
        [("authorization", "Basic amFuZTpzZWNyZXQ=")],
        [("authorization", "Bearer")],
        [("authorization", "Bearer  ")],
    ],
    ids=["basic", "nothing", "blanks"],
)
async def test_what_is_no_bearer_token_is_refused(gate: Guarded, headers: list[tuple[str, str]]) -> None:
    """Another scheme or an empty token is no credential."""
    error = await refusal(gate.call(headers=headers))

    assert error.code is grpc.StatusCode.UNAUTHENTICATED


async def test_two_tokens_are_refused(gate: Guarded, idp: Provider) -> None:
    """Of two tokens none is chosen, though each alone would be taken."""
    token = idp.token()

    error = await refusal(gate.call(token, headers=[("authorization", f"Bearer {token}")]))

    assert error.metadata["why"] == "there is more than one authorization"


async def test_a_person_is_one_principal_however_they_sign_in(files: Files, gate: Guarded, idp: Provider) -> None:
    """Certificate and token of one person lead to one name; the moment of signing in comes from the token alone."""
    pair = gate.files.authority.client(uri(JANE_URI), common_name="somebody else")
    callers = FileAuthenticator(files.identity)
    signed_in_at = int(time.time()) - 60

    by_token = await callers.principal_of(Shown(idp.token(auth_time=signed_in_at)))
    by_certificate = await callers.principal_of(Shown("", pair.certificate.decode(), (JANE_URI,)))

    assert by_token.name == by_certificate.name == JANE
    assert by_token.kind is by_certificate.kind is PrincipalKind.PERSON
    assert by_token.bindings == by_certificate.bindings
    assert (by_token.credential, by_certificate.credential) == (Credential.OIDC, Credential.MTLS)
    assert (by_token.signed_in_at, by_certificate.signed_in_at) == (signed_in_at, None)
    assert await gate.call(pair=pair)
    assert await gate.call(idp.token(), pair=pair)


async def test_a_certificate_and_a_token_of_two_callers_are_refused(gate: Guarded, idp: Provider) -> None:
    """Nobody is two: a certificate of one caller beside the token of another opens nothing."""
    pair = gate.files.authority.client(uri("spiffe://bank.example/ci"))
    assert await gate.call(pair=pair)

    error = await refusal(gate.call(idp.token(), pair=pair))

    assert error.metadata["why"] == "the certificate is that of another caller than the token"


@pytest.mark.parametrize(
    "at", [True, "1700000000", 1.5, int(time.time()) + 3_600, None], ids=["true", "text", "fraction", "to come", "none"]
)
async def test_a_moment_of_signing_in_that_is_none_counts_for_nothing(files: Files, idp: Provider, at: object) -> None:
    """Only whole seconds in the past say when somebody signed in."""
    found = await FileAuthenticator(files.identity).principal_of(Shown(idp.token(auth_time=at)))

    assert found.signed_in_at is None


async def test_a_token_of_a_ci_job_is_no_person(files: Files, idp: Provider) -> None:
    """A job whose token has the subject of a person stays a service, and never has a moment of signing in."""
    callers = FileAuthenticator(files.identity)

    job = await callers.principal_of(Shown(idp.token(repository_id="42", auth_time=int(time.time()))))
    with pytest.raises(UnauthenticatedError, match="nobody known"):
        await callers.principal_of(Shown(idp.token(repository_id="43")))

    assert (job.name, job.kind, job.signed_in_at) == ("service:ci", PrincipalKind.SERVICE, None)
    assert not job.may(Role.APPROVER)


async def test_a_token_that_fits_two_callers_is_refused(files: Files, idp: Provider) -> None:
    """Which of two callers is meant is not guessed."""
    text = files.identity.read_text(encoding="utf-8")
    put(files.identity, text.replace("- name: idle", "- {name: idle, oidc: [{issuer: staff, claims: {env: prod}}]}"))
    callers = FileAuthenticator(files.identity)
    assert (await callers.principal_of(Shown(idp.token(sub="x", env="prod")))).name == "service:idle"

    with pytest.raises(UnauthenticatedError, match="the token is that of several callers"):
        await callers.principal_of(Shown(idp.token(env="prod")))


async def test_claims_may_give_roles(files: Files, idp: Provider) -> None:
    """A binding to a claim gives a known caller its role, with that token and no other."""
    files.more = "  - {token: {issuer: staff, claims: {groups: gate-approvers}}, roles: [approver]}"
    text = files.identity
    files.write()
    put(text, text.read_text(encoding="utf-8").replace("approver, auditor", "auditor"))
    callers = FileAuthenticator(text)

    with_group = await callers.principal_of(Shown(idp.token(groups=["all", "gate-approvers"])))
    without = await callers.principal_of(Shown(idp.token(groups=["all"])))

    assert with_group.may(Role.APPROVER)
    assert not without.may(Role.APPROVER)


async def test_an_issuer_may_demand_claims(files: Files, idp: Provider) -> None:
    """A token without a claim that its issuer must give is refused, such as one of another tenant."""
    text = files.identity.read_text(encoding="utf-8")
    put(files.identity, text.replace("signs_in_people: true", "signs_in_people: true, claims: {tid: [a, b]}"))

    assert await principal(files, idp.token(tid="b"))
    for claims in ({"tid": "c"}, {}):
        with pytest.raises(UnauthenticatedError, match="lacks a claim"):
            await principal(files, idp.token(**claims))


async def test_one_issuer_may_know_this_server_by_two_names(files: Files, idp: Provider) -> None:
    """Of entries with one issuer the one counts whose audience the token has."""
    more = f"  - {{id: jobs, issuer: {ISSUER}, audience: jobs, jwks_file: keys.json}}"
    text = files.identity.read_text(encoding="utf-8").replace("\npeople:", f"\n{more}\npeople:")
    put(files.identity, text.replace("- name: idle", "- {name: idle, oidc: [{issuer: jobs, subject: jane}]}"))
    callers = FileAuthenticator(files.identity)

    by_job = await callers.principal_of(Shown(idp.token(aud=["jobs", "x"])))
    by_person = await callers.principal_of(Shown(idp.token(aud=AUDIENCE)))

    assert (by_job.name, by_person.name) == ("service:idle", JANE)
