"""
When a form was shown: a signed time that a front end sends back with what was filled in.

It is there for machines that answer at once. A form may lie open as long as it
likes; a token that this server did not make for the article is for an editor
to look at, as the key that made it may have been dropped meanwhile.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from chalicelib.guard import signing
from chalicelib.model import Effect, Finding

LEAST_SECONDS: Final = 3
"""Less than a person needs to read the form, let alone fill it in."""
_PURPOSE: Final = "form"
_SECONDS_BYTES: Final = 6


def issue(slug: str, at: datetime) -> str:
    """Make the token of an article's form: base64url, up to 140 characters."""
    payload = int(at.timestamp()).to_bytes(_SECONDS_BYTES) + slug.encode()
    return signing.sign(_PURPOSE, payload)


def find(token: str | None, slugs: Collection[str], at: datetime) -> tuple[Finding, ...]:
    """
    Say what speaks against a submission by when its form was shown; nothing without a token.

    Args:
        slugs: By which the article's form may have been asked for.
    """
    if not token:
        return ()
    payload = signing.verify(_PURPOSE, token)
    if payload is None or payload[_SECONDS_BYTES:].decode() not in slugs:
        return (Finding("form_invalid", Effect.HOLD),)
    if int(at.timestamp()) - int.from_bytes(payload[:_SECONDS_BYTES]) < LEAST_SECONDS:
        return (Finding("form_too_fast", Effect.SPAM),)
    return ()
