"""
The outbox: what took place and somebody is still to be told of.

    actions              part of the transaction of what took place   2 write units
                         an event, and 2 in indexes

An event is written with the change that it tells of, or neither is. It stays in the
index `queue` until everybody was told, in the order of the next attempt.
"""

from datetime import datetime, timedelta
from typing import Final

from chalicelib import settings
from chalicelib.model import Event, EventKind, Review, rfc3339
from chalicelib.store import attributes, keys
from chalicelib.store.client import Action

LEASE: Final = timedelta(minutes=2)
"""How long an attempt may take. The first one belongs to the stream's worker."""

_FOR_EDITORS: Final = (EventKind.REVIEW_RECEIVED, EventKind.REVIEW_REPORTED)
_FOR_READERS: Final = (
    EventKind.REVIEW_RECEIVED,
    EventKind.REVIEW_PUBLISHED,
    EventKind.REVIEW_REPLIED,
)


def of_review(kind: EventKind, review: Review, at: datetime) -> Event:
    """Make an event about a review or a proposal as it is after the change."""
    is_new = kind is EventKind.REVIEW_RECEIVED
    status = review.status if is_new else None
    return Event(keys.new_id(), kind, review.slug, review.id, review.key, at, status)


def actions(*events: Event) -> list[Action]:
    """
    Make the writes that put events into the outbox.

    They have no condition, so that nothing fails because of them.

    Returns:
        Nothing for what nobody here wants to be told of.
    """
    return [_put(event) for event in events if _is_wanted(event.kind)]


def _is_wanted(kind: EventKind) -> bool:
    known = settings.current()
    if known.webhooks:
        return True
    if known.mail_from is None:
        return False
    is_for_editors = bool(known.mail_editors) and kind in _FOR_EDITORS
    return is_for_editors or (known.manage_url is not None and kind in _FOR_READERS)


def _put(event: Event) -> Action:
    row = {
        "id": keys.due(event.at + LEASE, event.id),
        "queue": keys.OUTBOX,
        "kind": str(event.kind),
        "slug": event.slug,
        "review_id": event.review_id,
        "review": event.review and keys.review_sk(event.review),
        "at": rfc3339(event.at),
        "status": event.status and str(event.status),
        "attempts": 0,
    }
    item = keys.event(event.id) | attributes.pack(row)
    return {"Put": {"TableName": settings.current().content_table, "Item": item}}
