"""Shape of the identity file. Unknown keys are refused; its JSON Schema is generated from here."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from readygate_server.adapters.rulefiles.schema import Day

KEY_ID = r"^[a-z][a-z0-9-]{1,62}$"
SHA256 = r"^[0-9a-f]{64}$"
PERSON = r"^[a-z0-9][a-z0-9._@+-]{1,126}$"

RoleName = Literal["evaluator", "requester", "approver", "rule_admin", "steward", "auditor"]
Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
Id = Annotated[str, StringConstraints(pattern=KEY_ID)]
Text = Annotated[str, StringConstraints(min_length=1)]
ClaimValue = bool | int | str
Claims = Annotated[
    dict[str, ClaimValue | list[ClaimValue]],
    Field(
        description="Claims that a token must have, compared exactly; of a list any one. A claim of the token that is "
        "a list has a value when one of its items is it."
    ),
]


class Shape(BaseModel):
    """Base of all shapes: frozen, and an unknown key is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def misfit(message: str, *, got: str, expected: str) -> PydanticCustomError:
    """Returns an error whose fault says what was got and what expected."""
    return PydanticCustomError("misfit", "{message}", {"message": message, "got": got, "expected": expected})


class Issuer(Shape):
    """An identity provider whose tokens are taken."""

    id: Id
    issuer: Annotated[Text, Field(description="The claim `iss`, to the letter.")]
    audience: Annotated[Text, Field(description="What the claim `aud` must contain: the name of this server there.")]
    jwks_uri: Annotated[Text | None, Field(description="Where its public keys are; https.")] = None
    jwks_file: Annotated[Text | None, Field(description="File with its public keys, beside this one.")] = None
    algorithms: Annotated[list[Algorithm], Field(min_length=1)] = ["RS256"]
    claims: Annotated[Claims, Field(description="Claims that every token of it must have.")] = {}
    signs_in_people: Annotated[bool, Field(description="True when its tokens may stand for people.")] = False

    @model_validator(mode="after")
    def _one_place_of_keys(self) -> Issuer:
        if (self.jwks_uri is None) == (self.jwks_file is None):
            got = "neither" if self.jwks_uri is None else "both"
            raise misfit("the keys are in one place", got=got, expected="one of 'jwks_uri' and 'jwks_file'")
        return self


class Name(Shape):
    """A name in a client certificate: a URI such as a SPIFFE id, or a DNS name. Compared exactly."""

    uri: Text | None = None
    dns: Text | None = None

    @model_validator(mode="after")
    def _one_name(self) -> Name:
        if (self.uri is None) == (self.dns is None):
            got = "neither" if self.uri is None else "both"
            raise misfit("an entry is one name of a certificate", got=got, expected="one of 'uri' and 'dns'")
        return self


class Token(Shape):
    """A token by which a caller is known: its issuer, and a subject, claims or both."""

    issuer: Annotated[Id, Field(description="Id of one of `issuers`.")]
    subject: Annotated[Text | None, Field(description="The claim `sub`, to the letter.")] = None
    claims: Claims = {}

    @model_validator(mode="after")
    def _says_which(self) -> Token:
        if self.subject is None and not self.claims:
            raise misfit("any token of the issuer would fit", got="no claim", expected="'subject', 'claims' or both")
        return self


class Person(Shape):
    """A human being, with all certificates and tokens that are theirs."""

    name: Annotated[str, StringConstraints(pattern=PERSON)]
    mtls: list[Name] = []
    oidc: list[Token] = []


class Service(Shape):
    """A program, with all certificates and tokens that are its own. In `bindings` it is `service:NAME`."""

    name: Id
    mtls: list[Name] = []
    oidc: list[Token] = []


class ApiKey(Shape):
    """A key of a service. The secret itself is nowhere; `readygate api-keys new` makes both."""

    id: Id
    sha256: Annotated[str, StringConstraints(pattern=SHA256)]
    principal: Annotated[Text, Field(description="`service:NAME`; a key never stands for a person.")]
    expires_on: Annotated[Day, Field(description="First day, in UTC, on which the key is not taken any more.")]


class Binding(Shape):
    """Roles for principals, or for whoever shows a token with claims, within rulesets and proposals."""

    principals: list[Text] = []
    token: Annotated[Token | None, Field(description="Known callers whose token has these claims.")] = None
    roles: Annotated[list[RoleName], Field(min_length=1)]
    rulesets: Annotated[list[Text], Field(min_length=1, description="Names; `*` stands for anything.")] = ["*"]
    proposals: Annotated[list[Text], Field(min_length=1, description="Ids; `*` stands for anything.")] = ["*"]
    assets: Annotated[
        list[Text], Field(min_length=1, description="What a steward may register, such as `source/crm-*` or `api/*`.")
    ] = ["*"]

    @model_validator(mode="after")
    def _for_somebody(self) -> Binding:
        if bool(self.principals) == (self.token is not None):
            got = "both" if self.principals else "neither"
            raise misfit(
                "a binding is for principals or for a token", got=got, expected="one of 'principals' and 'token'"
            )
        return self


class Limit(Shape):
    """What callers may use. The first entry that names a caller holds for it, else the one without names."""

    principals: list[Text] = []
    calls_per_minute: Annotated[int | None, Field(ge=1)] = None
    burst: Annotated[int | None, Field(ge=1, description="Calls at once; a minute's worth unless said.")] = None
    decisions_per_day: Annotated[int | None, Field(ge=0, description="Proposals judged per day in UTC.")] = None


class IdentityFile(Shape):
    """Who may call this server, how each shows who it is, and what each may do."""

    issuers: list[Issuer] = []
    people: list[Person] = []
    services: list[Service] = []
    api_keys: list[ApiKey] = []
    bindings: list[Binding] = []
    limits: list[Limit] = []
