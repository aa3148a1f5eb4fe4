"""
Attempts to tell everybody of an event, and keeps what came of it.

Who holds the claim tells, and then writes what came of it. If it dies in between, the
event is due again and whoever was told is told once more, under the same id: at least once,
never less. Who is told follows from the settings and the rows as they are at each attempt.
"""

import logging
import time
from collections.abc import Iterable
from typing import Final

from chalicelib import logs
from chalicelib.metrics import Measured
from chalicelib.model import now
from chalicelib.notices import audience
from chalicelib.notices.audience import Told
from chalicelib.notices.carriers import NotSentError
from chalicelib.rules import backoff
from chalicelib.store import outbox
from chalicelib.store.outbox import Delivery, Notification

MOST: Final = 25
"""Events that one look takes up."""
SECONDS: Final = 40
"""In which a run, and within it an attempt, begins something new: within half of the lease."""
_ENDED: Final = ("sent", "refused")


def sweep() -> dict[str, int]:
    """
    Tell of what is due. Returns as `deliver`.

    Raises:
        UnavailableError: The outbox could not be read.
    """
    return deliver(outbox.due(now(), MOST))


def deliver(found: Iterable[Notification]) -> dict[str, int]:
    """
    Tell of several events, until the time is over.

    Returns:
        How many became what: `delivered`, `postponed`, `dead`, `taken` by another worker, or
        `failed`: those are due again when their lease ends.
    """
    began, down = time.monotonic(), set[str]()
    became: dict[str, int] = {}
    for one in found:
        if time.monotonic() - began > SECONDS:
            break
        try:
            outcome = attempt(one, down)
        except Exception as error:  # noqa: BLE001 - it is due again, and the others are not to wait
            logs.failure("notification failed", error, id=one.event.id)
            outcome = "failed"
        became[outcome] = became.get(outcome, 0) + 1
    return became


def attempt(found: Notification, down: set[str]) -> str:
    """
    Tell those who do not know yet, if nobody else is about it.

    Args:
        down: What did not answer in this run and is left alone; it grows.

    Returns:
        `taken` by another worker, `delivered`, `postponed` or `dead`.

    Raises:
        UnavailableError: It will be due again.
    """
    held = outbox.claim(found, now())
    if held is None:
        return "taken"
    deliveries, is_done = _tell(held, down)
    at, pause = now(), backoff.pause(held.attempts)
    if is_done:
        became, after = "delivered", outbox.deliver(held, deliveries, at)
    elif pause is not None:
        became, after = "postponed", outbox.postpone(held, deliveries, at + pause)
    else:
        became, after = "dead", outbox.bury(held, deliveries)
    if after is None:
        return "taken"
    if became == "dead":
        logs.write(
            "notification dead",
            level=logging.ERROR,
            measured=Measured({"DeadNotifications": 1}, {}),
            id=held.event.id,
            kind=held.event.kind,
            slug=held.event.slug,
        )
    return became


def _tell(held: Notification, down: set[str]) -> tuple[dict[str, Delivery], bool]:
    """Give what became of whom, and whether all are through."""
    before, began = held.deliveries, time.monotonic()
    told = audience.of(held.event)
    after = {target: one for target, one in before.items() if one.state in _ENDED}
    for one in told:
        if one.target not in after:
            is_late = time.monotonic() - began > SECONDS
            reason = "no_time" if is_late else "down" if one.by in down else _try(one)
            after[one.target] = _outcome(held, one, reason, down)
    return after, all(after[one.target].state in _ENDED for one in told)


def _try(one: Told) -> NotSentError | str:
    try:
        one.tell()
    except NotSentError as error:
        return error
    except Exception as error:  # noqa: BLE001 - whatever it is, the others are to be told
        logs.failure("notification failed", error, target=one.target)
        return "internal"
    return ""


def _outcome(held: Notification, one: Told, found: NotSentError | str, down: set[str]) -> Delivery:
    reason = found.reason if isinstance(found, NotSentError) else found
    is_final = isinstance(found, NotSentError) and found.is_final
    if reason == "unreachable":
        down.add(one.by)
    state = "refused" if is_final else "failed" if reason else "sent"
    logs.write(
        "notified",
        level=logging.WARNING if reason else logging.INFO,
        measured=Measured({"FailedNotifications": 1}, {}) if state == "failed" else None,
        id=held.event.id,
        kind=held.event.kind,
        slug=held.event.slug,
        target=one.target,
        state=state,
        error=reason or None,
        attempts=held.attempts,
    )
    return Delivery(state, now(), reason)
