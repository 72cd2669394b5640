"""The application: which page answers which path, and what stands around all of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from readygate_server.web.app.asking import CallFailed, Calls
from readygate_server.web.app.errors import error_page, plain_error, unforeseen
from readygate_server.web.app.forms import LONGEST_BODY, ForeignFormError, FormError, safe_path
from readygate_server.web.app.guards import BodyLimit, BrowserHeaders, TooLargeError
from readygate_server.web.app.pages import assets, decisions, rulesets, sign_in, waivers, what_if
from readygate_server.web.app.sessions import Sessions
from readygate_server.web.app.statics import Statics
from readygate_server.web.app.templating import templates
from readygate_server.web.app.visit import House, Page, Visit

_PAGES: Final[Sequence[tuple[str, str, Page]]] = (
    *decisions.PAGES,
    *what_if.PAGES,
    *rulesets.PAGES,
    *waivers.PAGES,
    *assets.PAGES,
    *sign_in.PAGES,
)
_UNAUTHENTICATED: Final = "UNAUTHENTICATED"


def board(
    calls: Calls,
    *,
    secret: bytes,
    asks_who: bool,
    keeps_record: bool,
    secure: bool = False,
) -> Starlette:
    """Returns the pages as an application.

    `secret` is shared by all workers, and `secure` says that browsers come by TLS. Without identities nobody may come
    by a foreign name, which is seen to before requests get here.
    """
    statics = Statics()
    sessions = Sessions(secret, secure=secure)
    house = House(calls, templates(statics), sessions, asks_who, keeps_record, _today)
    routes: list[BaseRoute] = [Route(path, _answering(house, page), methods=[method]) for method, path, page in _PAGES]
    routes.append(Route("/static/{name}", statics.answer))
    routes.append(Route("/{path:path}", _answering(house, _nothing), methods=["GET", "POST"]))
    return Starlette(
        routes=routes,
        middleware=[
            Middleware(BrowserHeaders, secure=secure),
            Middleware(BodyLimit, limit=LONGEST_BODY),
        ],
    )


def _answering(house: House, page: Page) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        visit = Visit(house, request, house.sessions.read(request))
        try:
            if request.method == "POST":
                await visit.read_form()
            return await page(visit)
        except CallFailed as failed:
            if failed.answer.reason == _UNAUTHENTICATED and not visit.shows_header:
                return _to_sign_in(visit)
            return error_page(visit, failed.answer)
        except ForeignFormError:
            return plain_error(visit, 403, "The form is out of date", _FOREIGN, "Load the page again and send it anew.")
        except FormError:
            return plain_error(visit, 400, "The form can not be read", "It is no form of this server.")
        except TooLargeError:
            limit = f"It holds more than {LONGEST_BODY >> 20} MiB."
            return plain_error(visit, 413, "The form is too large", limit)
        except Exception as error:  # noqa: BLE001 -- the last resort: nothing of what happened may reach the page
            return unforeseen(visit, error)

    return answer


def _to_sign_in(visit: Visit) -> Response:
    """Leads to the sign-in and back; a session whose credential no longer counts ends here."""
    why = "ended" if visit.session.is_signed_in else "asked"
    to = safe_path(visit.here) if visit.request.method == "GET" else "/"
    response = visit.go("/sign-in", {"next": to, "why": why})
    if visit.session.is_signed_in:
        visit.house.sessions.forget(visit.request, response)
    return response


async def _nothing(visit: Visit) -> Response:
    return plain_error(visit, 404, "There is no such page", "The address leads to nothing here.")


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


_FOREIGN: Final = "It was made for another session, or another site sent it. Nothing was done."
