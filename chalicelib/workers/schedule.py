"""
The Lambda that keeps time: what is due is done, every minute.

    articles   those that are scheduled go live
    digest     once a day, editors are told how much waits
    outbox     what is still to be told is told
    retention  in the first minute of an hour: spam and rejected reviews are forgotten

Each is safe to do twice and beside itself, and what fails is due again a minute later, of retention
an hour later. Times are exact to the minute because EventBridge calls at its beginning.
"""

import os
from typing import Final

from chalice.app import Blueprint, CloudWatchEvent, Cron

from chalicelib import logs
from chalicelib.model import DecisionAction, EventKind, now
from chalicelib.notices import delivery, digest
from chalicelib.rules import publishing
from chalicelib.store import articles, client, decisions, listings, outbox
from chalicelib.workers import retention

MOST: Final = 50
"""Articles that one run publishes; the next one follows in a minute."""

workers = Blueprint(__name__)
client.prepare(os.environ)


@workers.schedule(Cron("*", "*", "*", "*", "?", "*"), name="every_minute")
def every_minute(event: CloudWatchEvent) -> dict[str, int]:
    """Do what is due. Returns and raises as `run`."""
    del event
    logs.configure()
    return run()


def run() -> dict[str, int]:
    """
    Do what is due.

    Returns:
        How many articles went live, digests were begun, events became what, and reviews were
        forgotten.

    Raises:
        Exception: What failed last, when everything else has had its turn.
    """
    done: dict[str, int] = {}
    failed: Exception | None = None
    for task in (publish_due, digest.put_due, delivery.sweep, forget_hourly):
        try:
            done |= task()
        except Exception as error:  # noqa: BLE001 - the others are due too
            logs.failure("schedule failed", error, task=task.__name__)
            failed = error
    if failed is not None:
        raise failed
    return done


def publish_due() -> dict[str, int]:
    """
    Let scheduled articles go live whose time has come.

    Whoever changes an article meanwhile, an editor or another run, has it: the revision
    decides, so that none goes live twice.

    Returns:
        How many did, as `published`.

    Raises:
        Exception: What failed last; the other articles went live.
    """
    published, failed = 0, None
    for slug in listings.list_due(now(), MOST):
        try:
            published += _publish(slug)
        except Exception as error:  # noqa: BLE001 - the others are due too
            failed = error
    if failed is not None:
        raise failed
    return {"published": published}


def forget_hourly() -> dict[str, int]:
    """
    Forget what has expired, if this is the first minute of an hour.

    Nothing remembers when it was done last: an hour that is missed leaves its work to the next.
    Returns and raises as `retention.forget_expired`.
    """
    at = now()
    return {} if at.minute else retention.forget_expired(at)


def _publish(slug: str) -> bool:
    article, at = articles.find(slug), now()
    if article is None or not publishing.is_due(article.summary, at):
        return False
    told = outbox.actions(outbox.of_article(EventKind.ARTICLE_PUBLISHED, slug, at))
    public = publishing.published(article, at)
    decided = decisions.of_article(DecisionAction.PUBLISH_ARTICLE, article, public)
    if articles.replace(article, public, [*told, *decided]) is not None:
        return False
    logs.write("scheduled article published", slug=slug)
    return True
