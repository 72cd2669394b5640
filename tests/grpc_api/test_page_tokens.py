"""Tokens that ask for the next page can be neither made up nor moved."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readygate.v1.decision_service_pb2 import DecisionFilter
from readygate_server.domain.errors import InvalidTokenError
from readygate_server.grpc_api.page_tokens import PageTokens

TOKENS = PageTokens(b"s" * 32)
QUERY = DecisionFilter(proposal_id="refund-agent")
TOKEN = TOKENS.make("list", QUERY, caller="person:jane", position="0190")


@given(position=st.text(max_size=60), caller=st.text(max_size=20))
def test_a_token_goes_on_where_it_was_made(position: str, caller: str) -> None:
    """Whatever the position is, the same query of the same caller gets it back."""
    token = TOKENS.make("list", QUERY, caller=caller, position=position)
    assert set(token) <= set(string.ascii_letters + string.digits + "-_")
    assert TOKENS.read("list", QUERY, caller=caller, token=token) == position


@pytest.mark.parametrize(
    ("kind", "query", "caller", "tokens"),
    [
        ("watch", QUERY, "person:jane", TOKENS),
        ("list", DecisionFilter(proposal_id="other"), "person:jane", TOKENS),
        ("list", DecisionFilter(), "person:jane", TOKENS),
        ("list", QUERY, "person:mallory", TOKENS),
        ("list", QUERY, "person:jane", PageTokens(b"t" * 32)),
    ],
    ids=["another kind", "another filter", "no filter", "another caller", "another server"],
)
def test_a_token_is_of_no_use_elsewhere(kind: str, query: DecisionFilter, caller: str, tokens: PageTokens) -> None:
    """A token of one query, caller and server is refused by every other."""
    assert TOKENS.read("list", QUERY, caller="person:jane", token=TOKEN) == "0190"
    with pytest.raises(InvalidTokenError):
        tokens.read(kind, query, caller=caller, token=TOKEN)


@given(index=st.integers(0, len(TOKEN) - 2), letter=st.sampled_from(string.ascii_letters + string.digits + "-_"))
def test_a_token_that_was_changed_is_refused(index: int, letter: str) -> None:
    """One other letter anywhere makes the token invalid."""
    changed = TOKEN[:index] + letter + TOKEN[index + 1 :]
    if changed != TOKEN:
        with pytest.raises(InvalidTokenError):
            TOKENS.read("list", QUERY, caller="person:jane", token=changed)


@pytest.mark.parametrize("token", ["x", "é", "====", "a b", "A" * 600, TOKEN[:-4]])
def test_what_is_no_token_is_refused(token: str) -> None:
    """Text that nobody made here is refused, whatever its form."""
    with pytest.raises(InvalidTokenError) as caught:
        TOKENS.read("list", QUERY, caller="person:jane", token=token, field="resume_token")
    assert caught.value.field == "resume_token"


def test_a_short_secret_is_refused() -> None:
    """A secret that could be guessed is an error of who wires the server."""
    with pytest.raises(ValueError, match="expected at least 16"):
        PageTokens(b"short")
