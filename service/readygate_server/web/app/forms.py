"""Reads forms: whole, within limits, and only those that this server gave to the same browser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request

LONGEST_BODY: Final = 2 << 20
"""Bytes of a form: a proposal, and a field for each of its facts."""
_MOST_FIELDS: Final = 8_000
_LONGEST_FILE: Final = 1 << 20
_URLENCODED: Final = "application/x-www-form-urlencoded"
_MULTIPART: Final = "multipart/form-data"


class FormError(Exception):
    """A form that can not be read."""


class ForeignFormError(Exception):
    """A form that another site made, or that was made for another session."""


class Form:
    """The fields of a form; of a field that stands there several times, the values in order."""

    def __init__(self, fields: Sequence[tuple[str, str]]) -> None:
        """Takes names and values."""
        self._fields: dict[str, list[str]] = {}
        for name, value in fields:
            self._fields.setdefault(name, []).append(value)

    def __getitem__(self, name: str) -> str:
        """Returns the first value without blanks around it; empty when the field is not there."""
        return self._fields.get(name, [""])[0].strip()

    def __contains__(self, name: str) -> bool:
        """True when the field is there, however empty."""
        return name in self._fields

    def all(self, name: str) -> list[str]:
        """Returns all values of a field."""
        return self._fields.get(name, [])

    def names(self) -> Mapping[str, list[str]]:
        """Returns all fields."""
        return self._fields


async def read_form(request: Request) -> Form:
    """Returns the form of a request; an uploaded file is a field with its text.

    Raises:
      FormError: when it is no form, or more than forms of ours have.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind == _URLENCODED:
            body = (await request.body()).decode("ascii")
            pairs = parse_qsl(body, keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
            return Form(pairs)
        if kind == _MULTIPART:
            return Form(await _parts(request))
    except (ValueError, MultiPartException, HTTPException) as error:
        raise FormError("the form can not be read") from error
    raise FormError("this is no form")


async def _parts(request: Request) -> list[tuple[str, str]]:
    fields = []
    async with request.form(max_files=1, max_fields=20, max_part_size=_LONGEST_FILE) as form:
        for name, value in form.multi_items():
            text = (await value.read()).decode("utf-8-sig") if isinstance(value, UploadFile) else value
            fields.append((name, text))
    return fields


def check_origin(request: Request) -> None:
    """Raises ForeignFormError when the browser says that another site sent the form.

    Browsers of today say so in `Sec-Fetch-Site`. Others send `Origin`, which is `null` for pages without a referrer
    such as ours, so that only another name tells something. The token of the form is asked for in any case.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site != "same-origin":
            raise ForeignFormError
        return
    origin = request.headers.get("origin", "null")
    if origin != "null" and _place(origin) != request.headers.get("host", "").lower():
        raise ForeignFormError


def _place(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def safe_path(path: str) -> str:
    """Returns a path of this server to go on to; the first page for anything that could lead elsewhere."""
    is_plain = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if is_plain else "/"
