"""
How much the intake takes: of a network, a reader, for an article and in all.

Attempts are counted of a network, before anything is asked of anybody else.
Of the other three the submissions are counted that were stored, in the very
transaction that stores them: a repetition is none, and nobody uses up a limit
who does not get past the captcha.

A network is known by a hash of its prefix, under a key of the day.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from chalicelib import logs, settings
from chalicelib.errors import RATE_LIMIT_FIELDS, TooManyRequestsError, UnavailableError
from chalicelib.guard import secrets
from chalicelib.metrics import Measured
from chalicelib.model import Counter
from chalicelib.rules import bursts, networks, windows
from chalicelib.store import client, counters, keys
from chalicelib.store.client import Action, ConditionFailedError

_UNLIMITED: Final = 10**9
_LETTERS: Final = 3
"""That one mailbox can be made to get in a day by who knows its address; no setting changes it."""
_DAY: Final = 86_400
_ATTEMPTS: Final = 6


class Quota(NamedTuple):
    """
    What is left of a limit, for the header fields of an answer.

    Attributes:
        window: Seconds.
        remaining: How many more are taken now.
        reset: Seconds until the oldest of what was counted is forgotten.
    """

    most: int
    window: int
    remaining: int
    reset: int


def of_network(address: str, at: datetime) -> list[Counter]:
    """
    Give the counters of a request's network.

    Args:
        address: What API Gateway says that the request came from.
    """
    secret, prefix = secrets.current().reader_secret, networks.of_subscriber(address)
    today, yesterday = (
        f"network:{keys.network(secret, f'{day:%Y-%m-%d}', prefix)}"
        for day in (at, at - timedelta(days=1))
    )
    midnight = at.replace(hour=0, minute=0, second=0)
    return [
        Counter(
            today,
            limit.most,
            limit.window,
            yesterday if (at - midnight).seconds <= windows.reach(limit.window) else "",
        )
        for limit in settings.current().limits
        if limit.scope == "network"
    ]


def of_submission(reader: str, slug: str) -> list[Counter]:
    """
    Give the counters of a submission that is stored.

    The article's for an hour is always among them, limited or not: bursts are seen by it.
    """
    subjects = {"reader": f"reader:{reader}", "article": f"article:{slug}", "site": "site"}
    counted = [
        Counter(subjects[limit.scope], limit.most, limit.window)
        for limit in settings.current().limits
        if limit.scope in subjects
    ]
    if any(is_of_bursts(counter) for counter in counted):
        return counted
    return [*counted, Counter(subjects["article"], _UNLIMITED, bursts.WINDOW)]


def of_mailbox(email: str) -> Counter:
    """Give the counter of the links that are sent to an address, whoever asks, known or not."""
    name = keys.mailbox(secrets.current().reader_secret, email)
    return Counter(f"mailbox:{name}", _LETTERS, _DAY)


def is_of_bursts(counter: Counter) -> bool:
    """Tell whether it is the counter by which bursts are seen."""
    return (counter.scope, counter.window) == ("article", bursts.WINDOW)


def check(counted: Sequence[Counter], at: datetime, shown: Quota | None = None) -> None:
    """
    See that one more fits everywhere.

    Args:
        shown: What is said of the limits, whichever is reached: that of the network, which
            is the sender's own. Whether a reader wrote elsewhere is nobody's business.

    Raises:
        TooManyRequestsError: A limit is reached.
    """
    seconds = int(at.timestamp())
    wait, scope = max(
        ((windows.wait(counter, seconds), counter.scope) for counter in counted), default=(0, "")
    )
    if wait:
        logs.write("limited", measured=Measured({"Limited": 1}, {}), scope=scope)
        raise TooManyRequestsError(headers={"Retry-After": str(wait), **headers(shown)})


def count(counted: Sequence[Counter], at: datetime) -> list[Counter]:
    """
    Count one more, if it fits everywhere.

    Returns:
        The counters with it.

    Raises:
        TooManyRequestsError: A limit is reached; nothing was counted.
        UnavailableError: It may have been counted.
    """
    if not counted:
        return []
    for _ in range(_ATTEMPTS):
        check(counted, at, quota(counted, at))
        try:
            client.write(*actions(counted, at))
        except ConditionFailedError as failed:
            counted = refreshed(counted, failed)
        else:
            return [windows.add(counter, int(at.timestamp())) for counter in counted]
    raise UnavailableError


def actions(counted: Sequence[Counter], at: datetime, rating: int | None = None) -> list[Action]:
    """Make the writes that count one more everywhere, or fail where it does not fit."""
    seconds = int(at.timestamp())
    made = []
    for counter in counted:
        after = windows.add(counter, seconds, rating if counter.scope == "article" else None)
        room, expires_at = windows.room(counter, seconds), windows.expires_at(after)
        made.append(counters.action(counter, after, room, expires_at))
    return made


def refreshed(counted: Sequence[Counter], failed: ConditionFailedError) -> list[Counter]:
    """Fill those counters anew whose writes failed, with what was there."""
    return [
        counters.filled(counter, failed.found[index]) if index in failed.found else counter
        for index, counter in enumerate(counted)
    ]


def quota(counted: Sequence[Counter], at: datetime) -> Quota | None:
    """Say what is left of the tightest counter; None without any."""
    seconds = int(at.timestamp())
    quotas = [
        Quota(
            counter.most,
            counter.window,
            max(0, counter.most - windows.used(counter, seconds)),
            windows.reset(counter, seconds),
        )
        for counter in counted
    ]
    return min(quotas, key=lambda one: one.remaining, default=None)


def headers(quota: Quota | None) -> dict[str, str]:
    """Write what is left as header fields; none without a limit."""
    if quota is None:
        return {}
    policy = f"{quota.most};w={quota.window}"
    values = (str(quota.most), str(quota.remaining), str(quota.reset), policy)
    return dict(zip(RATE_LIMIT_FIELDS, values, strict=True))
