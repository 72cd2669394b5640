"""Documents that others hand in, damaged: before they are signed, after, and the keys that they are checked with."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from tests.fuzz import signed, texts, wire
from tests.fuzz.documents import VALUES, damaged_base64, damaged_json, damaged_pem
from tests.fuzz.kept_seeds import page_token

Made = tuple[bytes | str, bool]
"""What is handed in, and whether to take it for sound would be right."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A kind of document, and what damages one."""

    target: str
    make: Callable[[Random], Made]


def _identity(random: Random) -> Made:
    text = signed.IDENTITY
    if random.random() < 0.1:
        old = random.choice(("keys.json", signed.ISSUER, "jane", "ci-1", "2199-01-01", "42", "main", "EdDSA"))
        text = text.replace(old, random.choice(_ODD))
    if random.random() < 0.1:
        text = text.replace("jwks_file: keys.json", f"jwks_uri: {random.choice(_ADDRESSES)}")
    elif random.random() < 0.9:
        text = texts.damaged_text(random, text)
    return text.encode("utf-8", "replace").decode(), True


def _bearer(random: Random) -> Made:
    shown, may_enter = _shown(random)
    # gRPC hands over headers as text or as bytes, and a text has no half of a character.
    text = shown.encode("utf-8", "replace").decode()
    return (text.encode() if random.random() < 0.02 else text), may_enter and text == shown


def _shown(random: Random) -> tuple[str, bool]:
    match random.randrange(7):
        case 0:
            key = signed.API_KEY
            shown = _other_than(key, random, lambda: texts.damaged_text(random, key))
            return f"Bearer {shown}", shown.strip() == key
        case 1:
            shown = texts.damaged_text(random, f"Bearer {signed.token()}")
            return shown, signed.is_sound(shown[len("Bearer ") :].strip())
        case 2:
            parts = signed.token().split(".")
            at = random.randrange(len(parts))
            parts[at] = damaged_base64(random, parts[at]).rstrip("=").replace("+", "-").replace("/", "_")
            shown = ".".join(parts)
            return f"Bearer {shown}", signed.is_sound(shown)
        case 3:
            header = damaged_json(random, json.dumps(signed.HEADER))
            return f"Bearer {signed.token_of(header, signed.claims())}", True
        case 4:
            # What an issuer signs is not to be doubted, and still has to be read.
            said = damaged_json(random, json.dumps(signed.claims(ref="main", repository_id=42)))
            return f"Bearer {signed.token_of(signed.HEADER, said)}", True
        case 5:
            deep = random.choice(("[", '{"a":')) * random.choice((500, 1_000, 2_000))
            return f"Bearer {random.choice((signed.token_of(deep, '{}'), signed.token_of(signed.HEADER, deep)))}", True
        case _:
            name = random.choice(_CLAIMS)
            value = float("inf") if random.random() < 0.1 else random.choice(VALUES)
            written = json.dumps(signed.claims() | {name: value}).replace("Infinity", "1e999")
            return f"Bearer {signed.token_of(signed.HEADER, written)}", True


def _issuer_keys(random: Random) -> Made:
    text = damaged_json(random, signed.issuer_keys())
    return texts.encoded(random, text), True


def _bundle(random: Random) -> Made:
    is_go = random.random() < 0.7
    match random.randrange(5):
        case 0:
            # A careless issuer signs what is damaged. A no-go that it commits to in the log is still none.
            said = damaged_json(random, signed.statement(is_go=is_go).decode()).encode("utf-8", "surrogatepass")
            return signed.bundle_of(said, signed.entry(is_go=is_go)), is_go
        case 1:
            body = wire.damaged_field(random, wire.sample_of(signed.entry_message(is_go=is_go)))
            return signed.bundle_of(_about(body, is_go=is_go), body), is_go
        case _:
            return damaged_json(random, signed.bundle(is_go=is_go)), False


def _about(body: bytes, *, is_go: bool) -> bytes:
    """Returns the statement with the digest of another entry."""
    said: Any = json.loads(signed.statement(is_go=is_go))
    proof = signed.proof_of(body)
    said["predicate"]["log"]["entryDigest"] = signed.digest(proof.entry)
    return json.dumps(said).encode()


def _key_set(random: Random) -> Made:
    plain = signed.plain_key_set()
    match random.randrange(4):
        case 0:
            return damaged_json(random, signed.signed_key_set(plain)), True
        case 1:
            return signed.signed_key_set(damaged_json(random, plain)), True
        case 2:
            data: Any = json.loads(plain)
            key = random.choice(data["keys"])
            key["pem"] = damaged_pem(random, key["pem"])
            return json.dumps(data), True
        case _:
            return damaged_json(random, plain), True


def _note(random: Random) -> Made:
    genuine = signed.proof_file().note
    if random.random() < 0.7:
        return _damaged_lines(random, genuine), False
    head, _, _ = genuine.partition("\n\n")
    return signed.note_of(_damaged_lines(random, f"{head}\n").encode("utf-8", "replace").decode()), True


def _trust(random: Random) -> Made:
    match random.randrange(3):
        case 0:
            return _damaged_lines(random, f"{signed.verifier()}\n" * random.choice((1, 2))), True
        case 1:
            keys: Any = json.loads(signed.plain_key_set())["keys"]
            pems = [each["pem"] for each in keys]
            return "".join([random.choice(pems), damaged_pem(random, random.choice(pems))]), True
        case _:
            return texts.damaged_text(random, "".join(each.pem for each in signed.key_set().keys)), True


def _proof(random: Random) -> Made:
    proof = signed.proof_file()
    if random.random() < 0.5:
        body = wire.damaged_field(random, wire.sample_of(signed.entry_message(is_go=True)))
        entry = base64.b64encode(proof.entry).decode()
        return proof.text.replace(entry, base64.b64encode(body).decode()), body == proof.entry
    return _damaged_lines(random, proof.text), False


def _page_token(random: Random) -> Made:
    return random.choice((damaged_base64, texts.damaged_text))(random, page_token()), False


def _damaged_lines(random: Random, text: str) -> str:
    """Returns a text with something else on one of its lines, or damaged otherwise."""
    if random.random() < 0.4:
        return texts.damaged_text(random, text)
    lines = text.split("\n")
    at = random.randrange(len(lines))
    name, gap, rest = lines[at].rpartition(" ")
    lines[at] = random.choice((*_LINES, f"{name}{gap}{damaged_base64(random, rest)}", *([lines[at]] * 3)))
    if random.random() < 0.3:
        lines.insert(random.randrange(len(lines) + 1), random.choice((*lines, *_LINES)))
    return "\n".join(lines)


def _other_than(text: str, random: Random, make: Callable[[], str]) -> str:
    return make() if random.random() < 0.9 else text


_ODD: Final = ("", "*", "local", "rg_ci-1_secretsecret", "'https://['", "[a]", "null", "x" * 300, "2026-02-30", "1e9")
_ADDRESSES: Final = (
    "https://[",
    "https://[::1",
    "http://[::1%25x]/k",
    "http://127.0.0.1:99999999/keys",
    "https://",
    "https://h:port/",
    "//h",
    "http://127.1/",
    "https://\u2100.example/",
    "'https://a\\b'",
    "http://localhost@evil.example/",
    "file:///etc/passwd",
)
_CLAIMS: Final = ("iss", "aud", "sub", "iat", "exp", "nbf", "jti", "auth_time", "tenant", "ref", "repository_id")
_LINES: Final = (
    "",
    "0",
    "-1",
    "05",
    "9" * 19,
    "9" * 5_000,
    "index 9223372036854775808",
    "index " + "9" * 19,
    "extra ",
    "extra AAAA",
    "\u2014 x AAAA",
    "\u2014 ",
    "\u2014 gate.example.org/records AAAAAAAA",
    "A" * 44,
    "A" * 43 + "=",
    "\u00e9" * 44,
    "x+00000000+AAAA",
    "+",
)
PAPERS: Final[tuple[Paper, ...]] = (
    *[Paper("identity", _identity)] * 2,
    *[Paper("bearer", _bearer)] * 6,
    *[Paper("issuer keys", _issuer_keys)] * 2,
    *[Paper("bundle", _bundle)] * 6,
    *[Paper("key set", _key_set)] * 3,
    *[Paper("note", _note)] * 4,
    *[Paper("trust", _trust)] * 2,
    *[Paper("proof", _proof)] * 4,
    *[Paper("page token", _page_token)] * 2,
)
"""Each as often as its share."""
