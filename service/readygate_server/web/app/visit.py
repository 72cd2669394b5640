"""One visit of a page: who comes, what they ask for, and how the page answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, TypeVar
from urllib.parse import urlencode

from google.protobuf.message import Message
from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from readygate_server.web.app.asking import SECONDS, Calls, Metadata
from readygate_server.web.app.forms import ForeignFormError, Form, check_origin, read_form
from readygate_server.web.app.sessions import CSRF_FIELD, Session, Sessions

SEE_OTHER: Final = 303
_HEADER: Final = "authorization"
_Reply = TypeVar("_Reply", bound=Message)


@dataclass(frozen=True, slots=True)
class House:
    """What all pages share."""

    calls: Calls
    templates: Environment
    sessions: Sessions
    asks_who: bool
    """True when the server has identities, so that callers have to show who they are."""
    keeps_record: bool
    """True when the server keeps a record."""
    today: Callable[[], str]
    """Returns the day in UTC, YYYY-MM-DD."""


@dataclass(slots=True)
class Visit:
    """A request, and what is known of whoever makes it."""

    house: House
    request: Request
    session: Session
    form: Form = field(default_factory=lambda: Form(()))

    @property
    def shown(self) -> Metadata:
        """What calls show: the header that a proxy sends wins over what was typed in here."""
        header = self.request.headers.get(_HEADER, "")
        if header:
            return ((_HEADER, header),)
        return ((_HEADER, f"Bearer {self.session.credential}"),) if self.session.is_signed_in else ()

    @property
    def shows_header(self) -> bool:
        """True when the request itself says who calls, as behind a proxy that signs people in."""
        return _HEADER in self.request.headers

    @property
    def here(self) -> str:
        """Path and query of this page."""
        query = self.request.url.query
        return f"{self.request.url.path}?{query}" if query else self.request.url.path

    async def ask(self, request: Message, reply: type[_Reply]) -> _Reply:
        """Returns the reply to a call in the name of the visitor; raises CallFailed."""
        return await self.house.calls.ask(request, reply, self.shown, seconds=SECONDS)

    async def read_form(self) -> Form:
        """Reads the form of this visit.

        Raises:
          FormError: when it can not be read.
          ForeignFormError: when it was not made for this session.
        """
        check_origin(self.request)
        form = await read_form(self.request)
        if not self.house.sessions.is_own_form(self.session, form[CSRF_FIELD]):
            raise ForeignFormError
        self.form = form
        return form

    def page(self, template: str, context: Mapping[str, Any] | None = None, *, status: int = 200) -> Response:
        """Returns a page, with the session for a browser that has none yet.

        It waits for nothing, so that pages that take long to write are written in a thread while others are answered.
        """
        house = self.house
        shared = {
            "csrf": house.sessions.csrf(self.session),
            "path": self.request.url.path,
            "asks_who": house.asks_who,
            "keeps_record": house.keeps_record,
            "is_signed_in": self.session.is_signed_in,
            "shows_header": self.shows_header,
        }
        response = HTMLResponse(house.templates.get_template(template).render(shared | dict(context or {})), status)
        if self.session.is_new:
            house.sessions.write(self.session, self.request, response)
        return response

    def go(self, path: str, query: Mapping[str, str] | None = None) -> Response:
        """Returns an answer that leads to another page of this server."""
        return RedirectResponse(f"{path}?{urlencode(query)}" if query else path, SEE_OTHER)


Page: TypeAlias = Callable[[Visit], Awaitable[Response]]
