"""Reads the body of a request: JSON of one meaning, or a problem."""

import json
import re
from typing import Any, Final

from chalice.app import Request

from chalicelib.api.http import Json, header
from chalicelib.errors import (
    InvalidFieldsError,
    InvalidRequestError,
    PayloadTooLargeError,
    UnsupportedMediaTypeError,
)

ERRORS: Final = (
    InvalidRequestError,
    InvalidFieldsError,
    PayloadTooLargeError,
    UnsupportedMediaTypeError,
)
"""Problems of every route that takes a body."""

_SURROGATE_ESCAPE: Final = re.compile(rb"\\u[dD][89a-fA-F]")


def read_object(request: Request, most_bytes: int) -> Json:
    """
    Read a body that must be one JSON object.

    Size comes before parsing. Twofold names, NaN and lone surrogates are
    refused: each means something else to another parser.

    Raises:
        PayloadTooLargeError: It has more than `most_bytes`.
        UnsupportedMediaTypeError: It is not declared as JSON.
        InvalidRequestError: It is missing, or no JSON object in UTF-8.
    """
    try:
        raw: Any = request.raw_body
    except ValueError:
        raise InvalidRequestError("The body is not valid base64.") from None
    if len(raw) > most_bytes:
        raise PayloadTooLargeError(f"The body may have {most_bytes} bytes.")
    if not raw:
        raise InvalidRequestError("The body is missing.")
    media_type = (header(request, "Content-Type") or "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise UnsupportedMediaTypeError
    try:
        value = json.loads(
            raw.decode(), object_pairs_hook=_without_repeats, parse_constant=_no_constant
        )
        if _SURROGATE_ESCAPE.search(raw):
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise InvalidRequestError("The body is not valid JSON.") from None
    if not isinstance(value, dict):
        raise InvalidRequestError("The body must be a JSON object.")
    return value


def _without_repeats(pairs: list[tuple[str, Any]]) -> Json:
    members = dict(pairs)
    if len(members) != len(pairs):
        msg = "a name occurs twice"
        raise ValueError(msg)
    return members


def _no_constant(_: str) -> None:
    msg = "NaN and Infinity are no JSON"
    raise ValueError(msg)
