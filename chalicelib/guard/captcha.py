"""
Asks the captcha provider whether a token is good.

The three providers answer the same question in the same form. A provider that
cannot be asked is no reason to let a review in: the reader is told to repeat.

Source:
    developers.google.com/recaptcha/docs/verify, docs.hcaptcha.com,
    developers.cloudflare.com/turnstile/get-started/server-side-validation
"""

import json
import urllib.error
import urllib.parse
import urllib.request
from http.client import HTTPException
from typing import Final

from chalicelib import settings
from chalicelib.errors import UnavailableError
from chalicelib.guard import secrets

ENDPOINTS: Final = {
    "turnstile": "https://challenges.cloudflare.com/turnstile/v0/siteverify",
    "hcaptcha": "https://api.hcaptcha.com/siteverify",
    "recaptcha": "https://www.google.com/recaptcha/api/siteverify",
}
_TIMEOUT: Final = 2.5
"""Seconds. Asked once: most providers burn a token with the first question."""
_LONGEST_ANSWER: Final = 65_536


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Follow nobody: the secret goes to the provider alone."""


def is_required() -> bool:
    """Tell whether submissions need a token."""
    return settings.current().captcha != "off"


def is_solved(token: str) -> bool:
    """
    Tell whether the provider vouches for a token.

    Args:
        token: Up to 2048 characters.

    Raises:
        UnavailableError: The provider is slow, broken or unreachable.
    """
    form = {"secret": secrets.current().captcha_secret, "response": token}
    request = urllib.request.Request(  # noqa: S310 - the scheme is ours
        ENDPOINTS[settings.current().captcha], data=urllib.parse.urlencode(form).encode()
    )
    opener = urllib.request.build_opener(_NoRedirects)
    try:
        with opener.open(request, timeout=_TIMEOUT) as response:
            answer = json.loads(response.read(_LONGEST_ANSWER))
    except (OSError, HTTPException, ValueError, RecursionError) as error:
        raise UnavailableError from error
    if not isinstance(answer, dict):
        raise UnavailableError
    return answer.get("success") is True
