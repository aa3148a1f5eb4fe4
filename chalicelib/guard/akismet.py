"""
Asks Akismet whether a review is spam, where a site has a key.

It is sent what was written and who by: name, e-mail address, network address. Whoever sets a
key says so to the readers. What Akismet does not answer in time is for an editor to decide.

Source:
    akismet.com/developers/detailed-docs/comment-check,
    akismet.com/developers/errors (alert codes)
"""

import logging
import re
from typing import Final

from chalicelib import logs, settings
from chalicelib.errors import UnavailableError
from chalicelib.guard import outbound, secrets
from chalicelib.model import Effect, Finding
from chalicelib.rules.spam import Words

ENDPOINT: Final = "https://rest.akismet.com/1.1/comment-check"
SECONDS: Final = 1.8
"""For everything together."""
_LONGEST_ANSWER: Final = 4096
_ALERT: Final = re.compile(r"[0-9]{1,8}", re.ASCII)
_UNAVAILABLE: Final = Finding("akismet_unavailable", Effect.HOLD)


def find(words: Words, email: str, address: str, user_agent: str) -> Finding | None:
    """
    Ask about a review, if there is a key.

    Args:
        address: Where it came from.

    Returns:
        None when Akismet has nothing against it, or is not asked.
    """
    site = settings.current().site_url
    key = secrets.of_api().akismet_key if site else None
    if not site or not key:
        return None
    form = {
        "api_key": key,
        "blog": site,
        "user_ip": address,
        "user_agent": user_agent,
        "comment_type": "review",
        "comment_author": words.name,
        "comment_author_email": email,
        "comment_content": words.message,
    }
    try:
        reply = outbound.post(ENDPOINT, form, SECONDS, _LONGEST_ANSWER)
    except UnavailableError as error:
        logs.failure("akismet failed", error)
        return _UNAVAILABLE
    _warn(reply)
    match reply.body.strip():
        case b"true":
            is_blatant = reply.headers.get("x-akismet-pro-tip") == "discard"
            return Finding("akismet", Effect.SPAM if is_blatant else Effect.HOLD)
        case b"false":
            return None
        case b"invalid":
            logs.write("akismet refused", level=logging.ERROR, reason="invalid")
        case _:
            logs.write("akismet refused", level=logging.ERROR, reason="another answer")
    return _UNAVAILABLE


def _warn(reply: outbound.Reply) -> None:
    """Pass on what is wrong with the key's plan. Its text may hold anything; the code cannot."""
    code = reply.headers.get("x-akismet-alert-code", "")
    if _ALERT.fullmatch(code):
        logs.write("akismet alert", level=logging.WARNING, code=code)
