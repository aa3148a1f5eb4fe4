"""
The outbox: what took place and somebody is still to be told of, and the log of who was.

    actions              part of the transaction of what took place   2 write units
                         an event, and 2 in indexes
    ask                  the same, and the address                    4
    unask                part of an erasure's transaction
    put_once             PutItem                                      1
    is_there             GetItem                                      1
    due                  Query queue                                  1 round trip
    claim                UpdateItem                                   1
    deliver, postpone, bury
                         UpdateItem                                   1
                         TransactWriteItems, with an address          1
    list_all             Query queue                                  1
    get                  GetItem                                      1
    retry                GetItem, UpdateItem                          2

An event is written with the change that it tells of, or neither is. It stays in the
index `queue` until everybody was told, in the order of the next attempt. Who claims it has
it alone until it is due again: a worker that dies gives it back by doing nothing.

No event holds an address. That of a reader who asked for a link is in a row beside
`contacts`, and goes in the transaction which notes that the letter was sent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from chalicelib import logs, settings
from chalicelib.errors import NotificationNotFoundError, UnavailableError
from chalicelib.model import (
    Event,
    EventKind,
    Page,
    Review,
    ReviewHandle,
    ReviewStatus,
    from_rfc3339,
    rfc3339,
)
from chalicelib.store import attributes, client, contacts, keys, paging
from chalicelib.store.attributes import Item
from chalicelib.store.client import Action, ConditionFailedError
from chalicelib.store.items import MalformedItemError
from chalicelib.store.paging import Partition

LEASE: Final = timedelta(minutes=2)
"""How long who claims an event has it. The first two minutes belong to the stream's worker."""
LOGGED: Final = timedelta(days=30)
"""How long it is known what was delivered."""

_FOR_READERS: Final = (
    EventKind.REVIEW_RECEIVED,
    EventKind.REVIEW_PUBLISHED,
    EventKind.REVIEW_REPLIED,
)


class Delivery(NamedTuple):
    """
    What became of one who was to be told.

    Attributes:
        state: `sent`; `refused`, which no attempt will change; or `failed`.
        error: A stable name, `http_503`; empty when it was sent.
    """

    state: str
    at: datetime
    error: str = ""


@dataclass(frozen=True, slots=True)
class Notification:
    """
    An event with what became of it so far.

    Attributes:
        queue: `outbox`, `dead` or `delivered`.
        due: When it may be claimed next.
        revision: Raised by every write: the lock.
        attempts: How often it was claimed.
        deliveries: By the names of targets.
    """

    event: Event
    queue: str
    due: datetime
    revision: int
    attempts: int = 0
    deliveries: Mapping[str, Delivery] = field(default_factory=dict)


def of_review(kind: EventKind, review: Review, at: datetime) -> Event:
    """Make an event about a review or a proposal as it is after the change."""
    is_new = kind is EventKind.REVIEW_RECEIVED
    status = review.status if is_new else None
    return Event(keys.new_id(), kind, review.slug, review.id, review.key, at, status)


def of_handle(kind: EventKind, slug: str, handle: ReviewHandle, at: datetime) -> Event:
    """Make an event about a review or a proposal of which nothing else is known."""
    return Event(keys.new_id(), kind, slug, handle.id, handle.key, at)


def of_article(kind: EventKind, slug: str, at: datetime) -> Event:
    """Make an event about an article as it is after the change."""
    return Event(keys.new_id(), kind, slug, None, None, at)


def actions(*events: Event) -> list[Action]:
    """
    Make the writes that put events into the outbox.

    They have no condition, so that nothing fails because of them.

    Returns:
        Nothing for what nobody here wants to be told of.
    """
    return [_put(event) for event in events if _is_wanted(event)]


def ask(kind: EventKind, reader: str, email: str, at: datetime) -> list[Action]:
    """
    Make the writes that put a reader's request for a link into the outbox, with their address.

    Args:
        reader: As `Review.reader`.
        email: As it was written.
    """
    event = Event(keys.new_id(), kind, "", None, None, at, reader=reader)
    return [_put(event), contacts.ask(reader, event.id, email, at)]


def unask(reader: str, event_id: str) -> list[Action]:
    """Make the writes that take a reader's request back, told or not; they have no condition."""
    table = settings.current().content_table
    rows = (keys.request(reader, event_id), keys.event(event_id))
    return [{"Delete": {"TableName": table, "Key": key}} for key in rows]


def put_once(event: Event) -> bool:
    """
    Put an event into the outbox, unless one with its id was put there before.

    Returns:
        Whether it was put now.

    Raises:
        UnavailableError: It may be there; a repetition is harmless.
    """
    put = {**_put(event)["Put"], "ConditionExpression": "attribute_not_exists(pk)"}
    try:
        client.write({"Put": put})
    except ConditionFailedError:
        return False
    return True


def is_there(event_id: str) -> bool:
    """
    Tell whether an event was put into the outbox, a moment ago perhaps not yet.

    Raises:
        UnavailableError: The table could not be read.
    """
    table = settings.current().content_table
    return client.get(table, keys.event(event_id), consistent=False) is not None


def due(at: datetime, most: int) -> list[Notification]:
    """
    Read what is due, the longest first.

    Raises:
        UnavailableError: The index could not be read.
    """
    answer = client.call(
        "query",
        TableName=settings.current().content_table,
        IndexName="queue",
        KeyConditionExpression="#queue = :queue AND id <= :until",
        ExpressionAttributeNames={"#queue": "queue"},
        ExpressionAttributeValues=attributes.pack(
            {":queue": keys.OUTBOX, ":until": keys.due(at, keys.ABOVE)}
        ),
        Limit=most,
    )
    return _readable(answer["Items"])


def claim(found: Notification, at: datetime) -> Notification | None:
    """
    Take a notification for `LEASE`, or at least for half of it.

    Returns:
        As it is now; None when another worker has it, or is through with it.

    Raises:
        UnavailableError: It may have been claimed; it will be due again.
    """
    # The index moves only if it must.
    ends = found.due if found.due - at > LEASE / 2 else at + LEASE
    held = replace(found, revision=found.revision + 1, attempts=found.attempts + 1, due=ends)
    return held if _write(found, held) else None


def deliver(
    held: Notification, deliveries: Mapping[str, Delivery], at: datetime
) -> Notification | None:
    """
    Note that everybody was told, and forget it after `LOGGED`.

    Returns:
        None when another worker has it by now.

    Raises:
        UnavailableError: It may have been noted; else it will be due again.
    """
    done = replace(held, queue=keys.DELIVERED, deliveries=deliveries, revision=held.revision + 1)
    return done if _write(held, done, int((at + LOGGED).timestamp())) else None


def postpone(
    held: Notification, deliveries: Mapping[str, Delivery], until: datetime
) -> Notification | None:
    """Note who was told; the others are due another time. Returns and raises as `deliver`."""
    later = replace(held, deliveries=deliveries, revision=held.revision + 1, due=until)
    return later if _write(held, later) else None


def bury(held: Notification, deliveries: Mapping[str, Delivery]) -> Notification | None:
    """Note that there are no more attempts, until an editor asks. As `deliver`."""
    dead = replace(held, queue=keys.DEAD, deliveries=deliveries, revision=held.revision + 1)
    return dead if _write(held, dead) else None


def list_all(queue: str, position: str | None, limit: int) -> Page[Notification]:
    """
    List notifications: what waits by the next attempt, the others newest first.

    Args:
        queue: `outbox`, `dead` or `delivered`.
        position: Sort key to go on from.

    Raises:
        UnavailableError: The index could not be read.
    """
    is_waiting = queue == keys.OUTBOX
    table = settings.current().content_table
    partition = Partition(table, ("queue", queue), "id", "queue", is_ascending=is_waiting)
    rows, following = paging.page(partition, position, limit)
    return Page(tuple(_readable(rows)), following)


def retry(event_id: str, at: datetime) -> Notification:
    """
    Make what waits, or was given up, due at once; what was delivered stays so.

    Raises:
        NotificationNotFoundError: There is none, or its log has been forgotten.
        UnavailableError: It may be due; a repetition is harmless.
    """
    for _ in range(_ATTEMPTS):
        found = _get(event_id)
        if found.queue == keys.DELIVERED:
            return found
        waiting = replace(found, queue=keys.OUTBOX, due=at, attempts=0, revision=found.revision + 1)
        if _write(found, waiting):
            return waiting
    raise UnavailableError


def _get(event_id: str) -> Notification:
    table = settings.current().content_table
    row = client.get(table, keys.event(event_id), consistent=True)
    if row is None:
        raise NotificationNotFoundError
    return read(row)


def read(row: Item) -> Notification:
    """
    Read a row, or its stream image.

    Raises:
        MalformedItemError: It has another form.
    """
    try:
        return _read(row)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        msg = f"outbox: {type(error).__name__}"
        raise MalformedItemError(msg) from None


_ATTEMPTS: Final = 6


def _readable(rows: Sequence[Item]) -> list[Notification]:
    """Read rows; one that somebody spoiled must not hold up the others."""
    found = []
    for row in rows:
        try:
            found.append(read(row))
        except MalformedItemError as error:
            logs.failure("outbox unreadable", error)
    return found


def _read(row: Item) -> Notification:
    plain = attributes.unpack(row)
    review = plain.get("review")
    status = plain.get("status")
    event = Event(
        id=plain["pk"].removeprefix("O#"),
        kind=EventKind(plain["kind"]),
        slug=plain["slug"],
        review_id=plain.get("review_id"),
        review=keys.parse_review_sk(review) if review else None,
        at=from_rfc3339(plain["at"]),
        status=ReviewStatus(status) if status else None,
        reader=plain.get("asked_by", ""),
    )
    return Notification(
        event,
        plain["queue"],
        from_rfc3339(plain["id"].partition("#")[0]),
        plain["revision"],
        plain["attempts"],
        {name: _delivery(one) for name, one in plain["deliveries"].items()},
    )


def _is_wanted(event: Event) -> bool:
    known = settings.current()
    if known.webhooks:
        return True
    if known.mail_from is None:
        return False
    if known.manage_url is not None and event.kind in _FOR_READERS:
        return True
    return bool(known.mail_editors) and _waits(event)


def _waits(event: Event) -> bool:
    """Tell whether editors have something to decide."""
    if event.kind is EventKind.REVIEW_RECEIVED:
        return event.status is ReviewStatus.PENDING
    return event.kind is EventKind.REVIEW_REPORTED


def _put(event: Event) -> Action:
    row: attributes.Plain = {
        "id": keys.due(event.at + LEASE, event.id),
        "queue": keys.OUTBOX,
        "kind": str(event.kind),
        "slug": event.slug,
        "review_id": event.review_id,
        "review": event.review and keys.review_sk(event.review),
        "at": rfc3339(event.at),
        "status": event.status and str(event.status),
        # By another name than a review's, so that no index of readers has it.
        "asked_by": event.reader or None,
        "expires_at": int((event.at + contacts.ASKING).timestamp()) if event.reader else None,
        "revision": 1,
        "attempts": 0,
        "deliveries": {},
    }
    item = keys.event(event.id) | attributes.pack(row)
    return {"Put": {"TableName": settings.current().content_table, "Item": item}}


def _write(seen: Notification, after: Notification, expires_at: int | None = None) -> bool:
    """Write what changed, if nobody wrote meanwhile; tells whether it was."""
    changes: dict[str, Any] = {
        "id": keys.due(after.due, after.event.id),
        "queue": after.queue,
        "revision": after.revision,
        "attempts": after.attempts,
        "deliveries": {name: _packed(one) for name, one in after.deliveries.items()},
    }
    if expires_at is not None:
        changes["expires_at"] = expires_at
    update: dict[str, Any] = {
        "TableName": settings.current().content_table,
        "Key": keys.event(after.event.id),
        "UpdateExpression": "SET " + ", ".join(f"#{name} = :{name}" for name in changes),
        "ConditionExpression": "#revision = :seen",
        "ExpressionAttributeNames": {f"#{name}": name for name in changes},
        "ExpressionAttributeValues": attributes.pack(
            {f":{name}": value for name, value in changes.items()} | {":seen": seen.revision}
        ),
    }
    beside: list[Action] = []
    if after.queue == keys.DELIVERED and seen.event.reader:
        update["UpdateExpression"] += " REMOVE asked_by"
        address = keys.request(seen.event.reader, seen.event.id)
        beside = [{"Delete": {"TableName": update["TableName"], "Key": address}}]
    try:
        client.write({"Update": update}, *beside)
    except ConditionFailedError:
        return False
    return True


def _packed(delivery: Delivery) -> attributes.Plain:
    return {"state": delivery.state, "at": rfc3339(delivery.at), "error": delivery.error or None}


def _delivery(plain: attributes.Plain) -> Delivery:
    return Delivery(plain["state"], from_rfc3339(plain["at"]), plain.get("error", ""))
