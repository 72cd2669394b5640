"""Shape of the webhooks file. Unknown keys are refused; its JSON Schema is generated from here."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from readygate_server.adapters.identity.schema import Id, Shape, Text, misfit

VerdictName = Literal["GO", "GO_WITH_CONDITIONS", "NO_GO", "UNDETERMINED"]


class Events(Shape):
    """Which events an endpoint wants."""

    types: Annotated[list[Text], Field(min_length=1, description="Types of events; `*` stands for anything.")] = Field(
        default=["dev.readygate.*"]
    )
    proposals: Annotated[list[Text], Field(min_length=1, description="Ids; `*` stands for anything.")] = Field(
        default=["*"]
    )
    verdicts: Annotated[
        list[VerdictName], Field(description="Verdicts; all when empty. Events without a verdict are sent anyway.")
    ] = Field(default=[])


class EndpointEntry(Shape):
    """A receiver of events."""

    name: Annotated[Id, Field(description="Stays when the address changes: what it has got is known by it.")]
    url: Annotated[Text, Field(description="https, or http on loopback. Redirects are not followed.")]
    secret_file: Annotated[Text | None, Field(description="File with `whsec_…`, one to a line, beside this one.")] = (
        None
    )
    secret_env: Annotated[Text | None, Field(description="Variable with `whsec_…`, separated by spaces.")] = None
    events: Events = Events()
    ca_file: Annotated[Text | None, Field(description="Who signs its certificate, in PEM, beside this one.")] = None
    timeout_seconds: Annotated[int, Field(ge=1, le=60)] = 10
    give_up_days: Annotated[int, Field(ge=1, le=30, description="Then an event is a dead letter.")] = 3

    @model_validator(mode="after")
    def _one_secret(self) -> EndpointEntry:
        if (self.secret_file is None) == (self.secret_env is None):
            got = "neither" if self.secret_file is None else "both"
            raise misfit("the secret is in one place", got=got, expected="one of 'secret_file' and 'secret_env'")
        return self


class WebhooksFile(Shape):
    """Who is told what happens."""

    endpoints: Annotated[list[EndpointEntry], Field(min_length=1, max_length=50)]
