"""Calls over HTTP by the Connect protocol: one POST a call, in JSON or binary protobuf."""

from __future__ import annotations

from typing import Final

from google.protobuf import json_format
from google.protobuf.message_factory import GetMessageClass
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from readygate_server.http_api.caller import Caller, CallFailed
from readygate_server.http_api.methods import METHODS
from readygate_server.settings import Limits

CALLS: Final = "/readygate.v1."
"""How the paths of calls begin."""


class Calls:
    """Answers calls."""

    def __init__(self, caller: Caller, limits: Limits) -> None:
        """Takes who makes the calls, and what requests may hold."""
        self._caller = caller
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        request = Request(scope, receive)
        response = await self._answer(request)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        method = METHODS[request.url.path]
        message = json_format.Parse(await request.body(), GetMessageClass(method.input_type)())
        shown = [(key, value) for key, value in request.headers.items() if key == "authorization"]
        try:
            reply = await self._caller.call(request.url.path, message.SerializeToString(), shown)
        except CallFailed as failed:
            return JSONResponse({"code": failed.answer.code.name.lower()}, 400)
        text = json_format.MessageToJson(GetMessageClass(method.output_type).FromString(reply))
        return Response(text, media_type="application/json")
