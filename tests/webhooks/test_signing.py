"""Signatures are those of Standard Webhooks, by its published vector and by somebody else's code."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readygate_server.adapters.notices.sender import wished_seconds
from readygate_server.adapters.notices.signing import read_secrets, signed_headers
from readygate_server.domain.notices import LONGEST_PAUSE, LONGEST_WISH, Interest, NoticeType, pause_seconds
from tests.webhooks.receiver import OTHER_SECRET, SECRET, Got


def test_the_published_vector_comes_out() -> None:
    """The example of the Standard Webhooks specification's own test suites has the signature that stands there."""
    secrets = read_secrets("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signed_headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}', secrets)

    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_somebody_elses_verifier_takes_them() -> None:
    """The package standardwebhooks, which is not ours, verifies with either secret and refuses a changed body."""
    verifier = pytest.importorskip("standardwebhooks", reason="pip install standardwebhooks to check against it")
    import time

    body = '{"specversion":"1.0"}'
    headers = signed_headers("id-1", int(time.time()), body.encode(), read_secrets(f"{SECRET} {OTHER_SECRET}"))
    for secret in (SECRET, OTHER_SECRET):
        assert verifier.Webhook(secret).verify(body, headers)
        with pytest.raises(verifier.WebhookVerificationError):
            verifier.Webhook(secret).verify(body + " ", headers)


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_%%%", "whsec_c2hvcnQ=", SECRET.removeprefix("whsec_")])
def test_what_is_no_secret_is_refused_and_not_repeated(text: str) -> None:
    """A secret is whsec_ and 24 to 64 bytes in base64; no message shows what was there instead."""
    with pytest.raises(ValueError, match="secret") as caught:
        read_secrets(text)

    assert not text or text == "whsec_" or text not in str(caught.value)


@given(st.binary(min_size=24, max_size=64), st.text(max_size=40), st.integers(0, 2**33), st.binary(max_size=200))
def test_a_signature_holds_for_its_own_text_only(key: bytes, id_: str, seconds: int, body: bytes) -> None:
    """A receiver that computes it anew agrees, and not when a byte or the time is another."""
    secret = "whsec_" + base64.b64encode(key).decode()
    headers = signed_headers(id_, seconds, body, read_secrets(secret))
    later = headers | {"webhook-timestamp": str(seconds + 1)}

    assert Got("", headers, body).is_signed_with(secret)
    assert not Got("", headers, body + b"x").is_signed_with(secret)
    assert not Got("", later, body).is_signed_with(secret)


@given(st.integers(1, 10_000), st.floats(0, 1), st.floats(-1e9, 1e9))
def test_pauses_grow_within_bounds(attempts: int, chance: float, wished: float) -> None:
    """A pause is anything up to a bound that doubles to six hours, and at least what was asked for, up to a day."""
    pause = pause_seconds(attempts, chance=chance, wished=wished)
    bound = min(2.0 * 2 ** min(attempts - 1, 40), LONGEST_PAUSE)

    assert pause <= max(bound, min(max(wished, 0), LONGEST_WISH))
    assert pause >= min(max(wished, 0), LONGEST_WISH)
    assert pause_seconds(attempts, chance=1) == bound
    assert pause_seconds(attempts, chance=0) == 0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("120", 120), ("", 0), ("-5", 0), ("soon", 0), ("9" * 400, 0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("²", 0)],
)
def test_what_a_receiver_asks_for_is_read_or_passed_over(text: str, seconds: float) -> None:
    """Retry-After is seconds or a date; anything else, and what is over, counts for nothing."""
    assert wished_seconds(text) == seconds


def test_who_wants_what_is_told_that() -> None:
    """Types, proposals and verdicts must all cover it; what has no verdict is not held back by verdicts."""
    interest = Interest(("dev.readygate.decision.*",), ("refund-*",), ("GO",))

    assert interest.covers(NoticeType.DECISION_RECORDED, "refund-1", "GO")
    assert not interest.covers(NoticeType.DECISION_RECORDED, "refund-1", "NO_GO")
    assert not interest.covers(NoticeType.DECISION_RECORDED, "claims", "GO")
    assert not interest.covers(NoticeType.WAIVER_REQUESTED, "refund-1", "")
    assert Interest(verdicts=("GO",)).covers(NoticeType.WAIVER_REQUESTED, "refund-1", "")


def test_secrets_are_in_no_text_of_an_endpoint(tmp_path: Path) -> None:
    """Whoever logs an endpoint by mistake shows no secret of it."""
    from readygate_server.adapters.notices.reader import read_webhooks

    (tmp_path / "secret").write_text(SECRET)
    file = tmp_path / "webhooks.yaml"
    file.write_text("endpoints: [{name: one, url: 'https://a.example/', secret_file: secret}]")
    (endpoint,) = read_webhooks(file)

    assert str(endpoint.secrets[0]) not in repr(endpoint)
