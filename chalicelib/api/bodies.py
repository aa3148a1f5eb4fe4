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

MOST_LEVELS: Final = 8
"""Objects and lists in each other. The contract needs three."""

_SURROGATE_ESCAPE: Final = re.compile(rb"\\u[dD][89a-fA-F]")


def read_object(request: Request, most_bytes: int) -> Json:
    """
    Read a body that must be one JSON object.

    Size comes before parsing. Twofold names, NaN, lone surrogates and more than
    `MOST_LEVELS` are refused: each means something else to another parser.

    Raises:
        PayloadTooLargeError: It has more than `most_bytes`.
        UnsupportedMediaTypeError: It is not declared as JSON.
        InvalidRequestError: It is missing, or no JSON object in UTF-8.
    """
    raw = _raw(request)
    if len(raw) > most_bytes:
        raise PayloadTooLargeError(f"The body may have {most_bytes} bytes.")
    if not raw:
        raise InvalidRequestError("The body is missing.")
    if not _is_json(request):
        raise UnsupportedMediaTypeError
    value = _parsed(raw)
    if not isinstance(value, dict):
        raise InvalidRequestError("The body must be a JSON object.")
    if _is_deeper(value, MOST_LEVELS):
        raise InvalidRequestError(f"The body may have {MOST_LEVELS} levels.")
    return value


def _raw(request: Request) -> bytes:
    try:
        raw: Any = request.raw_body
    except ValueError:
        raise InvalidRequestError("The body is not valid base64.") from None
    return bytes(raw)


def _parsed(raw: bytes) -> object:
    try:
        value = json.loads(
            raw.decode(), object_pairs_hook=_without_repeats, parse_constant=_no_constant
        )
        if _SURROGATE_ESCAPE.search(raw):
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise InvalidRequestError("The body is not valid JSON.") from None
    return value


def _is_json(request: Request) -> bool:
    """Tell whether a body is declared as JSON, in UTF-8 and not compressed."""
    media_type, _, parameters = (header(request, "Content-Type") or "").lower().partition(";")
    charset = parameters.partition("charset=")[2].partition(";")[0].strip(' "') or "utf-8"
    encoding = (header(request, "Content-Encoding") or "identity").strip().lower()
    return (media_type.strip(), charset, encoding) == ("application/json", "utf-8", "identity")


def _is_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(one, levels - 1) for one in inner)


def _without_repeats(pairs: list[tuple[str, Any]]) -> Json:
    members = dict(pairs)
    if len(members) != len(pairs):
        msg = "a name occurs twice"
        raise ValueError(msg)
    return members


def _no_constant(_: str) -> None:
    msg = "NaN and Infinity are no JSON"
    raise ValueError(msg)
