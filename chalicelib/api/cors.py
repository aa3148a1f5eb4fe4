"""
Which pages of other sites may read an answer: an exact list for each stage.

Chalice knows one origin for all and lets API Gateway answer preflights, so none of that is
used. Every answer says `Vary: Origin`, whoever asks, because a cache may keep it for others.
Cookies are not allowed, for there are none.

Editors' routes have a list of their own, which is empty unless it is set.

Source:
    fetch.spec.whatwg.org/#http-cors-protocol
"""

from collections.abc import Sequence
from typing import Final

from chalicelib import settings
from chalicelib.errors import RATE_LIMIT_FIELDS

VARY: Final = {"Vary": "Origin"}
EXPOSED: Final = ", ".join(
    ("ETag", "Location", "Retry-After", "Allow", *RATE_LIMIT_FIELDS, "WWW-Authenticate")
)
ACCEPTED: Final = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match"
MAX_AGE: Final = 7200
"""Seconds; browsers keep a preflight's answer no longer, and each one calls the Lambda."""


def granted(origin: str | None, *, to_editors: bool) -> dict[str, str]:
    """
    Give the header field that lets a page read an answer.

    Args:
        origin: As the browser sent it.

    Returns:
        Nothing for an origin that is not listed, letter by letter.

    Raises:
        SettingsError: The list is malformed.
    """
    if origin is None:
        return {}
    known = settings.current()
    allowed = known.cors_editor_origins if to_editors else known.cors_origins
    if allowed == ("*",):
        return {"Access-Control-Allow-Origin": "*"}
    return {"Access-Control-Allow-Origin": origin} if origin in allowed else {}


def of_answer(grant: dict[str, str]) -> dict[str, str]:
    """Give the header fields of an answer."""
    return VARY | grant | ({"Access-Control-Expose-Headers": EXPOSED} if grant else {})


def of_preflight(grant: dict[str, str], methods: Sequence[str]) -> dict[str, str]:
    """
    Give what a preflight adds to that.

    Args:
        methods: That the path takes from such a page.
    """
    if not grant:
        return {}
    return {
        "Access-Control-Allow-Methods": ", ".join(methods),
        "Access-Control-Allow-Headers": ACCEPTED,
        "Access-Control-Max-Age": str(MAX_AGE),
    }
