"""
Takes in what readers ask about what is held of them.

A request makes a letter with a link. Nobody but who reads mail there learns whether the address
is known: each request is answered alike, asks DynamoDB for the same and writes the same, and who
tells looks the address up later. In this order:

    1  the limit of the network            429
    2  the letters of the mailbox          429
    3  the captcha                         422, 503
    4  one transaction: the mailbox's counter, the spent token, the event and its address
"""

from typing import Final

from chalicelib import logs
from chalicelib.errors import UnavailableError
from chalicelib.guard import captcha, limits, secrets
from chalicelib.guard.limits import Quota
from chalicelib.model import ASKED, now
from chalicelib.store import client, keys, outbox, submissions
from chalicelib.store.client import ConditionFailedError

_ATTEMPTS: Final = 6


def ask(email: str, action: str, captcha_token: str, address: str) -> Quota | None:
    """
    Put a request for a link into the outbox.

    Args:
        email: As it was written.
        action: A key of `ASKED`.
        captcha_token: Empty without one.
        address: Where the request came from, as API Gateway says.

    Returns:
        What is left for the network, where it is limited.

    Raises:
        TooManyRequestsError: The limit of the network is reached, or of the mailbox.
        CaptchaFailedError: The captcha was not solved for this request.
        UnavailableError: A letter may go out; the same request again makes another.
    """
    at = now()
    reader = keys.reader(secrets.current().reader_secret, email)
    token = captcha.noted(captcha_token)
    asked = [limits.of_mailbox(email), *limits.of_network(address, at)]
    (mailbox, *networks), is_spent = submissions.read_counted(asked, token)
    quota = limits.quota(limits.count(networks, at), at)
    limits.check([mailbox], at, quota)
    _expect_solved(captcha_token, is_spent=is_spent)
    beside = captcha.spend(token, at) + outbox.ask(ASKED[action], reader, email, at)
    for _ in range(_ATTEMPTS):
        try:
            client.write(*limits.actions([mailbox], at), *beside)
        except ConditionFailedError as failed:
            if 1 in failed.found:
                raise captcha.CaptchaFailedError from None
            (mailbox,) = limits.refreshed([mailbox], failed)
            limits.check([mailbox], at, quota)
        else:
            logs.write("link requested", action=action)
            return quota
    raise UnavailableError


def _expect_solved(captcha_token: str, *, is_spent: bool) -> None:
    if not captcha.is_required():
        return
    if is_spent or not captcha.is_solved(captcha_token, captcha.REQUEST):
        raise captcha.CaptchaFailedError
